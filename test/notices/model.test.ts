import { describe, expect, it } from 'vitest'
import { Problem } from '../../src/kernel/problem.ts'
import { type Instant, later } from '../../src/kernel/time.ts'
import { afterTrouble, unkeepable } from '../../src/notices/model.ts'

const receivedAt: Instant = '2027-01-01T00:00:00.000Z'
const hourMs = 3_600_000

describe('a notice that could not be acted on', () => {
  const waits = (attempts: number, problem = new Problem('not_found', 'not yet')) => {
    const state = afterTrouble({ receivedAt, attempts }, problem, receivedAt)
    return state.is === 'received' ? Date.parse(state.dueAt) - Date.parse(receivedAt) : 'failed'
  }

  it('waits twice as long each time, at most an hour', () => {
    expect([0, 1, 2, 9, 10, 1000].map((attempts) => waits(attempts))).toEqual([
      5_000,
      10_000,
      20_000,
      2_560_000,
      hourMs,
      hourMs,
    ])
  })

  it('waits as long as the provider asks', () => {
    expect(waits(3, new Problem('throttled', 'slow down', { retryAfterMs: 90_000 }))).toBe(90_000)
  })

  it.each([
    ['not_found', 23, 'received'],
    ['not_found', 24, 'failed'],
    ['internal', 24, 'failed'],
    ['forbidden', 24, 'failed'],
    ['unavailable', 1000, 'received'],
    ['throttled', 1000, 'received'],
  ] as const)('for %s, %i hours after it came, is %s', (code, hours, is) => {
    const now = later(receivedAt, hours * hourMs)
    const state = afterTrouble({ receivedAt, attempts: 30 }, new Problem(code, 'why'), now)
    expect(state).toMatchObject({ is, problem: { code, message: 'why' } })
  })
})

describe('what a database can keep', () => {
  const nest = (depth: number): unknown => (depth === 0 ? 'x' : [nest(depth - 1)])
  it.each([
    ['text and numbers', { a: ['b', 1, null, true] }, true],
    ['a whole emoji', '😀', true],
    ['half of one', { a: ['\ud83d'] }, false],
    ['U+0000 in a value', { a: { b: 'x\0' } }, false],
    ['U+0000 in a name', { 'a\0': 1 }, false],
    ['a nest of 64', nest(64), true],
    ['a nest of 65', nest(65), false],
  ])('%s: %#', (_, value, keepable) => {
    expect(unkeepable(value) === undefined).toBe(keepable)
  })
})
