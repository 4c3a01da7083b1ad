import { type GoogleMoney, isWholeCents, nanosOf } from './amount.ts'
import type { Violation } from './codec.ts'
import { type GoogleDateTime, isMidnight, millisOf } from './pacific.ts'

export const FEE_MAX_USD = 1_000_000_000n
export const CREDIT_MAX_USD = 1_000_000n
const PERCENT = /^([0-9]{1,2}(\.\d{1,2})?|100(\.0{1,2})?)$/
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

/** Gathers what is wrong with an offer, all of it. Fields are snake_case paths below the offer. */
export type Faults = {
  readonly found: Violation[]
  add(field: string, description: string): void
  /** A text that must be there, or may be missing, and has a longest length in characters. */
  text(field: string, value: string | undefined, lengthMax: number, isNeeded?: boolean): void
  email(field: string, value: string | undefined): void
  percent(field: string, value: { readonly value?: string } | undefined): void
  /** An amount in whole cents of US dollars within 0 and the most allowed. */
  amount(field: string, value: GoogleMoney | undefined, mostUsd: bigint): void
  /** The instant of a time that must be a midnight in Los Angeles and lie ahead; null when it is neither. */
  midnight(field: string, value: GoogleDateTime | undefined, now: number): number | null
}

export function createFaults(): Faults {
  const found: Violation[] = []
  const add = (field: string, description: string) => void found.push({ field, description })
  return {
    found,
    add,
    text(field, value, lengthMax, isNeeded = false) {
      if (isNeeded && !value?.trim()) add(field, `${field} must be set to publish the offer.`)
      if ([...(value ?? '')].length > lengthMax) {
        add(field, `${field} must not be longer than ${lengthMax} characters.`)
      }
    },
    email(field, value) {
      if (value && !EMAIL.test(value)) add(field, `${field} must be a well-formed email address.`)
    },
    percent(field, value) {
      if (value && !PERCENT.test(value.value ?? '')) {
        add(field, `${field} must be within 0 and 100 with at most 2 decimal places.`)
      }
    },
    amount(field, value, mostUsd) {
      if (!value) {
        add(field, `${field} must be set to publish the offer.`)
        return
      }
      if (value.currencyCode !== 'USD') add(field, `${field} must be in USD.`)
      const nanos = nanosOf(value)
      if (!isWholeCents(nanos)) add(field, `${field} is limited to a precision of cents.`)
      if (nanos < 0n) add(field, `${field} must not be negative.`)
      if (nanos > mostUsd * 1_000_000_000n) add(field, `${field} must not exceed ${mostUsd} USD.`)
    },
    midnight(field, value, now) {
      if (!value) {
        add(field, `${field} must be set to publish the offer.`)
        return null
      }
      const ms = millisOf(value)
      if (ms === null || !isMidnight(ms)) {
        add(field, `${field} must be at a day boundary in the America/Los_Angeles time zone.`)
        return null
      }
      if (ms <= now) add(field, `${field} must be in the future.`)
      return ms
    },
  }
}
