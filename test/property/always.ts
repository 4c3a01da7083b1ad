import fc from 'fast-check'
import { expect } from 'vitest'

const told = process.env.PROPERTY_RUNS
const numRuns = Number(told ?? 300)
const seed = process.env.PROPERTY_SEED

/**
 * Tries a property with random cases: 300, or as many as `PROPERTY_RUNS` says, which then tells how many it was. A
 * failure names the seed that `PROPERTY_SEED` repeats it with.
 */
export function always<Cases>(property: fc.IProperty<Cases>): void {
  const started = performance.now()
  const run = fc.check(property, { numRuns, ...(seed !== undefined && { seed: Number(seed) }) })
  if (run.failed) throw new Error(fc.defaultReportMessage(run), { cause: run.errorInstance })
  if (told === undefined) return
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  const name = expect.getState().currentTestName
  console.info(`${String(run.numRuns).padStart(9)} cases ${seconds.padStart(6)} s  ${name}`)
}
