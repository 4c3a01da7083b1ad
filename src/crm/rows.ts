import type { Agreement } from '../agreements/model.ts'
import type { Buyer } from '../buyers/model.ts'
import type { Summary } from '../commitments/service.ts'
import { type Decimal, minus, times, trim } from '../kernel/decimal.ts'
import { type Currency, type Money, toDecimal } from '../kernel/money.ts'
import { addDays, addMonths, type Day, type Instant } from '../kernel/time.ts'
import type { Listing } from '../listings/model.ts'
import { isRenewal, type Offer, offerRefOf } from '../offers/model.ts'
import type { Wanted } from './mirror.ts'
import type { AgreementStatus, CrmRow } from './model.ts'

/** What stands around an offer or agreement, as far as it is known. */
export type Around = {
  readonly provider: string
  readonly buyer: Buyer | undefined
  readonly listing: Listing | undefined
}

/** Of rows that no other competes with for their key. */
const plain: Instant = '1970-01-01T00:00:00.000Z'

/** An offer, and on its opportunity the newest offer made for that. */
export function offerRows(offer: Offer, around: Around): Wanted[] {
  const row = offerRow(offer, around)
  const opportunity = offer.terms.crm?.opportunity
  const { status, buyUrl, acceptBy, currency, netValue } = row.fields
  return [
    { row, rank: plain },
    ...(opportunity
      ? [
          {
            rank: offer.createdAt,
            row: {
              kind: 'opportunity' as const,
              key: opportunity,
              fields: { status, buyUrl, acceptBy, currency, netValue },
              links: { offer: offer.id },
            },
          },
        ]
      : []),
  ]
}

function offerRow(offer: Offer, { provider, buyer, listing }: Around): CrmRow<'offer'> {
  const { terms, state, quote } = offer
  const refs = offer.order?.buyerRefs ?? accountsAt(buyer, provider)
  return {
    kind: 'offer',
    key: offer.id,
    fields: {
      provider,
      name: terms.name,
      offerRef: offerRefOf(state),
      listingRef: listing?.listingRef ?? null,
      listingName: listing?.name ?? null,
      status: state.is,
      nativeStatus: said(offer),
      buyUrl: 'buyUrl' in state ? state.buyUrl : null,
      type: isRenewal(terms) ? 'renewal' : 'new',
      acceptBy: terms.acceptBy,
      startsOn: terms.start === 'acceptance' ? null : terms.start,
      endsOn: lastDay(offer),
      termMonths: terms.term ? String(terms.term.months) : null,
      currency: terms.currency,
      value: quote?.tcv.amount ?? null,
      feePercent: quote?.fee.is === 'known' ? trim(times(quote.fee.rate, '100')) : null,
      netValue: quote?.net?.amount ?? null,
      buyerRefs: refs.length > 0 ? refs.join('\n') : null,
      payments: paymentsOf(offer),
      changedAt: offer.updatedAt,
    },
    links: { account: buyer?.crm?.account ?? null, opportunity: terms.crm?.opportunity ?? null },
  }
}

/** The marketplace's words when it refused or would not put it back, or what the newest attempt ran into. */
function said({ state, problem }: Offer): string | null {
  const reasons = 'reasons' in state ? (state.reasons ?? []) : []
  if (reasons.length > 0) return reasons.map(({ message }) => message).join('; ')
  return problem?.message ?? null
}

function lastDay({ terms: { start, term } }: Offer): Day | null {
  if (start === 'acceptance' || !term) return null
  return addDays(addMonths(start, term.months), -1)
}

function paymentsOf({
  terms: { payments, pricing },
}: Offer): 'upfront' | 'schedule' | 'usage' | null {
  if (payments && payments.length > 1) return 'schedule'
  if (payments || pricing.contract || pricing.flat) return 'upfront'
  return pricing.usage ? 'usage' : null
}

/** What was billed under an agreement, in one currency (null: nothing yet, in any); null when it is not known. */
export type Drawn = {
  readonly currency: Currency | null
  readonly amount: Decimal
  readonly asOf: Instant
} | null

/** The external id is made of the marketplace's own reference, so that it outlives our database. */
export const agreementKey = (provider: string, agreementRef: string): string =>
  `${provider}:agreement:${agreementRef}`

export function agreementRow(
  agreement: Agreement,
  {
    provider,
    buyer,
    offer,
    drawn,
  }: Omit<Around, 'listing'> & {
    readonly offer: Offer | undefined
    readonly drawn: Drawn
  },
): Wanted {
  const { state, value } = agreement
  const currency = value?.currency ?? drawn?.currency ?? null
  const counted = drawn && (drawn.currency ?? currency) === currency ? drawn : null
  return {
    rank: plain,
    row: {
      kind: 'agreement',
      key: agreementKey(provider, agreement.agreementRef),
      fields: {
        provider,
        agreementRef: agreement.agreementRef,
        buyerRef: agreement.buyerRef,
        status: state.is === 'ended' ? (state.how satisfies AgreementStatus) : state.is,
        nativeStatus: agreement.nativeStatus,
        acceptedAt: agreement.acceptedAt,
        startsAt: agreement.startsAt,
        endsAt: agreement.endsAt,
        currency,
        value: value?.amount ?? null,
        drawn: counted?.amount ?? null,
        remaining: left(value?.amount, counted?.amount),
        drawnAsOf: counted?.asOf ?? null,
        changedAt: agreement.changedAt,
      },
      links: {
        account: buyer?.crm?.account ?? null,
        opportunity: offer?.terms.crm?.opportunity ?? null,
        offer: agreement.offer,
      },
    },
  }
}

const left = (value: Decimal | undefined, drawn: Decimal | undefined): Decimal | null =>
  value !== undefined && drawn !== undefined ? minus(value, drawn) : null

const accountsAt = (buyer: Buyer | undefined, provider: string): string[] =>
  (buyer?.accounts ?? []).filter((a) => a.provider === provider).map(({ ref }) => ref)

export function commitmentRow(summary: Summary, buyer: Buyer | undefined): Wanted {
  const { committed, drawnThroughUs, drawn, remaining, headroomAtMost, flags } = summary
  const amount = (value: Money | null) => value && toDecimal(value)
  return {
    rank: plain,
    row: {
      kind: 'commitment',
      key: summary.id,
      fields: {
        provider: summary.provider,
        instrument: summary.instrument,
        currency: summary.currency,
        committed: toDecimal(committed),
        startsOn: summary.startsOn,
        endsOn: summary.endsOn,
        drawnThroughUs: toDecimal(drawnThroughUs),
        drawn: amount(drawn),
        remaining: amount(remaining),
        headroomAtMost: amount(headroomAtMost),
        flags: flags.length > 0 ? flags.join(', ') : null,
        asOf: summary.asOf,
        confidence: summary.confidence,
        changedAt: summary.changedAt,
      },
      links: { account: buyer?.crm?.account ?? null },
    },
  }
}
