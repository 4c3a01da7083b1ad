import * as z from 'zod'
import { currencyField, dayField, idField, instantField, moneyField } from '../kernel/fields.ts'
import { type Money, toJson } from '../kernel/money.ts'
import type { Day } from '../kernel/time.ts'
import type { DrawdownLine } from './drawdown.ts'
import type { Ceiling } from './position.ts'
import type { Reckoning } from './reckon.ts'
import { providersRuled, ruleIds, rulesAsOf } from './rules.ts'
import type { Kept } from './store.ts'
import { createCommitment } from './terms.ts'

export const commitmentId = idField('cmt', 'A commitment')

const versioned = {
  version: z.int().meta({ description: 'Counts versions', example: 1 }),
  validFrom: dayField('From when it is so', '2025-12-15'),
  knownFrom: dayField('When that was told', '2026-11-01'),
  recordedAt: instantField('When it was written down here'),
}
const terms = z.object(createCommitment.omit({ buyer: true }).shape)

export const commitmentView = z
  .object({
    id: commitmentId,
    buyer: idField('buyer', 'Who committed'),
    ...terms.shape,
    ...versioned,
    revision: z.int().meta({ description: 'Counts changes; also the ETag', example: 1 }),
    createdAt: instantField('When it was entered'),
    updatedAt: instantField('When it last changed'),
  })
  .meta({ id: 'Commitment' })

export const versionView = z
  .object({ ...versioned, terms: terms.meta({ description: 'What is so from then on' }) })
  .meta({ id: 'CommitmentVersion' })

/** A commitment with its terms of today, as known today. */
export function viewCommitment(kept: Kept, today: Day): z.infer<typeof commitmentView> {
  const { id, buyer, revision, createdAt, updatedAt } = kept
  const current = newest(kept, today)
  const { asked, number: version, validFrom, knownFrom, recordedAt } = current
  const own = { id, buyer, revision, createdAt, updatedAt }
  return { ...own, ...asked, version, validFrom, knownFrom, recordedAt }
}

function newest({ versions }: Kept, today: Day): Kept['versions'][number] {
  const order = (a: Kept['versions'][number], b: typeof a) =>
    a.validFrom === b.validFrom ? a.number - b.number : a.validFrom < b.validFrom ? -1 : 1
  const sorted = versions.toSorted(order)
  return (sorted.findLast((v) => v.validFrom <= today) ?? sorted[0]) as Kept['versions'][number]
}

export const viewVersion = (v: Kept['versions'][number]): z.infer<typeof versionView> => ({
  version: v.number,
  validFrom: v.validFrom,
  knownFrom: v.knownFrom,
  recordedAt: v.recordedAt,
  terms: v.asked,
})

const flag = z.string().meta({
  description: 'WATCH, CAP_NEAR, BADGE_MISSING, RULE_UNKNOWN, CLAIM_OLDER_THAN_90_DAYS, …',
  example: 'CAP_NEAR',
})
const ceilingView = z
  .object({
    of: z
      .enum(['tranche', 'total'])
      .meta({ description: 'What it is a share of', example: 'tranche' }),
    pct: z
      .string()
      .nullable()
      .meta({ description: 'The share; null when not known', example: '0.25' }),
    limit: moneyField('The ceiling on all marketplace spend').nullable(),
    ours: moneyField('Of it, what counted through us'),
    others: moneyField('Of it, what other vendors were said to have used').nullable(),
    ourShare: z
      .string()
      .nullable()
      .meta({ description: 'Ours over the ceiling', example: '0.1200' }),
    headroomAtMost: moneyField('What is left: at most, as others may have used more').nullable(),
    flag,
  })
  .meta({ id: 'CommitmentCeiling' })

