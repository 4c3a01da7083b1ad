import { sql } from 'kysely'
import * as buyers from '../buyers/service.ts'
import type { Deps } from '../deps.ts'
import { type MoneyJson, money, toJson } from '../kernel/money.ts'
import type { Day, Instant } from '../kernel/time.ts'
import type { Offer, OfferState } from './model.ts'
import * as store from './store.ts'

/** One state's offers in one currency. Those whose value or fee is unknown are counted, and left out of the sums. */
export type StateTotal = {
  readonly state: OfferState['is']
  readonly currency: string
  readonly offers: number
  readonly unknownValues: number
  readonly value: MoneyJson
  readonly feesUnknown: number
  readonly fee: MoneyJson
  readonly net: MoneyJson
}

/** One offer, flat, as a spreadsheet wants it; empty text is not known. */
export type ReportRow = {
  readonly offer: string
  readonly name: string
  readonly connection: string
  readonly buyer: string
  readonly buyerName: string
  readonly state: OfferState['is']
  readonly currency: string
  readonly value: string
  readonly feeRate: string
  readonly fee: string
  readonly net: string
  readonly acceptBy: Day
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly acceptedAt: Instant | ''
  readonly agreement: string
}

export const columns = [
  'offer',
  'name',
  'connection',
  'buyer',
  'buyerName',
  'state',
  'currency',
  'value',
  'feeRate',
  'fee',
  'net',
  'acceptBy',
  'createdAt',
  'updatedAt',
  'acceptedAt',
  'agreement',
] as const satisfies readonly (keyof ReportRow)[]

/** Value, fee and net of what the filter lets through, by state and currency. */
export async function totals(deps: Deps, filter: store.Filter): Promise<StateTotal[]> {
  const { connection = null, buyer = null, state = null, mayBe = null } = filter
  const { rows } = await sql<{
    state: OfferState['is']
    currency: string
    offers: number
    valued: number
    known: number
    tcv: string
    fee: string
    net: string
  }>`
    select state_is as state, terms->>'currency' as currency, count(*)::int as offers,
      count(tcv_minor)::int as valued, count(fee_minor)::int as known, coalesce(sum(tcv_minor), 0) as tcv,
      coalesce(sum(fee_minor), 0) as fee, coalesce(sum(net_minor), 0) as net
    from offers
    where (${connection}::text is null or connection = ${connection})
      and (${buyer}::text is null or buyer = ${buyer})
      and (${state}::text is null or state_is = ${state})
      and (${mayBe}::text is null or may_be @> jsonb_build_array(${mayBe}::text))
    group by 1, 2 order by 1, 2`.execute(deps.db)
  return rows.map(({ currency, valued, known, tcv, fee, net, ...row }) => ({
    ...row,
    currency,
    unknownValues: row.offers - valued,
    value: toJson(money(currency, BigInt(tcv))),
    feesUnknown: row.offers - known,
    fee: toJson(money(currency, BigInt(fee))),
    net: toJson(money(currency, BigInt(net))),
  }))
}

/** A page of rows, in the order the offers were made, with the offers they come of. */
export async function rows(
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: store.Filter,
): Promise<{ offer: Offer; row: ReportRow }[]> {
  const offers = await store.list(deps.db, limit, after, filter)
  const names = await buyers.namesOf(
    deps,
    offers.map(({ buyer }) => buyer),
  )
  return offers.map((offer) => ({ offer, row: flat(offer, names.get(offer.buyer) ?? '') }))
}

function flat(offer: Offer, buyerName: string): ReportRow {
  const { quote, terms, state } = offer
  const accepted = state.is === 'accepted' ? state : null
  const known = quote?.fee.is === 'known' ? quote.fee : null
  return {
    offer: offer.id,
    name: terms.name,
    connection: offer.connection,
    buyer: offer.buyer,
    buyerName,
    state: state.is,
    currency: terms.currency,
    value: quote?.tcv.amount ?? '',
    feeRate: known?.rate ?? '',
    fee: known?.amount.amount ?? '',
    net: quote?.net?.amount ?? '',
    acceptBy: terms.acceptBy,
    createdAt: offer.createdAt,
    updatedAt: offer.updatedAt,
    acceptedAt: accepted?.acceptedAt ?? '',
    agreement: accepted?.agreement ?? '',
  }
}
