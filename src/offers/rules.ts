import { compare, floor, trim } from '../kernel/decimal.ts'
import { amountFault, toDecimal } from '../kernel/money.ts'
import type { Violation } from '../kernel/problem.ts'
import { addDays, addMonths, type Day, dayOf, daysBetween } from '../kernel/time.ts'
import type { DimensionType, Removed } from '../listings/model.ts'
import { type ScheduleFault, scheduleFaults } from './instalments.ts'
import type { OfferOrder, OfferTraits, PricingPart } from './model.ts'
import { difference, lastDayOf, scheduleOf, totalOf } from './price.ts'

/** What the rules know besides the order: what its marketplace can take, and what the listing once had. */
export type Setting = {
  readonly traits: OfferTraits
  /** The marketplace's name in prose. */
  readonly title: string
  readonly removed: Removed
}

/** Beyond this nobody plans; it keeps every date of an offer a day that can be written. */
const yearsMax = 50

/** Every rule an order breaks that holds at any marketplace or follows from its traits. Time is the order's own day. */
export function violations(order: OfferOrder, setting: Setting): Violation[] {
  return [
    ...parts(order, setting),
    ...dates(order, setting),
    ...dimensions(order, setting),
    ...units(order, setting),
    ...shape(order),
    ...totals(order),
    ...schedule(order, setting),
    ...legal(order),
    ...when(order.buyerRefs.length === 0, 'buyer', `has no account at ${setting.title}`),
  ]
}

const when = (broken: boolean, path: string, message: string): Violation[] =>
  broken ? [{ path, message }] : []

const partNames: Readonly<Record<PricingPart, string>> = {
  contract: 'quantities sold up front',
  flat: 'a flat total',
  usage: 'prices of use',
  usageDiscountPercent: 'a discount on use',
  commitment: 'a commitment to spend',
}

function parts({ terms }: OfferOrder, { traits, title }: Setting): Violation[] {
  const { pricing, currency } = terms
  const given = (Object.keys(partNames) as PricingPart[]).filter((part) =>
    Array.isArray(pricing[part]) ? pricing[part].length > 0 : pricing[part] !== undefined,
  )
  return [
    ...when(
      !traits.currencies.includes(currency),
      'currency',
      `${title} takes ${traits.currencies.join(', ')}`,
    ),
    ...when(given.length === 0, 'pricing', 'name what is sold: contract, flat or usage'),
    ...given
      .filter((part) => !traits.pricing.includes(part))
      .map((part) => ({
        path: `pricing.${part}`,
        message: `${title} takes no offers with ${partNames[part]}`,
      })),
    ...when(
      terms.reseller !== undefined && traits.reseller !== true,
      'reseller',
      `${title} takes no offers through a reseller here`,
    ),
    ...when(
      traits.renewalQuestion === true && terms.renewal === undefined,
      'renewal',
      'say {"attested": true} if it renews a contract, {"attested": false} if not: the fee hangs on it, and it cannot be said later',
    ),
  ]
}

function dates({ terms, submittedOn }: OfferOrder, { traits, title }: Setting): Violation[] {
  const { acceptBy, start, term, pricing } = terms
  const hasContract = (pricing.contract ?? []).length > 0 || pricing.flat !== undefined
  const daysMax = traits.acceptWithinDaysMax
  const latest = addMonths(submittedOn, yearsMax * 12)
  const tooLate = `must lie within ${yearsMax} years`
  return [
    ...when(acceptBy <= submittedOn, 'acceptBy', 'must be in the future'),
    ...when(acceptBy > latest, 'acceptBy', tooLate),
    ...when(
      daysMax !== null && daysBetween(submittedOn, acceptBy) > daysMax,
      'acceptBy',
      `${title} takes at most ${daysMax} days from today`,
    ),
    ...when(start !== 'acceptance' && start < submittedOn, 'start', 'must not lie in the past'),
    ...when(start !== 'acceptance' && start > latest, 'start', tooLate),
    ...when(
      hasContract && !term,
      'term',
      'a contract needs a term; only pay as you go runs without one',
    ),
    ...when(
      (term?.months ?? 0) > traits.monthsMax,
      'term.months',
      `at most ${traits.monthsMax} months`,
    ),
  ]
}

function dimensions(order: OfferOrder, { removed, traits }: Setting): Violation[] {
  const { contract = [], usage = [] } = order.terms.pricing
  const check = (rows: readonly { readonly dimension: string }[], type: 'contract' | 'usage') =>
    rows.flatMap(({ dimension }, i) => [
      ...when(
        !isFree(type, traits) && !sold(order, type).includes(dimension),
        `pricing.${type}.${i}.dimension`,
        missing(dimension, type, removed),
      ),
      ...when(
        rows.findIndex((row) => row.dimension === dimension) < i,
        `pricing.${type}.${i}.dimension`,
        `${dimension} is named twice`,
      ),
    ])
  return [...check(contract, 'contract'), ...check(usage, 'usage')]
}

/** Whether such units go by any name, since the marketplace knows them only as words. */
const isFree = (type: 'contract' | 'usage', { contractUnits }: OfferTraits): boolean =>
  type === 'contract' && contractUnits === 'named'

const sold = ({ dimensions: all }: OfferOrder, type: DimensionType): string[] =>
  all.filter(({ types }) => types.includes(type)).map(({ key }) => key)

function missing(key: string, type: DimensionType, removed: Removed): string {
  const gone = removed.dimensions.find((dimension) => dimension.key === key)
  return gone
    ? `the marketplace removed ${key} by ${dayOf(gone.removedAt)}`
    : `the listing has no ${type} dimension ${key}`
}