const forecastView = z
  .object({
    by: dayField('Everything in it was known up to this day', '2026-07-01'),
    consumed: moneyField('By everybody until then, as far as it was stated'),
    method: z.string().meta({ description: 'How the daily rate is seen', example: 'term_to_date' }),
    windowDays: z.int().meta({ description: 'Over how many days', example: 181 }),
    termDays: z.int().meta({ description: 'Days of the tranche', example: 365 }),
    elapsedDays: z.int().meta({ description: 'Days gone by', example: 181 }),
    dailyRate: z.string().meta({ description: 'Per day, to 6 decimals', example: '2983.425414' }),
    pace: z.string().nullable().meta({
      description: 'Consumed share over elapsed share; 1 is just in time',
      example: '0.9075',
    }),
    remaining: moneyField('Still to be spent then'),
    projectedAtEnd: moneyField('Spent by the end at this rate'),
    projectedShortfall: moneyField('Missing at the end at this rate'),
    carriedForward: moneyField('Of it, what the contract moves on'),
    shortfallInvoice: moneyField('Of it, what is invoiced'),
    exhaustionDate: dayField('When it is all spent at this rate; may lie after the end').nullable(),
    flag: flag.nullable(),
  })
  .meta({ id: 'CommitmentForecast' })

export const standing = {
  commitment: commitmentId,
  buyer: idField('buyer', 'Who committed'),
  provider: z.string().meta({ description: 'To whom', example: providersRuled[0] }),
  instrument: z.string().meta({ description: 'What the contract is called', example: 'EDP' }),
  currency: currencyField(),
  version: z.int().meta({ description: 'The version of its terms in force', example: 1 }),
  tranche: z
    .object({
      start: dayField('First day', '2026-02-01'),
      endExclusive: dayField('The day after the last', '2027-02-01'),
      amount: moneyField('What is to be spent in it'),
    })
    .nullable()
    .meta({ description: 'The stretch of the term the day falls in' }),
  drawn: moneyField('Counted through us in the tranche'),
  drawnInAll: moneyField('Counted through us in the whole term'),
  unknown: z.array(moneyField('As invoiced')).meta({
    description: 'Lines in the tranche whose worth is not known, a sum per currency; never counted',
  }),
  ceilings: z.array(ceilingView).meta({ description: 'Ceilings on marketplace spend' }),
  remainingAtMost: moneyField(
    'What is left of the tranche: at most, as far as use was stated',
  ).nullable(),
  forecast: forecastView
    .nullable()
    .meta({ description: 'Null when the buyer’s own use was not stated' }),
  forecastRecent: forecastView.nullable().meta({
    description:
      'The same at the rate since an earlier statement, 90 days before or the oldest; null with none',
  }),
  trailing: z
    .object({
      windowDays: z.int().meta({ description: 'Days looked back', example: 90 }),
      counted: moneyField('Counted through us in them'),
      capReachedOn: dayField(
        'When ours alone reach the ceiling at this rate; null when not before it starts anew',
      ).nullable(),
    })
    .meta({ description: 'Our own pace' }),
  reinstated: moneyField('What the latest amendment let count after all').nullable(),
  claim: createCommitment.shape.claim,
  claimAgeDays: z.int().meta({ description: 'How old that word is', example: 21 }),
  flags: z.array(flag).meta({ description: 'What to look at' }),
}
export const standingView = z.object(standing).meta({ id: 'CommitmentStanding' })

export function viewStanding(kept: Kept, found: Reckoning): z.input<typeof standingView> {
  const { terms, position } = found
  const { tranche, ours } = position
  return {
    commitment: kept.id,
    buyer: kept.buyer,
    provider: kept.provider,
    instrument: terms.instrument,
    currency: terms.currency,
    version: found.version,
    tranche: tranche && {
      start: tranche.start,
      endExclusive: tranche.endExclusive,
      amount: toJson(tranche.amount),
    },
    drawn: toJson(position.drawn),
    drawnInAll: toJson(position.drawnInAll),
    unknown: position.unknown.map(toJson),
    ceilings: position.ceilings.map(viewCeiling),
    remainingAtMost: maybe(position.remainingAtMost),
    forecast: viewForecast(position, position),
    forecastRecent: viewForecast(position, position.recent),
    trailing: {
      windowDays: ours.windowDays,
      counted: toJson(ours.counted),
      capReachedOn: ours.capReachedOn,
    },
    reinstated: maybe(found.reinstated),
    claim: terms.claim,
    claimAgeDays: position.claimAgeDays,
    flags: [...position.flags],
  }
}

const maybe = (amount: Money | null) => amount && toJson(amount)

