import { expect, it } from 'vitest'
import { compare, isDecimal, plus, trim } from '../../src/kernel/decimal.ts'
import { addDays, type Day, dayOf } from '../../src/kernel/time.ts'
import type { HeldUsage, Report } from '../../src/metering/model.ts'
import type { ReportedUsage } from '../../src/revenue/model.ts'
import type { MeteringWorld } from './metering.ts'
import type { Reports, RevenueWorld } from './revenue-world.ts'

const chunkMax = 1_000

/** What a port promises of reading back, where it has it. */
export function readsBack(open: () => MeteringWorld): void {
  it('tells what it holds of what was accepted, exactly, and settles it', async (context) => {
    const world = open()
    if (!world.port().readBack || !world.settleHeld)
      return context.skip('the marketplace does not tell what it holds')
    const [one, twin] = sameDay(world)
    const [known] = await rowsOf(world, one)
    await world.port().report([one, twin])
    const before = await rowsOf(world, one)
    expect(before.length).toBeGreaterThan(0)
    const sum = plus(known?.submitted ?? '0', plus(one.quantity, twin.quantity))
    for (const row of before) {
      expect(row).toMatchObject({ verdict: 'pending', day: dayOf(one.hour) })
      expect(compare(row.submitted, sum)).toBe(0)
    }
    await world.settleHeld(one, 'agreed')
    const [after] = await rowsOf(world, one)
    expect(after).toMatchObject({ verdict: 'agreed', nativeStatus: expect.stringMatching(/\w/) })
    expect(compare(after?.submitted ?? '0', sum)).toBe(0)
    if (after?.processed) expect(compare(after.processed, sum)).toBe(0)
  })

  it.for(['differs', 'rejected'] as const)(
    'tells when what it holds %s, in its own words',
    async (as, context) => {
      const world = open()
      if (!world.port().readBack || !world.settleHeld)
        return context.skip('the marketplace does not tell what it holds')
      const one = world.next()
      await world.port().report([one])
      await world.settleHeld(one, as)
      const [row] = await rowsOf(world, one)
      expect(row).toMatchObject({ verdict: as, nativeStatus: expect.stringMatching(/\w/) })
    },
  )

  it('tells of the days asked for only', async (context) => {
    const world = open()
    if (!world.port().readBack || !world.settleHeld)
      return context.skip('the marketplace does not tell what it holds')
    const one = world.next()
    await world.port().report([one])
    await world.settleHeld(one, 'agreed')
    const day = dayOf(one.hour)
    expect((await read(world, day, day)).every((row) => row.day === day)).toBe(true)
    const earlier = await read(world, addDays(day, -9), addDays(day, -8))
    expect(earlier.filter(({ agreementRef }) => agreementRef === one.agreementRef)).toEqual([])
  })
}

/** Two reports of one agreement, dimension and day. */
function sameDay(world: MeteringWorld): readonly [Report, Report] {
  const one = world.next()
  for (let tries = 0; tries < 500; tries++) {
    const other = world.next()
    const isAlike = other.agreementRef === one.agreementRef && other.dimension === one.dimension
    if (isAlike && dayOf(other.hour) === dayOf(one.hour)) return [one, other]
  }
  return expect.fail('the world has no two hours of one agreement in one day')
}

async function read(world: MeteringWorld, first: Day, last: Day): Promise<readonly HeldUsage[]> {
  const rows: HeldUsage[] = []
  for await (const chunk of world.port().readBack?.(first, last) ?? []) {
    expect(chunk.length).toBeLessThanOrEqual(chunkMax)
    rows.push(...chunk)
  }
  return rows
}

const rowsOf = async (world: MeteringWorld, { agreementRef, dimension, hour }: Report) =>
  (await read(world, dayOf(hour), dayOf(hour))).filter(
    (row) => row.agreementRef === agreementRef && row.dimension === dimension,
  )

/** What a port promises of the usage that its reports tell. */
export function tellsUsage(open: () => RevenueWorld, reports: () => Reports): void {
  it('tells what was used of each dimension, in whole periods, as much as the marketplace counted', async (context) => {
    const world = open()
    if (!world.used) return context.skip('its reports tell no usage that can be tied')
    const newest = new Map<string, ReportedUsage>()
    for (const { content } of (await reports().rows()).rows)
      if (content.is === 'fact' && content.subject === 'usage')
        newest.set(content.ref, content.values as unknown as ReportedUsage)
    expect(newest.size).toBeGreaterThan(0)
    const sums: Record<string, string> = {}
    for (const { dimension, quantity, from, to, item, amount } of newest.values()) {
      expect(from < to && /:00:00\.000Z$/.test(from) && /:00:00\.000Z$/.test(to)).toBe(true)
      expect(item).not.toBe('')
      if (amount !== null) expect(isDecimal(amount)).toBe(true)
      if (dimension !== null) sums[dimension] = plus(sums[dimension] ?? '0', quantity)
    }
    const counted = Object.entries(await world.used())
    expect(sums).toEqual(Object.fromEntries(counted.map(([name, sum]) => [name, trim(sum)])))
  })

  it('answers what it invoiced of an agreement, all of it or since a moment', async (context) => {
    const world = open()
    const { invoices } = world.port()
    if (!invoices) return context.skip('it cannot be asked')
    const gross = (await world.billed()).filter(({ kind }) => kind === 'gross')
    const { agreementRef } = gross[0] ?? expect.fail('nothing was billed')
    const all = await invoices(agreementRef ?? '', null)
    expect(all.length).toBeGreaterThan(0)
    for (const { amount, month, native } of all) {
      expect(isDecimal(amount)).toBe(true)
      expect(month).toMatch(/^\d{4}-\d\d$/)
      expect(native).toBeTypeOf('object')
    }
    const sum = (rows: readonly { readonly amount: string }[]) =>
      rows.map(({ amount }) => amount).reduce(plus, '0')
    const lines = (await world.billed()).filter(
      (line) =>
        line.agreementRef === agreementRef &&
        line.action === 'invoiced' &&
        ['gross', 'gross_refund'].includes(line.kind),
    )
    expect(compare(sum(all), sum(lines))).toBe(0)
    const last = all
      .map(({ issuedAt }) => issuedAt)
      .toSorted()
      .at(-1)!
    expect(await invoices(agreementRef ?? '', last)).toEqual([])
    await expect(invoices('agmt-none', null)).rejects.toMatchObject({ code: 'not_found' })
  })
}
