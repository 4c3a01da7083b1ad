import { access, constants } from 'node:fs/promises'
import { z } from 'zod'
import type { AccountPort, Check } from '../../src/connections/port.ts'
import { asProblem, Problem } from '../../src/kernel/problem.ts'
import { instant } from '../../src/kernel/time.ts'
import { servicesAfter } from './catalogue.ts'
import type { GcpClient } from './client.ts'
import { type Entitlement, entitlementsPage, providerOf, serviceOf } from './entitlement.ts'
import { planRefOf, productOf } from './metrics.ts'
import { pathOf } from './pull.ts'
import { pushKeys } from './push-token.ts'
import { shaped } from './reply.ts'
import { signUpKeys } from './sign-up-token.ts'

/** So many pages of orders are looked through for products that the settings do not know. */
const pagesMax = 5
const namedMax = 10
/** A consumer nobody is: that we are told so shows that we may ask. */
const nobody = 'project:tradepost-account-check'

/** One harmless call to each API that the ports use, and whether the settings know what was ordered. */
export const account = (gcp: GcpClient): AccountPort => ({
  async check() {
    const groups = await Promise.all([
      procurement(gcp),
      serviceControl(gcp),
      producer(gcp),
      pubsub(gcp),
      reports(gcp),
      certificates(gcp),
    ])
    return groups.flat()
  },
})

/** What each call needs, as Producer Portal and Google Cloud's console name it. */
const permissions = {
  orders: 'Producer Portal, Billing integration: service account linked for the Procurement API',
  products: 'Settings: every product and plan that was ordered',
  check: 'roles/servicemanagement.serviceController on the service, and the account linked',
  producer: 'roles/commerceproducer.admin, and the Commerce Producer API enabled',
  pubsub: 'roles/pubsub.editor, and the account linked in Producer Portal for Pub/Sub',
  bucket: 'roles/storage.objectViewer on the report bucket',
  folder: 'The report folder can be read by this server',
  signUp: 'Google’s sign-up certificates can be reached',
  push: 'Google’s identity keys can be reached',
} as const

type Permission = (typeof permissions)[keyof typeof permissions]

async function attempt(
  call: string,
  permission: Permission,
  act: () => Promise<unknown>,
): Promise<Check> {
  try {
    await act()
    return { call, permission, outcome: 'ok' }
  } catch (error) {
    const { code, message } = asProblem(error)
    return {
      call,
      permission,
      outcome: code === 'forbidden' ? 'missing' : 'failed',
      detail: message,
    }
  }
}

const skipped = (call: string, permission: Permission, detail: string): Check => ({
  call,
  permission,
  outcome: 'skipped',
  detail,
})

async function procurement(gcp: GcpClient): Promise<readonly Check[]> {
  const orders: Entitlement[] = []
  const listed = await attempt('accounts.list, entitlements.list', permissions.orders, async () => {
    await gcp.ask('accounts.list', () =>
      gcp.procurement.providers.accounts.list({ parent: providerOf(gcp), pageSize: 1 }),
    )
    let pageToken: string | null = null
    for (let page = 0; page < pagesMax; page += 1) {
      const read: Awaited<ReturnType<typeof entitlementsPage>> = await entitlementsPage(
        gcp,
        pageToken === null ? {} : { pageToken },
      )
      orders.push(...read.rows)
      if (read.next === null) break
      pageToken = read.next
    }
  })
  const compared =
    listed.outcome === 'ok'
      ? await attempt('settings.products', permissions.products, () => compareProducts(gcp, orders))
      : skipped('settings.products', permissions.products, 'orders cannot be listed')
  return [listed, compared]
}

/**
 * Throws `invalid` naming what was ordered and the settings do not know. Where the catalogue comes from the API that
 * matters only for products whose usage is billed, as no API tells their metrics.
 */