function units({ terms }: OfferOrder, { traits }: Setting): Violation[] {
  const { contract = [], usage = [] } = terms.pricing
  const places = (rate: string) => trim(rate).split('.')[1]?.length ?? 0
  const whole = traits.contractQuantity === 'whole'
  return [
    ...contract.flatMap(({ quantity }, i) =>
      when(
        whole && compare(floor(quantity), quantity) !== 0,
        `pricing.contract.${i}.quantity`,
        'must be a whole number',
      ),
    ),
    ...usage.flatMap(({ rate }, i) =>
      when(
        places(rate) > traits.rateDecimalsMax,
        `pricing.usage.${i}.rate`,
        `at most ${traits.rateDecimalsMax} decimals`,
      ),
    ),
  ]
}

/** What follows from how the plan is sold, as far as its marketplace says; which terms it can have, its adapter decides. */
function shape({ terms, planShape, dimensions: all }: OfferOrder): Violation[] {
  const { contract = [], usage = [] } = terms.pricing
  const { min = null, max = null } = planShape?.units ?? {}
  const meters = planShape?.meters ?? null
  const isKnown = (dimension: string) => all.some(({ key }) => key === dimension)
  const bound = (wanted: boolean, i: number, message: string) =>
    when(wanted, `pricing.contract.${i}.quantity`, message)
  return [
    ...contract.flatMap(({ quantity }, i) => [
      ...bound(
        min !== null && compare(quantity, String(min)) < 0,
        i,
        `the plan has at least ${min}`,
      ),
      ...bound(
        max !== null && compare(quantity, String(max)) > 0,
        i,
        `the plan has at most ${max}`,
      ),
    ]),
    ...usage.flatMap(({ dimension }, i) =>
      when(
        meters !== null && isKnown(dimension) && !meters.includes(dimension),
        `pricing.usage.${i}.dimension`,
        `the plan has no meter ${dimension}`,
      ),
    ),
  ]
}

function totals({ terms }: OfferOrder): Violation[] {
  const total = totalOf(terms)
  const { commitment } = terms.pricing
  const fault = commitment && amountFault(terms.currency, commitment.amount)
  return [
    ...(total.is === 'faulty' ? total.faults : []),
    ...when(fault !== undefined, 'pricing.commitment.amount', fault ?? ''),
    ...when(
      total.is === 'none' && terms.payments !== undefined,
      'payments',
      'pay as you go has no payment schedule',
    ),
    ...(terms.payments ?? []).flatMap(({ amount }, i) => {
      const wrong = amountFault(terms.currency, amount)
      return when(wrong !== undefined, `payments.${i}.amount`, wrong ?? '')
    }),
  ]
}

function schedule(order: OfferOrder, { traits }: Setting): Violation[] {
  const { terms, submittedOn } = order
  const planned = scheduleOf(terms, submittedOn)
  if (!planned || !terms.payments) return []
  const latest = addMonths(submittedOn, yearsMax * 12)
  const begins = terms.start === 'acceptance' ? terms.acceptBy : terms.start
  const last = begins > latest ? undefined : lastDayOf(terms)
  const faults = scheduleFaults(
    {
      total: planned.total,
      charges: planned.rows,
      bounds: last === undefined ? null : { first: submittedOn, last },
      pricing: null,
      country: null,
      frequency: null,
    },
    { paymentsMax: traits.paymentsMax, uniqueDates: true, pricingRefused: [], frequencies: {} },
  )
  const paid = toDecimal(planned.paid)
  const off = difference(terms.currency, paid, toDecimal(planned.total))
  const sums = `come to ${terms.currency} ${paid}, which is ${off.by} ${off.is} than the total of ${toDecimal(planned.total)}`
  return faults.map((fault) => ({
    path: fault.path ? `payments.${fault.path}` : 'payments',
    message: fault.code === 'SUM_MISMATCH' ? sums : scheduleMessage(fault, last),
  }))
}

function scheduleMessage({ code, about }: ScheduleFault, last: Day | undefined): string {
  if (code === 'TOO_MANY_PAYMENTS') return `at most ${about} payments`
  if (code === 'DUPLICATE_CHARGE_DATE') return `two payments on ${about}`
  if (code === 'CHARGE_BEFORE_SIGNATURE') return 'lies in the past'
  if (code === 'CHARGE_AFTER_END') return `lies after the agreement’s last day (${last})`
  return `cannot be paid so: ${about}`
}

function legal({ terms }: OfferOrder): Violation[] {
  const { kind, documents } = terms.legal
  const isStandard = kind === 'standard'
  return [
    ...when(
      isStandard && documents.length > 0,
      'legal.documents',
      'the standard contract takes no documents: choose amended or custom',
    ),
    ...when(!isStandard && documents.length === 0, 'legal.documents', 'name the contract document'),
  ]
}

/** What is wrong with a new last day to accept of a live offer. */
export function extensionViolations(
  { acceptBy, wanted, today }: { acceptBy: Day; wanted: Day; today: Day },
  { traits, title }: Pick<Setting, 'traits' | 'title'>,
): Violation[] {
  const daysMax = traits.acceptWithinDaysMax
  const latest = daysMax === null ? addMonths(today, yearsMax * 12) : addDays(today, daysMax)
  return [
    ...when(wanted <= acceptBy, 'acceptBy', `must be later than ${acceptBy}`),
    ...when(wanted <= today, 'acceptBy', 'must be in the future'),
    ...when(wanted > latest, 'acceptBy', `${title} takes ${latest} at the latest`),
  ]
}
