import type { NoticeAbout } from '../../../../src/notices/model.ts'
import type { IncomingNotice } from '../../../../src/notices/port.ts'
import type { NoticesWorld, Told } from '../../notices.ts'
import { openMailbox } from '../mailbox.ts'
import { ACME, ok, type SimulatedGcp, startGcp, UMBRELLA } from './cloud.ts'
import { bought, GLOBEX, HOOLI, held, seller } from './purchases.ts'

const audience = 'https://tradepost.acme.example/notices'
const push = { kind: 'push', audience, serviceAccountEmail: ACME.pushIdentity }
const pulled = `projects/${ACME.id}/subscriptions/pulled`

/** Messages pushed with a token of the subscription's service account, or fetched from another subscription. */
export async function gcpNotices(): Promise<NoticesWorld> {
  const cloud = await startGcp()
  const mailbox = await openMailbox()
  const world = cloud.world('notices', { notices: push })
  await cloud.portal({ multipleOrders: true })
  const deliver = (as: object = {}) =>
    cloud.post('/gcp/control/push', {
      subscription: ACME.subscription,
      endpoint: mailbox.url,
      audience,
      serviceAccountEmail: ACME.pushIdentity,
      ...as,
    })
  await deliver()
  /** What came after something was done, all of it. */
  const after = async (act: () => Promise<unknown>): Promise<readonly IncomingNotice[]> => {
    mailbox.empty()
    await act()
    await cloud.advance('PT1M')
    return mailbox.empty()
  }
  const delivered = async (as: object): Promise<IncomingNotice> => {
    await deliver(as)
    const [notice] = await after(() => bought(cloud))
    await deliver()
    if (!notice) throw new Error('nothing was delivered')
    return notice
  }
  return {
    ...world,
    secret: '',
    knowsBy: 'keys',
    forgeries: {
      'a token of another service account’s': async ({ body }) => {
        const serviceAccountEmail = UMBRELLA.pushIdentity
        return { body, headers: (await delivered({ serviceAccountEmail })).headers }
      },
      'a token for another address': async ({ body }) => ({
        body,
        headers: (await delivered({ audience: 'https://elsewhere.example' })).headers,
      }),
      'a token that lives on': async (notice) =>
        retold(notice, (claims) => ({ ...claims, exp: claims.exp + 86_400 })),
      'a token that is not signed': async (notice) => retold(notice, (claims) => claims, true),
    },
    happens: happensAt(cloud, after),
    renamed: ({ headers, body }, eventType) => {
      const { message, ...rest } = JSON.parse(body)
      const data = encoded({ ...decoded(body), eventType })
      return { headers, body: JSON.stringify({ ...rest, message: { ...message, data } }) }
    },
    async deliverUnruly() {
      await cloud.set({ notices: { duplicateRate: 1, disorderRate: 0.5 } })
      const incoming = await after(async () => {
        const entitlement = await bought(cloud)
        await cloud.buyer('cancel', { entitlement })
      })
      await cloud.set({ notices: { duplicateRate: 0, disorderRate: 0 } })
      return incoming
    },
    // Each copy of a message may be a message of its own.
    says: ({ body }) => JSON.stringify(decoded(body)),
    fetched: {
      port: cloud.world('notices', { notices: { kind: 'pull', subscription: pulled } }).port,
      async happen() {
        await ok(cloud.call('PUT', `/v1/${pulled}`, { topic: ACME.topic }))
        const id = await bought(cloud)
        await seller.approve(cloud, id)
        await cloud.buyer('cancel', { entitlement: id, when: 'now' })
        return [about(id)]
      },
      comesAgainAfter: 'PT11S',
    },
    async close() {
      mailbox.close()
      await world.close()
    },
  }
}

type After = (act: () => Promise<unknown>) => Promise<readonly IncomingNotice[]>

function happensAt(cloud: SimulatedGcp, after: After): NoticesWorld['happens'] {
  const ordered = async (plan = 'payg', buyer?: string) => {
    let id = ''
    await after(async () => {
      id = await bought(cloud, plan, buyer)
    })
    return id
  }
  const active = async (plan?: string) => {
    const id = await ordered(plan)
    await after(() => seller.approve(cloud, id))
    return id
  }
  /** So many messages about one order, after something was done to it. */
  const told = async (id: string, count: number, act: () => Promise<unknown>): Promise<Told> => ({
    incoming: await after(act),
    about: Array.from({ length: count }, () => about(id)),
  })
  return {
    async 'a first purchase'() {
      let id = ''
      const incoming = await after(async () => {
        id = await bought(cloud, 'payg', GLOBEX)
      })
      const buyerRef = (await held(cloud, id)).account
      const account = { is: 'account', buyerRef, isGone: false } as const
      return { incoming, about: [account, account, about(id)] }
    },
    async 'an order begins'() {
      const id = await ordered()
      return told(id, 1, () => seller.approve(cloud, id))
    },
    async 'a buyer wants another plan'() {
      const entitlement = await active()
      return told(entitlement, 1, () =>
        cloud.buyer('change-plan', { entitlement, plan: 'pro-P1Y' }),
      )
    },
    async 'a buyer takes that back'() {
      const entitlement = await active()
      await after(() => cloud.buyer('change-plan', { entitlement, plan: 'pro-P1Y' }))
      return told(entitlement, 1, () => cloud.buyer('withdraw-change', { entitlement }))
    },
    async 'a buyer cancels'() {
      const entitlement = await active()
      return told(entitlement, 2, () => cloud.buyer('cancel', { entitlement, when: 'now' }))
    },
    async 'a buyer will not renew, and then will'() {
      const entitlement = await active('pro-P1Y')
      return told(entitlement, 2, async () => {
        await cloud.buyer('cancel', { entitlement })
        await cloud.buyer('revert', { entitlement })
      })
    },
    async 'an account is deleted, with what it had'() {
      const id = await ordered('payg', HOOLI)
      const buyerRef = (await held(cloud, id)).account
      await cloud.set({ procurement: { purgeDays: 0 } })
      const incoming = await after(() => cloud.buyer('close', { billingAccount: HOOLI }))
      await cloud.set({ procurement: { purgeDays: 60 } })
      return {
        incoming: incoming.filter(({ body }) => 'account' in decoded(body)),
        about: [{ is: 'account', buyerRef, isGone: true }],
      }
    },
  }
}

const about = (agreementRef: string): NoticeAbout => ({
  is: 'agreement',
  agreementRef,
  licenseRef: null,
  listingRef: null,
})

const decoded = (body: string): Record<string, any> =>
  JSON.parse(Buffer.from(JSON.parse(body).message.data, 'base64').toString('utf8'))
const encoded = (event: unknown): string => Buffer.from(JSON.stringify(event)).toString('base64')

/** The same call with another token: its claims changed and its signature kept, or none at all. */
function retold(
  { headers, body }: IncomingNotice,
  change: (claims: Record<string, any>) => object,
  isUnsigned = false,
): IncomingNotice {
  const [, token = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? []
  const [head = '', claims = '', signature = ''] = token.split('.')
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const read = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  const first = isUnsigned ? part({ ...read(head), alg: 'none' }) : head
  const parts = [first, part(change(read(claims))), isUnsigned ? '' : signature]
  return { headers: { ...headers, authorization: `Bearer ${parts.join('.')}` }, body }
}
