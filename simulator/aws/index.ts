import { type Context, Hono } from 'hono'
import type { Cloud, World } from '../world.ts'
import { agreement } from './agreement.ts'
import { deprovision, provision } from './agreements/end.ts'
import { endByTime } from './agreements/renew.ts'
import { charge, disburse, invoiceUsage, pay } from './billing.ts'
import { buyerRoutes } from './buyer.ts'
import { finishApplying, startApplying } from './catalog/apply.ts'
import { catalog } from './catalog.ts'
import { type Aws, createContext } from './context.ts'
import { controlRoutes } from './control.ts'
import { entitlement } from './entitlement.ts'
import { deliver } from './events.ts'
import { publish } from './events-agreement.ts'
import { AwsFailure } from './failure.ts'
import { writeDaily } from './feeds.ts'
import { metering } from './metering.ts'
import { pick } from './pick.ts'
import { s3, s3Fault } from './s3.ts'
import { seed } from './seed.ts'
import { refuse, type Service, serve, signedRequest } from './service.ts'
import { sts, stsFault } from './sts.ts'

const JSON_SERVICES = [agreement, metering, entitlement]
const TIMERS_MAX = 100_000
const S3_PATH = /^\/aws\/s3(?=\/)/

const HANDLERS: Record<string, (aws: Aws, data: any, at: number) => void | Promise<void>> = {
  'changeSet.apply': startApplying,
  'changeSet.finish': finishApplying,
  'agreement.end': endByTime,
  'license.provision': provision,
  'license.deprovision': deprovision,
  'event.publish': publish,
  'event.deliver': deliver,
  'billing.charge': charge,
  'billing.usage': invoiceUsage,
  'billing.pay': pay,
  'billing.disburse': disburse,
  'feeds.write': writeDaily,
}

/** The simulated AWS, mounted at `/aws`: one endpoint for all its services, the buyer's side and control. */
export function awsCloud(world: World, options: { readonly feedsDir?: string } = {}): Cloud {
  const aws = createContext(world, options.feedsDir)
  seed(aws)
  const routes = new Hono()
  routes.route('/buyer', buyerRoutes(aws))
  routes.route('/control', controlRoutes(aws))
  routes.all('*', async (c) => {
    const request = await signedRequest(c)
    const asked = await route(c)
    if (asked.is === 'json') return serve(aws, asked.service, asked.operation, request)
    if (asked.is === 'sts') return sts(aws, request)
    if (asked.is === 's3') return s3(aws, request, request.target.replace(S3_PATH, ''))
    return refuse(catalog, aws.ids.uuid(), new AwsFailure('UnknownOperationException', ''))
  })
  return {
    name: 'aws',
    routes,
    faults: {
      operation: async (c) => operationOf(await route(c)),
      throttle: (c) => fault(aws, c, 'throttle'),
      error: (c) => fault(aws, c, 'error'),
    },
    tick: async () => {
      for (let count = 0; count < TIMERS_MAX; count += 1) {
        const timer = aws.timers.take(world.clock.now())
        if (!timer) return
        // One thing that breaks must not keep all others from happening.
        try {
          await HANDLERS[timer.kind]?.(aws, timer.data, timer.due)
        } catch (error) {
          console.error(`simulated AWS, ${timer.kind}:`, error)
        }
      }
    },
    nextDue: () => aws.timers.next(),
  }
}

type Asked =
  | { readonly is: 'json'; readonly service: Service; readonly operation: string }
  | { readonly is: 'sts'; readonly action: string }
  | { readonly is: 's3'; readonly method: string }
  | { readonly is: 'ours' | 'unknown' }

/** Which service a request is for: by `x-amz-target`, by path, or by the form's `Action`. */
async function route(c: Context): Promise<Asked> {
  const path = c.req.path
  if (/^\/aws\/(buyer|control)(\/|$)/.test(path)) return { is: 'ours' }
  if (S3_PATH.test(path)) return { is: 's3', method: c.req.method }
  const target = c.req.header('x-amz-target')
  if (target !== undefined) {
    const [prefix, operation = ''] = target.split('.')
    const service = JSON_SERVICES.find((one) => one.targetPrefix === prefix)
    return service ? { is: 'json', service, operation } : { is: 'unknown' }
  }
  const [, operation] = /^\/aws\/([A-Za-z]+)$/.exec(path) ?? []
  const http = operation === undefined ? undefined : pick(catalog.model.operations, operation)?.http
  if (operation && http?.method === c.req.method) return { is: 'json', service: catalog, operation }
  const isForm = c.req.header('content-type')?.startsWith('application/x-www-form-urlencoded')
  if (!isForm) return { is: 'unknown' }
  return { is: 'sts', action: new URLSearchParams(await c.req.text()).get('Action') ?? '' }
}

function operationOf(asked: Asked): string | null {
  switch (asked.is) {
    case 'json':
      return asked.operation
    case 'sts':
      return asked.action
    case 's3':
      return asked.method === 'GET' ? 'GetObject' : asked.method
    default:
      return null
  }
}

async function fault(aws: Aws, c: Context, is: 'throttle' | 'error'): Promise<Response> {
  const asked = await route(c)
  const id = aws.ids.uuid()
  const slow = is === 'throttle'
  const message = slow ? 'Rate exceeded' : 'An internal error has occurred'
  if (asked.is === 'sts') {
    return stsFault(id, slow ? 'Throttling' : 'InternalFailure', slow ? 400 : 500, message)
  }
  if (asked.is === 's3') {
    return s3Fault(id, slow ? 'SlowDown' : 'InternalError', slow ? 503 : 500, message)
  }
  const service = asked.is === 'json' ? asked.service : catalog
  return refuse(service, id, new AwsFailure(slow ? service.throttle : service.internal, message))
}