const viewCeiling = (c: Ceiling) => ({
  of: c.of,
  pct: c.pct,
  limit: maybe(c.limit),
  ours: toJson(c.ours),
  others: maybe(c.others),
  ourShare: c.ourShare,
  headroomAtMost: maybe(c.headroomAtMost),
  flag: c.flag,
})

function viewForecast(
  { consumed, consumedBy }: Reckoning['position'],
  ahead: Pick<Reckoning['position'], 'forecast' | 'shortfall'> | null,
) {
  if (!ahead?.forecast || !ahead.shortfall || !consumed || !consumedBy) return null
  const { remaining, projectedAtEnd, projectedShortfall, ...rest } = ahead.forecast
  return {
    ...rest,
    by: consumedBy,
    consumed: toJson(consumed),
    remaining: toJson(remaining),
    projectedAtEnd: toJson(projectedAtEnd),
    projectedShortfall: toJson(projectedShortfall),
    carriedForward: toJson(ahead.shortfall.carriedForward),
    shortfallInvoice: toJson(ahead.shortfall.invoiced),
  }
}

export const ledgerLineView = z
  .object({
    line: z.string().meta({
      description: 'The reported line: its connection and the marketplace’s id',
      example: 'conn_example/be-0001',
    }),
    invoicedOn: dayField('Day of the invoice: rules and tranches go by it', '2026-08-31'),
    amount: moneyField('As invoiced, before tax'),
    refundOf: z.string().nullable().meta({ description: 'The line it refunds', example: null }),
    tranche: dayField('First day of the tranche it falls in').nullable(),
    status: z
      .enum(['counts', 'excluded', 'unknown'])
      .meta({ description: '`unknown` is never taken to count', example: 'counts' }),
    rule: z.string().nullable().meta({ description: 'The rule that decided', example: ruleIds[0] }),
    reason: z.string().meta({ description: 'Why', example: 'COUNTS' }),
    missing: z.array(z.string()).meta({
      description: 'Facts that would decide what is unknown; state them on the listing',
      example: ['product.badge'],
    }),
    share: z.string().nullable().meta({ description: 'Share that counts', example: '1.00' }),
    rate: z
      .object({
        rate: z.string().meta({ description: 'Exchange rate used', example: '1.0837' }),
        on: dayField('In force from'),
        source: z.string().meta({ description: 'Where it is from', example: 'Treasury' }),
      })
      .nullable()
      .meta({ description: 'For a line in another currency' }),
    eligible: moneyField('What may count; null when not known').nullable(),
    counted: moneyField('What counts, after the ceiling'),
  })
  .meta({ id: 'DrawdownLine' })

export const viewLedgerLine = (line: DrawdownLine): z.input<typeof ledgerLineView> => ({
  line: line.id,
  invoicedOn: line.invoiceDate,
  amount: toJson(line.amount),
  refundOf: line.refundOf,
  tranche: line.tranche,
  status: line.status,
  rule: line.rule,
  reason: line.reason,
  missing: [...line.missing],
  share: line.share,
  rate: line.rate && { rate: line.rate.rate.price, on: line.rate.on, source: line.rate.source },
  eligible: maybe(line.eligible),
  counted: toJson(line.counted),
})

const looked = {
  asOf: dayField('Valid on this day', '2026-11-22'),
  known: dayField('As known on this day', '2026-11-22'),
  recordedBy: instantField('As written down here by then').nullable(),
  rulesAsOf: z
    .string()
    .meta({ description: 'When the drawdown rules were last checked', example: rulesAsOf }),
}

export const drawdownView = z
  .object({
    ...looked,
    standing: standingView
      .nullable()
      .meta({ description: 'Null before its terms were valid and known' }),
    data: z.array(ledgerLineView).meta({ description: 'A page of the ledger, by invoice day' }),
    next: z.string().nullable().meta({ description: 'Cursor of the next page', example: null }),
  })
  .meta({ id: 'Drawdown' })

export const reportView = z
  .object({
    ...looked,
    data: z.array(standingView).meta({ description: 'Every commitment known that day' }),
  })
  .meta({ id: 'DrawdownReport' })
