import type { Deps } from '../deps.ts'
import { dayMs, later } from '../kernel/time.ts'
import type { Handlers } from '../platform/jobs.ts'
import { reseal } from './service.ts'
import { runSync } from './syncs.ts'

export const handlers: Handlers<Deps> = {
  'syncs.run': runSync,
  'connections.reseal': async (deps) => {
    await reseal(deps)
    return { again: later(deps.now(), dayMs) }
  },
}
