import type { Hono } from 'hono'
import type { Called } from '../caller.ts'
import { discovered } from '../service.ts'
import type { GcpContext } from '../state.ts'
import { check } from './check.ts'
import { report } from './report.ts'

/**
 * Google's Service Control v1 as far as the marketplace's metering goes (Google: "Configure usage reporting to
 * Google"): check and report.
 */
export function serviceControl(gcp: GcpContext): Hono<Called> {
  return discovered(gcp, 'serviceControl', 'servicecontrol.v1', {
    'services.check': (call) => check(gcp, call),
    'services.report': (call) => report(gcp, call),
  })
}
