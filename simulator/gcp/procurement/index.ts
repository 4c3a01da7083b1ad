import type { Hono } from 'hono'
import type { Called } from '../caller.ts'
import { discovered } from '../service.ts'
import type { GcpContext } from '../state.ts'
import { accountHandlers } from './accounts.ts'
import { entitlementHandlers } from './entitlements.ts'

/** Partner Procurement API v1, `/v1/providers/…`. */
export function procurement(context: GcpContext): Hono<Called> {
  return discovered(context, 'procurement', 'cloudcommerceprocurement.v1', {
    ...accountHandlers(context),
    ...entitlementHandlers(context),
  })
}
