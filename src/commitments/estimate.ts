import type { Deps } from '../deps.ts'
import type { Facts } from '../kernel/facts.ts'
import { add, type Money, parseMoney, toDecimal, toJson, zero } from '../kernel/money.ts'
import { type Day, dayOf } from '../kernel/time.ts'
import { type Bucket, headroom, open } from './count.ts'
import { eligibleOf, factsOf, outsideReason } from './drawdown.ts'
import { type Fit, type FitCharge, type FitTranche, offerFit } from './fit.ts'
import { type Terms, trancheOn } from './model.ts'
import { type Reckoning, reckon } from './reckon.ts'
import { assess, rulesAsOf } from './rules.ts'
import { every, type Kept } from './store.ts'

const commitmentsMax = 20

/** What the offers' preview asks: a buyer, a provider, charges by day, and the listing's facts. */
type FitRequest = Parameters<ReturnType<Deps['estimateFit']>>[0]

/**
 * What an offer's charges would burn of each of the buyer's commitments to a provider, as JSON. Everything is at
 * most: other vendors may have used the room, and what nobody told us is unknown.
 */
export async function drawdownFit(deps: Deps, request: FitRequest): Promise<object> {
  const asOf = dayOf(deps.now())
  const at = { asOf, known: asOf, recordedBy: null }
  const commitments: object[] = []
  for await (const kept of every(deps.db, { buyer: request.buyer, provider: request.provider })) {
    const reckoning = await reckon(deps, kept, at)
    if (reckoning) commitments.push(shown(kept, reckoning, fitOf(reckoning, request, asOf)))
    if (commitments.length === commitmentsMax) break
  }
  const reason = commitments.length === 0 ? 'NO_COMMITMENT_KNOWN' : null
  return { asOf, rulesAsOf, certainty: 'at_most', reason, commitments }
}

/** What the offers' preview is handed. */
export const estimateFit: Deps['estimateFit'] = (deps) => (request) => drawdownFit(deps, request)

/** The fit and its judged charges; undefined when the offer's currency cannot be turned into the commitment's. */
export function fitOf(
  { terms, ledger }: Pick<Reckoning, 'terms' | 'ledger'>,
  { currency, charges, facts }: Pick<FitRequest, 'currency' | 'charges' | 'facts'>,
  asOf: Day,
): { readonly fit: Fit; readonly charges: readonly FitCharge[] } | undefined {
  const asked = charges.flatMap(
    ({ on, amount }) => judge(terms, on, parseMoney(currency, amount), facts) ?? [],
  )
  if (asked.length < charges.length) return undefined
  // A tranche without a charge of its own may still have room: its first day is somewhere to move one to.
  const empty = terms.tranches.filter(
    (t) => t.start >= asOf && !asked.some((charge) => trancheOn([t], charge.on)),
  )
  const openings = empty.flatMap((t) => judge(terms, t.start, zero(terms.currency), facts) ?? [])
  const tranches = terms.tranches.map((t): FitTranche => {
    const ours = ledger.tranches.find((row) => row.tranche.start === t.start)?.counted
    const counted = add(ours ?? zero(terms.currency), t.others?.amount ?? zero(terms.currency))
    return { ...t, counted }
  })
  const all = [...asked, ...openings]
  return {
    fit: offerFit(all, tranches, headrooms(terms, ledger, all), terms.currency),
    charges: asked,
  }
}

type Judged = FitCharge & { readonly bucket: Bucket | null }

function judge(terms: Terms, on: Day, amount: Money, facts: Facts): Judged | undefined {
  const converted = eligibleOf(terms, amount, on, '1')
  if (!converted) return undefined
  const verdict = assess(terms.provider, factsOf(terms, on, facts), terms.shares)
  const base = {
    on,
    amount: converted.eligible,
    rule: verdict.rule,
    missing: verdict.is === 'unknown' ? verdict.missing : [],
    share: verdict.is === 'counts' ? verdict.share : '0',
  }
  const tranche = trancheOn(terms.tranches, on)
  if (!tranche)
    return { ...base, status: 'excluded', reason: outsideReason(terms, on), pool: '', bucket: null }
  if (verdict.is !== 'counts')
    return { ...base, status: verdict.is, reason: verdict.reason, pool: '', bucket: null }
  const bucket = open(terms, tranche, verdict.cap)
  return { ...base, status: 'counts', reason: 'COUNTS', pool: bucket.key, bucket }
}

function headrooms(
  terms: Terms,
  ledger: Reckoning['ledger'],
  charges: readonly Judged[],
): Map<string, Money | null> {
  const used = new Map(ledger.tranches.flatMap((t) => t.buckets.map((b) => [b.key, b] as const)))
  return new Map(
    charges.flatMap(({ on, pool, bucket }) => {
      if (!bucket) return []
      const { limit, counted, tranche } = used.get(pool) ?? bucket
      const others = tranche === null ? null : trancheOn(terms.tranches, on)?.others
      return [[pool, headroom(limit, others ? add(counted, others.amount) : counted)] as const]
    }),
  )
}

function shown(kept: Kept, { terms, at }: Reckoning, found: ReturnType<typeof fitOf>): object {
  const about = { commitment: kept.id, instrument: terms.instrument, currency: terms.currency }
  if (!found) return { ...about, fit: null, reason: 'EXCHANGE_RATE_NOT_STATED' }
  const { fit, charges } = found
  return {
    ...about,
    reason: null,
    claim: terms.claim,
    asOf: at.asOf,
    fit: {
      total: toJson(fit.tcv),
      countableAtMost: toJson(fit.countable),
      useful: fit.useful && toJson(fit.useful),
      fitRatio: fit.fitRatio,
      overCap: toJson(fit.overCap),
      beforeCommitment: toJson(fit.beforeCommitment),
      afterCommitmentEnd: toJson(fit.afterCommitmentEnd),
      notEligible: toJson(fit.notEligible),
      unknown: toJson(fit.unknown),
      countableIfMoved: toJson(fit.countableIfMoved),
    },
    suggestions: fit.moves.map(({ from, to, amount }) => ({
      from,
      to,
      amount: toJson(amount),
      text: `move ${toDecimal(amount)} ${amount.currency} from the charge of ${from} to ${to}`,
    })),
    tranches: fit.tranches.map((t) => ({
      start: t.start,
      eligible: toJson(t.eligible),
      headroomAtMost: t.headroom && toJson(t.headroom),
      countableAtMost: toJson(t.countable),
      overCap: toJson(t.overCap),
      shortfallWithoutOffer: t.shortfallWithoutOffer && toJson(t.shortfallWithoutOffer),
      useful: t.useful && toJson(t.useful),
    })),
    charges: charges.map(({ on, amount, status, rule, reason, missing }) => ({
      on,
      amount: toJson(amount),
      status,
      rule,
      reason,
      missing,
    })),
  }
}
