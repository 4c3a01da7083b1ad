import type { Deps } from '../deps.ts'
import { compare, type Decimal, isZero } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import type { Hour, Instant } from '../kernel/time.ts'
import { type AllowanceRow, ofAgreements, saveUsed, tell } from './allowances.ts'
import { holdSeries, type SeriesRow, saveSeries } from './claims.ts'
import { flushEnd } from './hours.ts'
import { cover } from './included.ts'
import type { Metered } from './metered.ts'
import { seriesKey } from './roll-up.ts'

type Series = { readonly agreement: string; readonly dimension: string }
type Held = { -readonly [Key in keyof SeriesRow]: SeriesRow[Key] }

/**
 * What agreements and dimensions carry and have used up of their included units, held until the transaction ends
 * and changed only by who holds it, so that no unit is in two records and none is included twice.
 */
export type Books = {
  carry(of: Series): Decimal
  allowances(of: Series): readonly AllowanceRow[]
  /** Draws on what is included and says how much was. */
  draw(of: Series & { readonly hour: Hour }, quantity: Decimal): Decimal
  leave(of: Series, carry: Decimal): void
  /** What the series has seen so far: its largest hour, and how many. */
  history(of: Series): Pick<SeriesRow, 'peak' | 'hours'>
  /** One more hour is sent, or would be. */
  learn(of: Series, quantity: Decimal): void
  readonly series: readonly Held[]
  save(): Promise<void>
}

/** Opens the books of some series of one seller account. */
export async function open(
  { db }: Deps,
  connection: Id<'conn'>,
  meters: ReadonlyMap<string, Metered>,
  wanted: readonly Series[],
): Promise<Books> {
  const asked = new Map(wanted.map((one) => [seriesKey(one), seriesOf(one, meters)]))
  const held = await holdSeries(db, connection, [...asked.values()])
  const series = new Map([...held].map(([key, row]): [string, Held] => [key, { ...row }]))
  const included = await allowancesOf(
    db,
    wanted.flatMap(({ agreement }) => meters.get(agreement) ?? []),
  )
  const drawn = new Set<string>()
  return {
    series: [...series.values()],
    carry: (of) => series.get(seriesKey(of))?.carry ?? '0',
    allowances: (of) => included.get(seriesKey(of)) ?? [],
    draw(of, quantity) {
      const key = seriesKey(of)
      const { covered, allowances } = cover(of.hour, quantity, included.get(key) ?? [])
      included.set(key, allowances)
      drawn.add(key)
      return covered
    },
    leave(of, carry) {
      const held = series.get(seriesKey(of))
      if (held) held.carry = carry
    },
    history: (of) => series.get(seriesKey(of)) ?? { peak: '0', hours: 0 },
    learn(of, quantity) {
      const held = series.get(seriesKey(of))
      if (!held || isZero(quantity)) return
      held.hours++
      if (compare(quantity, held.peak) > 0) held.peak = quantity
    },
    async save() {
      await saveSeries(db, [...series.values()])
      await saveUsed(
        db,
        [...drawn].flatMap((key) => included.get(key) ?? []),
      )
    },
  }
}

const seriesOf = ({ agreement, dimension }: Series, meters: ReadonlyMap<string, Metered>) => {
  const { endedAt = null, traits = null } = meters.get(agreement) ?? {}
  const closesAt: Instant | null = endedAt && traits && flushEnd(traits, endedAt)
  return { agreement, dimension, closesAt }
}

/** As the newest reading tells it. Where a marketplace counts included units itself there are none to us. */
async function allowancesOf(db: Deps['db'], meters: readonly Metered[]) {
  const ours = [...new Set(meters)].filter(({ traits }) => traits?.overageOnly)
  if (ours.length === 0) return new Map<string, readonly AllowanceRow[]>()
  await tell(
    db,
    ours.map((meter) => ({ ...meter, at: meter.updatedAt })),
  )
  return ofAgreements(
    db,
    ours.map(({ agreement }) => agreement),
  )
}
