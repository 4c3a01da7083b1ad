import type { Deps } from '../deps.ts'
import type { Handlers } from '../platform/jobs.ts'
import type { SyncDefinition } from '../sync.ts'
import { keepUp } from './keep-up.ts'
import { push } from './push.ts'
import { pushJob } from './service.ts'

export const handlers: Handlers<Deps> = { [pushJob]: push }
export const syncs: readonly SyncDefinition[] = [keepUp]