async function compareProducts({ settings }: GcpClient, orders: readonly Entitlement[]) {
  const isApi = settings.offers === 'api'
  const unknown = orders.flatMap((read) => {
    const service = serviceOf(read)
    if (service === null) return []
    const product = productOf(settings, service)
    if (isApi) return product || !read.usageReportingId ? [] : [service]
    const plan = read.plan ? planRefOf(settings, service, read.plan) : null
    if (product && (plan === null || product.plans.some(({ id }) => id === plan))) return []
    return [plan === null ? service : `${service}: ${plan}`]
  })
  const names = [...new Set(unknown)].toSorted()
  if (names.length === 0) return
  const shown = names.slice(0, namedMax).join('; ')
  const more = names.length > namedMax ? ` (and ${names.length - namedMax} more)` : ''
  throw new Problem('invalid', `was ordered and is missing from products: ${shown}${more}`)
}

const checked = z.looseObject({
  checkErrors: z.array(z.looseObject({ code: z.string().nullish() })).nullish(),
})

/** The answer is that there is no such consumer; a refusal would be one of the call. */
async function serviceControl(gcp: GcpClient): Promise<readonly Check[]> {
  const call = ['services.check', permissions.check] as const
  const { products } = gcp.settings
  if (products.length === 0)
    return [skipped(...call, 'the settings name no product, so that no usage can be reported')]
  return Promise.all(
    products.map(({ service }) =>
      attempt(`services.check ${service}`, permissions.check, async () => {
        const at = instant(gcp.nowMs())
        const operation = {
          operationId: crypto.randomUUID(),
          operationName: 'account check',
          consumerId: nobody,
          startTime: at,
        }
        const json = await gcp
          .ask('services.check', () =>
            gcp.serviceControl.services.check({
              serviceName: service,
              requestBody: { operation },
            }),
          )
          .catch(consumerRefused)
        shaped(checked, json, 'services.check')
      }),
    ),
  )
}

/** A made-up consumer may also be refused as an argument, by who may ask. */
function consumerRefused(error: unknown): object {
  if (error instanceof Problem && error.code === 'rejected') return {}
  throw error
}

async function producer(gcp: GcpClient): Promise<readonly Check[]> {
  const call = ['services.list', permissions.producer] as const
  if (gcp.settings.offers === 'handoff')
    return [skipped(...call, 'offers are typed in by a person (offers: handoff)')]
  return [await attempt(...call, () => servicesAfter(gcp, null))]
}

async function pubsub(gcp: GcpClient): Promise<readonly Check[]> {
  const { notices } = gcp.settings
  const call = ['subscriptions.get', permissions.pubsub] as const
  if (notices.kind === 'push')
    return [await attempt('oauth2/v3/certs', permissions.push, () => pushKeys(gcp).look())]
  if (notices.kind === 'none')
    return [skipped(...call, 'no notices are set up: orders are noticed when they are polled')]
  const path = pathOf(notices.subscription)
  return [
    await attempt(...call, () =>
      gcp.call({ api: 'pubsub', method: 'GET', path, operation: 'subscriptions.get' }),
    ),
  ]
}

async function reports(gcp: GcpClient): Promise<readonly Check[]> {
  const { reports: where } = gcp.settings
  const call = ['objects.list', permissions.bucket] as const
  if (where.kind === 'none') return [skipped(...call, 'no report files are set up')]
  if (where.kind === 'folder')
    return [await attempt('report folder', permissions.folder, () => readable(where.path))]
  const { bucket, prefix = '' } = where
  return [
    await attempt(...call, () =>
      gcp.ask('objects.list', () => gcp.storage.objects.list({ bucket, prefix, maxResults: 1 })),
    ),
  ]
}

const readable = (path: string): Promise<void> =>
  access(path, constants.R_OK).catch((cause: unknown) => {
    throw new Problem('invalid', `the folder ${path} cannot be read here`, {}, { cause })
  })

const certificates = async (gcp: GcpClient): Promise<readonly Check[]> => [
  await attempt('sign-up certificates', permissions.signUp, () => signUpKeys(gcp).look()),
]
