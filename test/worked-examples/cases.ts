import { describe, expect, it } from 'vitest'
import { type Money, parseMoney, toDecimal } from '../../src/kernel/money.ts'
import file from './worked-examples.json' with { type: 'json' }

type Case = { id: string; fn: string; title: string; input: any; expected: any }
/** Gives what our own functions answer to a case's input, in the words of its `expected`. */
export type Runner = (input: any, expected: any) => unknown

export const usd = (amount: string): Money => parseMoney('USD', amount)
export const text = (amount: Money | null): string | null => amount && toDecimal(amount)

const cases = file.cases as readonly Case[]

export const caseOf = (id: string): Case => cases.find((c) => c.id === id) as Case

/**
 * Every case of a section is a test: its input through a runner must give exactly what is expected.
 * `elsewhere` names cases that are tested against the database, or about what the product does not do.
 */
export function worked(
  prefix: string,
  runners: Readonly<Record<string, Runner>>,
  elsewhere: readonly string[] = [],
): void {
  const ours = cases.filter((c) => c.id.startsWith(`${prefix}-`) && !elsewhere.includes(c.id))
  describe(`worked examples ${prefix}`, () => {
    it('has a runner for every case and none too many', () => {
      expect(Object.keys(runners).sort()).toEqual(ours.map((c) => c.id).sort())
    })
    for (const { id, title, input, expected } of ours)
      it(`${id}: ${title}`, () => expect(runners[id]?.(input, expected)).toEqual(expected))
  })
}
