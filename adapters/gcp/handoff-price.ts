import { round, times, trim } from '../../src/kernel/decimal.ts'
import type { OfferOrder, Sheet } from '../../src/offers/model.ts'
import { readNative } from './offer-native.ts'
import {
  subscriptionOf,
  type Timeline,
  timelineOf,
  totalOf,
  type Usage,
  usageOf,
} from './offer-plan.ts'
import { featureName } from './offer-request.ts'
import type { GcpSettings } from './settings.ts'

type Section = Sheet['sections'][number]
export type Row = Section['rows'][number]

/** The pricing part of the form: model, frequency, instalments, discounts and what the price buys, as far as there are any. */
export function handoffPrice(order: OfferOrder, settings: GcpSettings): readonly Section[] {
  const timeline = timelineOf(order)
  const usage = usageOf(order, settings)
  const sections: readonly Section[] = [
    { title: 'Pricing', rows: [...model(order, usage), ...payments(order, timeline)] },
    { title: 'Instalments', rows: instalments(timeline) },
    { title: 'Usage discounts', rows: usage === undefined ? [] : discounts(usage) },
    { title: 'Features', rows: features(order) },
    { title: 'Additional contract value', rows: contractValue(order) },
  ]
  return sections.filter(({ rows }) => rows.length > 0)
}

/** Names of "Pricing models for private offers". */
function model(order: OfferOrder, usage: Usage | undefined): readonly Row[] {
  const field = 'Pricing model'
  const subscription = subscriptionOf(order)
  if (subscription === null) return [{ field, value: 'Usage discount only' }]
  if (subscription === 'flat') return [{ field, value: usage ? 'Flat fee with usage' : 'Flat fee' }]
  const { commitment } = order.terms.pricing
  if (commitment?.overage === 'discounted')
    return [{ field, value: 'Commit with all usage discounted' }]
  return [
    { field, value: 'Commit discount with additional usage at list price' },
    { field: 'Discount on commitment', value: off(commitment?.discountPercent ?? '0') },
  ]
}

const frequencies = {
  monthly_prorated: ['Monthly', 'prorated'],
  monthly: ['Monthly', 'not prorated'],
  quarterly: ['Quarterly', undefined],
  yearly: ['Annually', undefined],
} as const

function payments(order: OfferOrder, timeline: Timeline | undefined): readonly Row[] {
  if (timeline === undefined || timeline.is === 'none') return []
  const isCommitment = subscriptionOf(order) === 'commitment'
  const what = isCommitment ? 'commitment' : 'flat fee'
  const total = { field: `Total ${what}`, value: usd(totalOf(order) ?? '0') }
  const { additionalCredit, discardPreviousCreditBalance } = readNative(order.terms.native)
  const credit = [
    ...(additionalCredit === undefined
      ? []
      : [{ field: 'Additional credit', value: usd(additionalCredit) }]),
    ...(discardPreviousCreditBalance === undefined
      ? []
      : [
          {
            field: 'Previous credit balance',
            value: discardPreviousCreditBalance ? 'Expires' : 'Rolls over',
          },
        ]),
  ]
  if (timeline.is === 'custom')
    return [{ field: 'Billing frequency', value: 'Custom' }, total, ...credit]
  const { interval, amount, count } = timeline
  const [value, note] = frequencies[interval]
  return [
    { field: 'Billing frequency', value, note },
    { field: `Each ${what}`, value: usd(amount), note: `${count} in all` },
    { ...total, value: usd(times(amount, String(count))) },
  ]
}

const instalments = (timeline: Timeline | undefined): readonly Row[] =>
  timeline?.is !== 'custom'
    ? []
    : timeline.rows.map(({ on, amount }, i) => ({
        field: `Instalment ${i + 1}`,
        value: usd(amount),
        note: on === null ? 'as the agreement starts' : `${on}, Pacific time`,
      }))

function discounts({ everything, rows }: Usage): readonly Row[] {
  const others = rows.map(({ dimension, percent, rate, listRate }) => ({
    field: `Discount on ${dimension}`,
    value: percent === undefined ? '' : off(percent),
    note: `USD ${trim(rate)} instead of ${listRate === undefined ? 'list price' : `USD ${trim(listRate)}`}`,
  }))
  return [
    ...(everything === undefined
      ? []
      : [{ field: 'Discount on all usage', value: off(everything) }]),
    ...others,
  ]
}

const features = ({ terms, dimensions }: OfferOrder): readonly Row[] =>
  (terms.pricing.contract ?? []).map(({ dimension, quantity }) => ({
    field: featureName(dimension, dimensions),
    value: trim(quantity),
  }))

function contractValue({ terms }: OfferOrder): readonly Row[] {
  const { additionalContractValue: value } = readNative(terms.native)
  if (value === undefined) return []
  return [
    { field: 'Additional contract value', value: usd(value.amount) },
    { field: 'Eligible SKUs', value: value.skus.join(', ') },
  ]
}

const usd = (amount: string): string => `USD ${round(amount, 2, 'down')}`
const off = (percent: string): string => `${trim(percent)} %`
