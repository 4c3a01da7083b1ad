import fc from 'fast-check'
import { expect } from 'vitest'

const told = process.env.PROPERTY_RUNS
/** With how many cases each property is tried: 300, or as many as `PROPERTY_RUNS` says. */
export const cases = Number(told ?? 300)
const seed = process.env.PROPERTY_SEED
/** What a run is repeated with; none: every run draws its own cases. */
export const seeded = seed === undefined ? {} : { seed: Number(seed) }

/**
 * Tries a property with random cases. A failure names the seed that `PROPERTY_SEED` repeats it with; where
 * `PROPERTY_RUNS` says how many cases are wanted, a success says how many there were.
 */
export function always<Cases>(property: fc.IProperty<Cases>): void {
  const started = performance.now()
  const run = fc.check(property, { numRuns: cases, ...seeded })
  if (run.failed) throw new Error(fc.defaultReportMessage(run), { cause: run.errorInstance })
  tried(run.numRuns, started)
}

/** Says how many cases the property of this test held for. */
export function tried(count: number, started: number): void {
  if (told === undefined) return
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  const name = expect.getState().currentTestName
  console.info(`${String(count).padStart(9)} cases ${seconds.padStart(6)} s  ${name}`)
}
