import type { Day } from '../../../../src/kernel/time.ts'
import { addDays } from '../../../../src/kernel/time.ts'
import type { Sheet } from '../../../../src/offers/model.ts'
import { midnight } from '../../../gcp-simulator/offers.ts'
import type { TypedOffersWorld } from '../../typed-offers.ts'
import { badOn, cautiousOn } from './broken-orders.ts'
import { ACME, type Answer, type SimulatedGcp, startGcp } from './cloud.ts'
import { drawnOn } from './drawn-orders.ts'
import { offersOf, plain, seenByBuyer } from './offers.ts'
import { goodOn } from './orders.ts'
import { typed } from './typist.ts'

const parent = `/v1beta/projects/${ACME.id}/locations/global/privateOffers`
const by = 'handoff'

/** Offers of a seller without the API: what the form takes is judged by the same rules as the API's. */
export async function gcpTypedOffers(): Promise<TypedOffersWorld> {
  const cloud = await startGcp({ settings: { offers: by } })
  await cloud.portal({ multipleOrders: true })
  const today = () => cloud.now().slice(0, 10) as Day
  const api = cloud.world('offers', { offers: 'api' })
  return {
    ...cloud.world('offers'),
    get good() {
      return goodOn(today(), by)
    },
    get bad() {
      return badOn(today(), by)
    },
    get cautious() {
      return cautiousOn(today(), by)
    },
    get drawn() {
      return drawnOn(today(), by)
    },
    async send([sheet]) {
      const { status, body } = await type(cloud, sheet as Sheet)
      if (status >= 300) return { is: 'refused', why: [JSON.stringify(body)] }
      return { is: 'taken' }
    },
    async publish(sheet) {
      const { status, body } = await type(cloud, sheet)
      if (status >= 300) throw new Error(JSON.stringify(body))
      await cloud.advance('PT10S')
      return body.name.split('/').at(-1)
    },
    async change({ sections }) {
      const rows = sections.flatMap((section) => section.rows)
      const value = (field: string) => rows.find((row) => row.field === field)?.value
      const path = `${parent}/${value('Offer')}`
      const acceptBy = value('Accept by')
      if (value('Action') === 'Cancel offer') await cloud.call('POST', `${path}:cancel`, {})
      else
        await cloud.call('PATCH', `${path}?updateMask=acceptDeadlineTime`, {
          acceptDeadlineTime: midnight(addDays(acceptBy as Day, 1)),
        })
    },
    async compared(offerRef, name) {
      const held = (await offersOf(cloud)).find(({ id }) => id === offerRef)
      const order = goodOn(today(), 'api')[name]
      if (!order) throw new Error(`there is no order ${name}`)
      const [, create]: readonly any[] = api.port().requests(order, 'offer_typed')
      return [anyKey(plain(held.document.fields)), anyKey(plain(create.body))]
    },
    seenByBuyer: (offerRef) => seenByBuyer(cloud, offerRef),
  }
}

/** As the portal does: an offer, its agreement, and the button that publishes it; the first answer that is a no, or the last. */
async function type(cloud: SimulatedGcp, sheet: Sheet): Promise<Answer> {
  const { offer, document } = typed(sheet)
  const made = await cloud.call('POST', parent, offer)
  if (made.status >= 300) return made
  const path = `/v1beta/${made.body.name}`
  const attached = await cloud.call('POST', `${path}/documents`, document)
  return attached.status >= 300 ? attached : cloud.call('POST', `${path}:publish`, {})
}

/** The key of an order is told in its note, and each has another. */
const anyKey = (offer: any) => ({
  ...offer,
  internalNote: offer.internalNote.replace(/offer_typed\d*/, 'offer_typed'),
})
