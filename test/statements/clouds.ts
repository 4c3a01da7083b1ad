import { expect } from 'vitest'
import { compare, type Decimal, plus, total } from '../../src/kernel/decimal.ts'
import { everything, figuresOf, opens, tableOf } from './follow.ts'

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** A marketplace in which one agreement is used, and its own books. */
export type Cloud = {
  readonly agreement: string
  readonly now: () => string
  readonly get: (
    path: string,
  ) => Promise<{ readonly status: number; readonly body: any; readonly text: string }>
  readonly post: (path: string, body: unknown) => Promise<any>
  readonly pass: (ms: number, stepMs?: number) => Promise<void>
  /** What it holds of the agreement, by dimension. */
  readonly held: () => Promise<Readonly<Record<string, Decimal>>>
}

/** What was told of one dimension, kept apart from the service. */
export type Told = { quantity: Decimal; events: number; late: Decimal }

let ids = 0

/** Tells usage and keeps count of it. */
export function teller({ agreement, post, now }: Cloud) {
  const told: Record<string, Told> = {}
  const of = (dimension: string) => (told[dimension] ??= { quantity: '0', events: 0, late: '0' })
  const send = async (event: object) => {
    const answer = await post('/v1/usage-events', { events: [event] })
    expect(answer).toMatchObject({ refused: [], conflicts: [] })
    return answer
  }
  return {
    told,
    async use(dimension: string, quantity: Decimal, at = now()): Promise<string> {
      const id = `statement-${++ids}`
      const { lost } = await send({ id, source: 'product', agreement, dimension, quantity, at })
      const sum = of(dimension)
      if (lost > 0) sum.late = plus(sum.late, quantity)
      else {
        sum.quantity = plus(sum.quantity, quantity)
        sum.events += 1
      }
      return id
    },
    async takeBack(dimension: string, id: string, quantity: Decimal): Promise<void> {
      await send({ id: `${id}-back`, source: 'product', reverses: id })
      const sum = of(dimension)
      sum.quantity = plus(sum.quantity, `-${quantity}`)
      sum.events += 1
    },
  }
}

/** Fractions of units for some hours, an event taken back while its hour is open and one after it was sent, and one too late. */
export async function use(cloud: Cloud): Promise<Record<string, Told>> {
  const { use: tell, takeBack, told } = teller(cloud)
  const begun = cloud.now()
  for (let hour = 0; hour < 5; hour++) {
    await tell('api_calls', '45.25')
    await tell('storage_gb', '3.7')
    if (hour === 1) await takeBack('storage_gb', await tell('storage_gb', '2.5'), '2.5')
    await cloud.pass(hourMs)
  }
  const sent = await tell('api_calls', '10.5')
  await cloud.pass(2 * hourMs)
  await tell('api_calls', '30')
  await takeBack('api_calls', sent, '10.5')
  await cloud.pass(2 * hourMs)
  await cloud.pass(40 * hourMs, 4 * hourMs)
  await tell('storage_gb', '6', begun)
  await cloud.pass(hourMs)
  return told
}

/** The statement of a month, checked against what was told, what the cloud holds and its own rows, and its table. */
export async function checked(cloud: Cloud, month: string, told: Record<string, Told>) {
  const path = `/v1/agreements/${cloud.agreement}/statement?month=${month}`
  const { status, body } = await cloud.get(path)
  expect([status, body.holds]).toEqual([200, true])
  const held = await cloud.held()
  for (const row of body.dimensions) {
    const own = told[row.dimension] ?? expect.fail(`${row.dimension} was never used`)
    expect([row.dimension, row.parts.event.value, row.parts.event.count]).toEqual([
      row.dimension,
      own.quantity,
      own.events,
    ])
    expect([row.dimension, row.states.accepted.value]).toEqual([
      row.dimension,
      held[row.dimension] ?? '0',
    ])
    expect(row.late.records.value).toBe(own.late)
  }
  expect(body.dimensions.map((row: any) => row.dimension)).toEqual(Object.keys(told).toSorted())
  await opens(cloud.get, body)
  const table = tableOf((await cloud.get(`${path}&format=csv`)).text)
  for (const { value, rows } of figuresOf(body))
    expect(table.some((row) => row.rows === rows && compare(row.value ?? '0', value) === 0)).toBe(
      true,
    )
  return body
}

/** What the differences of a statement are, in brief. */
export const brief = (rows: readonly any[]): string[] =>
  rows
    .filter(({ verdict }) => verdict !== 'agreed')
    .map((row) => [row.level, row.dimension ?? '*', row.verdict].join(' '))
    .toSorted()

/** The sum of lines that a statement counts for the use of its month. */
export const chargedFor = (statement: any): Decimal =>
  total(
    statement.lines
      .filter(
        ({ of, kind, action }: any) => of === 'usage' && kind === 'gross' && action === 'invoiced',
      )
      .map(({ amount }: any) => amount.value),
  )

export const reconciled = (cloud: Cloud, month: string, more = '') =>
  everything(
    cloud.get,
    `/v1/reports/reconciliation?month=${month}&agreement=${cloud.agreement}${more}`,
  )
