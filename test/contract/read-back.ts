import { expect, it } from 'vitest'
import { compare, plus } from '../../src/kernel/decimal.ts'
import { addDays, type Day, dayOf } from '../../src/kernel/time.ts'
import type { HeldUsage, Report } from '../../src/metering/model.ts'
import type { MeteringWorld } from './metering.ts'

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
