import type { Deps } from '../deps.ts'
import type { Handlers } from '../platform/jobs.ts'
import { handle } from './service.ts'

export const handlers: Handlers<Deps> = { 'notices.handle': handle }
