import { z } from 'zod'
import { addDays, type Day, isDay } from '../../src/kernel/time.ts'

/** Every day of an offer is a day there: proto PrivateOffer, "Only day boundaries in the America/Los_Angeles time zone". */
export const pacific = 'America/Los_Angeles'

/** google.type.DateTime: the first moment of a Pacific day. */
export type GoogleTime = {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hours: number
  readonly minutes: number
  readonly seconds: number
  readonly nanos: number
  readonly timeZone: { readonly id: string }
}

export function midnight(on: Day): GoogleTime {
  const [year = 0, month = 0, day = 0] = on.split('-').map(Number)
  return {
    year,
    month,
    day,
    hours: 0,
    minutes: 0,
    seconds: 0,
    nanos: 0,
    timeZone: { id: pacific },
  }
}

/** `acceptDeadlineTime` of the last day on which the buyer can accept: the midnight that ends it. */
export const deadlineOf = (acceptBy: Day): GoogleTime => midnight(addDays(acceptBy, 1))

/** A google.type.DateTime as it is answered: zeros are left out. */
export const googleTime = z.looseObject({
  year: z.int().nullish(),
  month: z.int().nullish(),
  day: z.int().nullish(),
  hours: z.int().nullish(),
  timeZone: z.looseObject({ id: z.string().nullish() }).nullish(),
})

/** The day whose midnight it is; undefined for any other moment, or one of another zone. */
export function dayOfMidnight(
  time: z.infer<typeof googleTime> | null | undefined,
): Day | undefined {
  if (!time || (time.hours ?? 0) !== 0 || time.timeZone?.id !== pacific) return undefined
  const two = (value: number | null | undefined) => String(value ?? 0).padStart(2, '0')
  const text = `${String(time.year ?? 0).padStart(4, '0')}-${two(time.month)}-${two(time.day)}`
  return isDay(text) ? text : undefined
}
