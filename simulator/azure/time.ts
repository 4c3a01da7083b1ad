import { addMonths } from '../duration.ts'
import type { TermUnit } from './catalog-model.ts'

export const DAY_MS = 86_400_000
export const HOUR_MS = 3_600_000

/** `2026-03-15T23:06:06.9852975Z`: Microsoft counts in ticks of 100 ns; what a clock of milliseconds lacks is made up. */
export function ticks(at: number): string {
  const rest = String((at * 7919) % 9999).padStart(4, '0')
  return `${new Date(at).toISOString().slice(0, -1)}${rest}Z`
}

/** Day of an instant: `2026-03-15`. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

/** Midnight UTC a day begins with, in milliseconds. */
export const startOf = (day: string): number => Date.parse(`${day}T00:00:00Z`)

export const MONTHS: Record<TermUnit, number> = {
  P1M: 1,
  P1Y: 12,
  P2Y: 24,
  P3Y: 36,
  P4Y: 48,
  P5Y: 60,
}

/** Last day of a term that begins on `day`. */
export function termEndOf(day: string, unit: TermUnit): string {
  return dayOf(addMonths(startOf(day), MONTHS[unit]) - DAY_MS)
}
