import { addDays, type Day } from '../../../../src/kernel/time.ts'
import type { OffersWorld, Sent } from '../../offer-world.ts'
import { badOn, cautiousOn } from './broken-orders.ts'
import { ACME, ok, pdf, type SimulatedGcp, startGcp } from './cloud.ts'
import { drawnOn } from './drawn-orders.ts'
import { goodOn, refusedAtOnceOn } from './orders.ts'
import { INITECH } from './purchases.ts'

const throttledShare = 0.5
const by = 'api'

/** Offers by the Commerce Producer API. Orders are written for the day it is. */
export async function gcpOffers(): Promise<OffersWorld> {
  const cloud = await startGcp()
  await cloud.portal({ multipleOrders: true })
  const today = () => cloud.now().slice(0, 10) as Day
  const world = cloud.world('offers')
  return {
    ...world,
    keyless: true,
    get good() {
      return goodOn(today(), by)
    },
    get bad() {
      return badOn(today(), by)
    },
    get cautious() {
      return cautiousOn(today(), by)
    },
    get refusedAtOnce() {
      return refusedAtOnceOn(today())
    },
    get drawn() {
      return drawnOn(today(), by)
    },
    send: (requests) => send(cloud, requests),
    operations: () => operations(cloud),
    offers: async () => (await offersOf(cloud)).length,
    async compared(requests, operation) {
      const [, create, document] = requests as readonly Call[]
      const offer = await offerOf(cloud, operation)
      const { privateOfferDocuments } = await ok(
        cloud.call('GET', `/v1beta/${offer.name}/documents`),
      )
      const papers = privateOfferDocuments.map(
        ({ documentType, mimeType, inlineContent }: Record<string, string>) =>
          plain({ documentType, mimeType, inlineContent }),
      )
      return [
        [plain(create?.body), plain(attached(document?.body))],
        [plain(offer.document.fields), ...papers],
      ]
    },
    settle: () => cloud.advance('PT10S'),
    async accept(offer) {
      await cloud.buyer('accept', { offer, billingAccount: INITECH })
    },
    async cancel(operation) {
      const { name } = await offerOf(cloud, operation)
      await ok(cloud.call('POST', `/v1beta/${name}:cancel`, {}))
    },
    seenByBuyer: (offerRef) => seenByBuyer(cloud, offerRef),
    async ration() {
      await cloud.post('/faults', {
        cloud: 'gcp',
        match: 'producer:',
        kinds: ['throttle'],
        rate: throttledShare,
      })
    },
    relax: world.heal,
  }
}

/** A call as the adapter shows it. */
type Call = {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: any
}

/** Just these calls past the adapter, in their turn, each with the name of the draft that the first of them made. */
async function send(cloud: SimulatedGcp, requests: readonly unknown[]): Promise<Sent> {
  let draft = ''
  for (const { method, path, query = {}, body } of requests as readonly Call[]) {
    const asked = new URLSearchParams(
      Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]],
      ),
    )
    const at = path.replace(/projects\/[^:]*\{privateOffer\}/, draft)
    const answer = await cloud.call(method, `${at}?${asked}`, attached(body))
    if (answer.status >= 300) return { is: 'refused', why: [JSON.stringify(answer.body)] }
    if (draft === '' && answer.body.state === 'DRAFT') draft = answer.body.name
  }
  return { is: 'taken' }
}

/** A document is shown by its address and sent whole. */
const attached = (body: any): any =>
  body?.inlineContent ? { ...body, inlineContent: Buffer.from(pdf).toString('base64') } : body

/** Offers that were published, and changes of such. */
async function operations(cloud: SimulatedGcp): Promise<number> {
  const submitted = (await offersOf(cloud)).filter(({ document }) => document.submittedAt !== null)
  const calls: Record<string, number> = await cloud.ledger('calls')
  const changes = ['cancel', 'patch'].map((verb) => calls[`producer:privateOffers.${verb}`] ?? 0)
  return changes.reduce((sum, count) => sum + count, submitted.length)
}

export async function offersOf(cloud: SimulatedGcp): Promise<readonly any[]> {
  const { offers } = await cloud.ledger('offers')
  return offers.filter(({ provider }: any) => provider === ACME.id)
}

async function offerOf(cloud: SimulatedGcp, id: string): Promise<any> {
  const found = (await offersOf(cloud)).find((one) => one.id === id)
  if (!found) throw new Error(`there is no offer ${id}`)
  return found
}

/** Until when the buyer can accept: the day that the deadline's midnight ends. */
export async function seenByBuyer(
  cloud: SimulatedGcp,
  offerRef: string,
): Promise<{ readonly until: Day } | null> {
  const { offers } = await cloud.get(`/gcp/buyer/offers?billingAccount=${INITECH}`)
  const seen = offers.find(({ id }: any) => id === offerRef)
  if (seen?.state !== 'PUBLISHED') return null
  const { year, month, day } = seen.document.fields.acceptDeadlineTime
  const two = (value: number) => String(value).padStart(2, '0')
  return { until: addDays(`${year}-${two(month)}-${two(day)}` as Day, -1) }
}

/** JSON of a message, without what is absent by being nothing. */
export const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, inner) =>
      inner === 0 || inner === '' || inner === false ? undefined : inner,
    ),
  )
