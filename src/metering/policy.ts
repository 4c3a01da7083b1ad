import * as z from 'zod'
import { compare, type Decimal, isZero, times } from '../kernel/decimal.ts'
import { moneyField } from '../kernel/fields.ts'
import { fromJson, type MoneyJson, type Rate } from '../kernel/money.ts'
import { type Instant, instant, later, millis } from '../kernel/time.ts'
import { worth } from './quantities.ts'

const minuteMs = 60_000
const factorMax = 1_000
const hoursMax = 8_760
const leadMinutesMax = 1_440

/** What a seller account does about usage that looks wrong: before it is sent, and as its deadline comes near. */
export const usagePolicy = z.strictObject({
  hold: z
    .strictObject({
      isOn: z
        .boolean()
        .meta({ description: 'Whether usage that looks wrong waits for a person', example: true }),
      factor: z
        .int()
        .min(2, 'must be at least 2')
        .max(factorMax, `must be at most ${factorMax}`)
        .meta({
          description:
            'An hour is held when it is more than so many times the largest hour that was ever sent of its dimension',
          example: 10,
        }),
      hoursMin: z
        .int()
        .min(1, 'must be at least 1')
        .max(hoursMax, `must be at most ${hoursMax}`)
        .meta({
          description: 'Hours that must have been sent before any is held',
          example: 24,
        }),
      valueMin: moneyField(
        'Only hours worth more than this are held; null: whatever they are worth',
      )
        .nullable()
        .meta({
          description: 'Only hours worth more than this, or of unknown worth, are held; null: all',
          example: null,
        }),
    })
    .meta({ description: 'What is held' }),
  atDeadline: z.enum(['send', 'lose']).meta({
    description:
      'What becomes of an hour that nobody looked at: it is sent `leadMinutes` before its deadline, or lost at the deadline',
    example: 'send',
  }),
  leadMinutes: z
    .int()
    .min(1, 'must be at least 1')
    .max(leadMinutesMax, `must be at most ${leadMinutesMax}`)
    .meta({
      description:
        'How long before its deadline it is sent; half of the time that was left when it was held, where that is less',
      example: 30,
    }),
})
export type UsagePolicy = z.infer<typeof usagePolicy>

/** Where nobody chose otherwise. */
export const usualPolicy: UsagePolicy = {
  hold: { isOn: true, factor: 10, hoursMin: 24, valueMin: null },
  atDeadline: 'send',
  leadMinutes: 30,
}

/** An hour's usage beside what its series ever sent. */
export type Suspect = {
  readonly quantity: Decimal
  readonly peak: Decimal
  readonly hours: number
  readonly rate: Rate | undefined
}

/** Why an hour's usage is to wait for a person; undefined when nothing is unusual about it. What is worth nobody knows how much is held. */
export function suspicion(
  { hold }: UsagePolicy,
  { quantity, peak, hours, rate }: Suspect,
): string | undefined {
  if (!hold.isOn || hours < hold.hoursMin || isZero(peak)) return undefined
  if (compare(quantity, times(peak, String(hold.factor))) <= 0) return undefined
  if (hold.valueMin !== null && isWorthLess(worth(rate, quantity), hold.valueMin)) return undefined
  return `more than ${hold.factor} times the largest of the ${hours} hours sent before it`
}

const isWorthLess = (value: MoneyJson | null, least: MoneyJson): boolean =>
  value !== null &&
  value.currency === least.currency &&
  fromJson(value).minor <= fromJson(least).minor

/** Nobody can look at anything in less. */
const heldLeastMs = 5 * minuteMs

/**
 * Until when an hour may be held since it first was: what is to be sent leaves early enough, what is to be lost waits
 * until its deadline. Null when so little time is left that it is sent at once.
 */
export function heldUntil(
  { atDeadline, leadMinutes }: UsagePolicy,
  since: Instant,
  deadline: Instant,
): Instant | null {
  if (atDeadline === 'lose') return deadline
  const leftMs = millis(deadline) - millis(since)
  const leadMs = Math.min(leadMinutes * minuteMs, leftMs / 2)
  if (leftMs - leadMs < heldLeastMs) return null
  return later(instant(millis(deadline)), -Math.ceil(leadMs))
}
