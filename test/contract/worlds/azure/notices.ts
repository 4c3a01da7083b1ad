import { ACMESOFT, UMBRELLA } from '../../../../simulator/azure/seed.ts'
import type { Asked } from '../../../../src/notices/model.ts'
import type { IncomingNotice } from '../../../../src/notices/port.ts'
import type { NoticesWorld, Told } from '../../notices.ts'
import { openMailbox } from '../mailbox.ts'
import { startAzure } from './cloud.ts'
import { activate, bought, ok, seats } from './purchases.ts'

const control = '/azure/control'

/** "Implementing a webhook on the SaaS service": operations posted with a token of Entra's. */
export async function azureNotices(): Promise<NoticesWorld> {
  const cloud = await startAzure()
  const mailbox = await openMailbox()
  for (const offerId of [ACMESOFT.offerId, UMBRELLA.offerId])
    await cloud.post(`${control}/offers/${offerId}`, { connectionWebhook: mailbox.url })
  const world = cloud.world('notices')
  const after = async (act: () => Promise<unknown>) => {
    mailbox.empty()
    const acted: any = await act()
    await cloud.advance('PT1M')
    return { acted, incoming: mailbox.empty() }
  }
  const subscribed = async (asked: object = {}) => {
    const id = await bought(cloud, asked)
    await activate(cloud, [id])
    return id
  }
  /** What a buyer does to a new subscription by a button of the portal, and what it is told as. */
  const buyer = async (
    act: string,
    asked: object = {},
    sold: object = {},
    change?: Asked['change'],
  ): Promise<Told> => {
    const id = await subscribed(sold)
    const { incoming, acted } = await after(() =>
      cloud.post(`/azure/buyer/${act}`, { subscriptionId: id, ...asked }),
    )
    return {
      incoming,
      about: [about(id)],
      ...(change ? { asks: [{ agreementRef: id, operationRef: acted.id, change }] } : {}),
    }
  }
  return {
    ...world,
    secret: '',
    knowsBy: 'keys',
    forgeries: {
      'no token of the marketplace’s, but one of ours': async (incoming) => ({
        ...incoming,
        headers: { ...incoming.headers, authorization: `Bearer ${await cloud.token()}` },
      }),
      'a token for another publisher': async (incoming) => {
        const id = await bought(cloud, { offerId: UMBRELLA.offerId })
        const { incoming: theirs } = await after(() =>
          cloud.post('/azure/buyer/cancel', { subscriptionId: id }),
        )
        return { ...incoming, headers: theirs[0]?.headers ?? {} }
      },
      'a token whose claims were changed': async (incoming) =>
        retold(incoming, (claims) => ({ ...claims, exp: claims.exp + 86_400 })),
      'a token that is not signed': async (incoming) =>
        retold(incoming, (claims) => claims, { alg: 'none' }),
    },
    happens: {
      async 'a term begins anew'() {
        const id = await subscribed({ termUnit: 'P1M' })
        await cloud.advance('P30DT14H28M')
        const { incoming } = await after(() => cloud.advance('PT1M'))
        return { incoming, about: [about(id)] }
      },
      'a buyer wants another plan': () =>
        buyer('change-plan', { planId: 'enterprise' }, {}, { is: 'plan', planRef: 'enterprise' }),
      'a buyer wants more seats': () =>
        buyer('change-seats', { quantity: 9 }, seats(3), { is: 'quantity', quantity: '9' }),
      async 'we asked for another plan ourselves'() {
        const id = await subscribed()
        const { incoming } = await after(() =>
          ok(cloud.fulfil('PATCH', id, { planId: 'enterprise' })),
        )
        return { incoming, about: [about(id)] }
      },
      'a buyer does not pay': () => buyer('pay-fails'),
      async 'a buyer pays after all'() {
        const id = await subscribed()
        await after(() => cloud.post('/azure/buyer/pay-fails', { subscriptionId: id }))
        const { incoming } = await after(() =>
          cloud.post('/azure/buyer/pay', { subscriptionId: id }),
        )
        return { incoming, about: [about(id)] }
      },
      'a buyer cancels': () => buyer('cancel'),
      async 'a buyer cancels, told by a token of the older version'() {
        await cloud.set({ webhooks: { claims: 'v1' } })
        return buyer('cancel')
      },
      async 'a buyer bought'() {
        await cloud.set({ webhooks: { claims: 'v2', subscribeEvents: true } })
        const { incoming, acted } = await after(() => bought(cloud))
        return { incoming, about: [about(acted)] }
      },
    },
    renamed: ({ headers, body }, kind) => ({
      headers,
      body: JSON.stringify({ ...JSON.parse(body), action: kind }),
    }),
    async deliverUnruly() {
      const id = await subscribed(seats(3))
      await cloud.set({ webhooks: { duplicateRate: 1, disorderRate: 0.5 } })
      mailbox.empty()
      await cloud.post('/azure/buyer/change-seats', { subscriptionId: id, quantity: 5 })
      await cloud.advance('PT3M')
      return mailbox.empty()
    },
    async close() {
      mailbox.close()
      await world.close()
    },
  }
}

const about = (id: string) =>
  ({
    is: 'agreement',
    agreementRef: id,
    licenseRef: id,
    listingRef: ACMESOFT.offerId,
  }) as const

/** The same call with another token: its claims, or its header, changed, and its signature kept. */
function retold(
  { headers, body }: IncomingNotice,
  change: (claims: Record<string, any>) => object,
  header: object = {},
): IncomingNotice {
  const [first = '', second = '', signature = ''] = (headers.authorization ?? '').split('.')
  const changed = (part: string, how: (value: any) => object) =>
    Buffer.from(
      JSON.stringify(how(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))),
    ).toString('base64url')
  const head = changed(first.replace(/^Bearer /, ''), (value) => ({ ...value, ...header }))
  const authorization = `Bearer ${head}.${changed(second, change)}.${signature}`
  return { headers: { ...headers, authorization }, body }
}
