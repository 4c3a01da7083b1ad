import { afterEach, describe, expect, it } from 'vitest'
import { runNow } from '../../src/connections/service.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { Instant } from '../../src/kernel/time.ts'
import { choose } from '../../src/metering/lanes.ts'
import { takeTurn } from '../../src/metering/senders.ts'
import { event } from './market.ts'
import { openStalls, type Stalls } from './stalls.ts'

const minuteMs = 60_000
let stalls: Stalls
afterEach(() => stalls?.world.close())

const usage = (agreement: string, hour: string, more: object = {}) =>
  event({ agreement, at: `2027-03-10T${hour}:10:00Z`, ...more })
const tell = async (...events: readonly unknown[]) => {
  for (let n = 0; n < events.length; n += 500) {
    const { body } = await stalls.world
      .as('meter')
      .post('/v1/usage-events', { events: events.slice(n, n + 500) })
    expect(body).toMatchObject({ refused: [], conflicts: [] })
  }
}
const many = (name: string, agreements: number, hours: number) =>
  Array.from({ length: agreements * hours }, (_, n) =>
    usage(`${name}-${1 + (n % agreements)}`, String(Math.floor(n / agreements)).padStart(2, '0')),
  )
const lanes = async () => {
  const { body } = await stalls.world.as('viewer').get('/v1/usage-lanes')
  return Object.fromEntries(
    ['bazaar', 'souk'].map((name) => [
      name,
      body.data.find((lane: any) => lane.connection === stalls.of(name)?.connection),
    ]),
  )
}
const records = async (query = '') =>
  (await stalls.world.as('viewer').get(`/v1/usage-records?limit=200${query}`)).body.data as any[]
const states = async (name: string) => {
  const all = await records(`&connection=${stalls.of(name).connection}`)
  return [...new Set(all.map(({ state }) => state.is))]
}
const holds = async () =>
  expect((await stalls.world.as('viewer').get('/v1/reports/metering')).body.holds).toBe(true)

describe('the sending queue', () => {
  it('serves the account with the nearest deadline first, whichever it is', async () => {
    stalls = await openStalls({ bazaar: 1, souk: 1 })
    const next = async () => {
      const { db, now } = stalls.world.deps
      const first = await choose(db, now())
      const second = await choose(db, now(), first ? [first.connection] : [])
      return [first, second].map((lane) =>
        ['bazaar', 'souk'].find((name) => stalls.of(name).connection === lane?.connection),
      )
    }
    expect(await next()).toEqual([undefined, undefined])
    await tell(usage('bazaar-1', '07'), usage('souk-1', '05'), usage('bazaar-1', '03'))
    expect(await next()).toEqual(['bazaar', 'souk'])
    await stalls.pass(minuteMs)
    expect(await next()).toEqual([undefined, undefined])
    await tell(usage('bazaar-1', '06'), usage('souk-1', '04'))
    expect(await next()).toEqual(['souk', 'bazaar'])
  })

  it('turns from one account to the other where their deadlines are equally near', async () => {
    stalls = await openStalls({ bazaar: 60, souk: 60 }, { traits: { batchMax: 2 } })
    await tell(...many('bazaar', 60, 2), ...many('souk', 60, 2))
    await stalls.pass(minuteMs)
    const turns = stalls.calls.map(({ name }) => name).filter((name, n, all) => name !== all[n - 1])
    expect(stalls.calls).toHaveLength(120)
    expect(turns.length).toBeGreaterThanOrEqual(6)
    for (const name of ['bazaar', 'souk'])
      expect(
        new Set(
          stalls.calls
            .filter((call) => call.name === name)
            .flatMap(({ reports }) => reports.map(({ id }) => id)),
        ).size,
      ).toBe(120)
  })

  it('fills its calls, also where some of what it takes up is not sent', async () => {
    stalls = await openStalls({ bazaar: 100 }, { traits: { batchMax: 5 } })
    const events = many('bazaar', 100, 9).map((one, n) =>
      n % 7 ? one : { ...one, quantity: '0.25' },
    )
    await tell(...events)
    await stalls.pass(minuteMs)
    const sent = stalls.calls.flatMap(({ reports }) => reports).length
    expect(sent).toBe(events.length - Math.ceil(events.length / 7))
    // Those who take up the last of it at the same time may each leave a call half full.
    expect(stalls.calls.length - Math.ceil(sent / 5)).toBeLessThanOrEqual(3)
  })

  it('keeps what a marketplace takes a second, whoever sends', { timeout: 60_000 }, async () => {
    stalls = await openStalls({ bazaar: 40 }, { traits: { callsPerSecondMax: 8, batchMax: 4 } })
    const { deps } = stalls.world
    await tell(...many('bazaar', 40, 3))
    stalls.world.advance(minuteMs)
    // Three processes: each has opened its ports itself.
    const others = [1, 2, 3].map((n) => takeTurn({ ...deps, opened: new Map() }, `slot-${n}`))
    await Promise.all(others)
    expect(stalls.calls).toHaveLength(30)
    expect(stalls.of('bazaar').market.total()).toBe('120')
    const starts = stalls.calls.map(({ at }) => at).toSorted((a, b) => a - b)
    const within = starts.map(
      (from) => starts.filter((at) => at >= from && at < from + 1_000).length,
    )
    expect(Math.max(...within)).toBeLessThanOrEqual(8)
    await holds()
  })

  it('runs as many senders as a process may, and leaves the others to another process', async () => {
    stalls = await openStalls({ bazaar: 30 }, { traits: { batchMax: 1 } })
    await tell(...many('bazaar', 30, 2))
    stalls.world.advance(minuteMs)
    let atWork = 0
    let most = 0
    stalls.of('bazaar').market.meanwhile = async () => {
      most = Math.max(most, ++atWork)
      await new Promise((resolve) => setTimeout(resolve, 20))
      atWork--
    }
    const deps = { ...stalls.world.deps, senders: 1 }
    const [first, second] = await Promise.all(
      ['slot-0', 'slot-1'].map((slot) => takeTurn(deps, slot)),
    )
    expect([first, typeof second]).toEqual(['done', 'object'])
    expect(most).toBeLessThanOrEqual(4)
    expect(await states('bazaar')).toEqual(['accepted'])
  })

  it('has nothing to do with places that are not there', async () => {
    stalls = await openStalls({ bazaar: 1 })
    for (const subject of ['slot-64', 'slot-', 'slot-1000', 'conn_of_old'])
      expect(await takeTurn(stalls.world.deps, subject)).toBe('done')
  })
})

describe('an account in trouble', () => {
  const down = () => new Problem('unavailable', 'no answer within 10 s')

  it('is left alone while the others go on, then tried with one call, and goes on when that is answered', async () => {
    stalls = await openStalls({ bazaar: 60, souk: 60 })
    const { market } = stalls.of('bazaar')
    await tell(...many('bazaar', 60, 3), ...many('souk', 60, 3))
    market.fault = down
    await stalls.pass(minuteMs)
    expect(await states('souk')).toEqual(['accepted'])
    const first = market.calls.length
    expect(first).toBeLessThanOrEqual(4)
    const { bazaar, souk } = await lanes()
    expect(bazaar).toMatchObject({
      due: 180,
      circuit: {
        is: 'open',
        failures: 1,
        problem: { code: 'unavailable', message: 'no answer within 10 s' },
      },
    })
    expect(souk).toMatchObject({ due: 0, deadline: null, circuit: { is: 'closed', until: null } })
    await stalls.pass(4_000)
    expect(market.calls.length).toBe(first)
    await stalls.pass(1_000)
    expect(market.calls.length).toBe(first + 1)
    // What was sent and never answered is what is tried again: nothing more becomes unknown.
    const known = new Set(
      market.calls
        .slice(0, first)
        .flat()
        .map(({ id }) => id),
    )
    expect(market.calls.at(-1)?.every(({ id }) => known.has(id))).toBe(true)
    expect((await lanes()).bazaar.circuit).toMatchObject({ is: 'open', failures: 2 })
    market.fault = undefined
    await stalls.pass(10_000)
    expect(await states('bazaar')).toEqual(['accepted'])
    expect(market.total()).toBe('180')
    expect((await lanes()).bazaar.circuit).toEqual({
      is: 'closed',
      until: null,
      failures: 0,
      problem: null,
    })
    await holds()
  })

  it('is tried less and less often, but at least every three minutes', async () => {
    stalls = await openStalls({ bazaar: 1 })
    const { market } = stalls.of('bazaar')
    await tell(usage('bazaar-1', '08'))
    market.fault = down
    const at: number[] = []
    for (let seconds = 0; seconds < 1_200; seconds += 5) {
      const before = market.calls.length
      await stalls.pass(5_000)
      if (market.calls.length > before) at.push(seconds)
    }
    const waits = at.slice(1).map((second, n) => second - (at[n] ?? 0))
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(waits.slice(4).every((wait) => wait >= 80 && wait <= 180)).toBe(true)
    expect(waits.length).toBeGreaterThan(8)
  })

  it('shows its trouble among what is kept up with, and says when it is over', async () => {
    stalls = await openStalls({ bazaar: 1 })
    const { market } = stalls.of('bazaar')
    const sync = async () =>
      (await stalls.world.as('viewer').get('/v1/syncs')).body.data.find(
        ({ name }: any) => name === 'metering',
      )
    const told = async () =>
      (await stalls.world.as('viewer').get('/v1/events?limit=200')).body.data
        .map(({ kind }: any) => kind)
        .filter((kind: string) => kind.startsWith('sync.'))
    await tell(usage('bazaar-1', '08'))
    market.fault = () => new Problem('unauthenticated', 'the secret has expired')
    await stalls.pass(minuteMs)
    expect((await sync()).problem).toMatchObject({ code: 'unauthenticated' })
    market.fault = undefined
    await stalls.pass(2 * minuteMs)
    expect((await sync()).problem).toBe(null)
    expect(await told()).toEqual(['sync.failed', 'sync.recovered'])
  })

  it('loses what runs out meanwhile, by name and value, within a minute', async () => {
    stalls = await openStalls({ bazaar: 1, souk: 1 })
    await tell(usage('bazaar-1', '00', { quantity: '3' }), usage('souk-1', '00', { quantity: '4' }))
    // Never called, so nobody can have taken it.
    stalls.of('bazaar').market.decide = ({ id }) => ({ id, is: 'later', reason: 'busy' })
    await stalls.world.as('admin').delete(`/v1/connections/${stalls.of('souk').connection}`)
    await stalls.pass(minuteMs)
    stalls.of('bazaar').market.fault = () =>
      new Problem('throttled', 'come back later', { retryAfterMs: 86_400_000 })
    const end = Date.parse('2027-03-11T01:00:00Z')
    while (Date.parse(stalls.world.deps.now()) < end - 30 * minuteMs)
      await stalls.pass(30 * minuteMs)
    expect(await records('&state=lost')).toEqual([])
    await stalls.pass(end - Date.parse(stalls.world.deps.now()))
    const lost = (await records()).filter(({ state }) => state.is === 'lost')
    const told = lost.map(({ connection, state }) => [connection, state.quantity, state.value])
    // What may have been taken when nobody answered is not lost: only the marketplace knows.
    expect(await states('bazaar')).toEqual(['sending'])
    expect(told).toEqual([[stalls.of('souk').connection, '4', { currency: 'USD', amount: '2.00' }]])
    expect(Date.parse(lost[0].state.at) - end).toBeLessThan(minuteMs)
  })
})

describe('a forbidden product', () => {
  it('keeps no other product of its account from being sent, and is tried again with one call', async () => {
    const apart = (a: { agreementRef: string }, b: { agreementRef: string }) =>
      a.agreementRef === b.agreementRef
    stalls = await openStalls({ bazaar: 5 }, { compatible: apart })
    const { market } = stalls.of('bazaar')
    const hours = ['00', '01', '02', '03']
    await tell(...[1, 2, 3, 4, 5].flatMap((n) => hours.map((hour) => usage(`bazaar-${n}`, hour))))
    let isForbidden = true
    market.meanwhile = async ([report]) => {
      if (!isForbidden || report?.agreementRef !== 'bazaar-1') return
      for (const key of [...market.ledger.keys()])
        if (key.startsWith('license-of-bazaar-1 ')) market.ledger.delete(key)
      throw new Problem('forbidden', 'not for this product')
    }
    await stalls.pass(minuteMs)
    const kept = await records('&agreement=bazaar-1')
    expect(new Set(kept.map(({ state }) => state.is))).toEqual(new Set(['sending']))
    expect(market.total()).toBe('16')
    const { bazaar } = await lanes()
    expect(bazaar).toMatchObject({
      circuit: { is: 'closed' },
      blocked: [{ product: 'license-of-bazaar-1', failures: 1, problem: { code: 'forbidden' } }],
    })
    const calls = () => market.calls.filter(([one]) => one?.agreementRef === 'bazaar-1').length
    expect(calls()).toBe(1)
    await tell(usage('bazaar-1', '05'), usage('bazaar-2', '05'))
    await runNow(stalls.world.deps, 'metering')
    await stalls.drain()
    expect([calls(), market.total()]).toEqual([1, '17'])
    await stalls.pass(65_000)
    expect(calls()).toBe(2)
    isForbidden = false
    await stalls.pass(3 * minuteMs)
    await stalls.pass(2 * minuteMs)
    expect(await states('bazaar')).toEqual(['accepted'])
    expect((await lanes()).bazaar.blocked).toEqual([])
    await holds()
  })

  it('is the whole account’s trouble where a call is about several', async () => {
    stalls = await openStalls({ bazaar: 2 })
    const { market } = stalls.of('bazaar')
    await tell(usage('bazaar-1', '01'), usage('bazaar-2', '01'))
    market.fault = () => new Problem('forbidden', 'not allowed')
    await stalls.pass(minuteMs)
    expect((await lanes()).bazaar).toMatchObject({
      circuit: { is: 'open', problem: { code: 'forbidden' } },
      blocked: [],
    })
  })
})

describe('a call that nobody could read', () => {
  it('waits longer each time, and holds up nobody', async () => {
    stalls = await openStalls({ bazaar: 2 }, { traits: { batchMax: 1 } })
    const { market } = stalls.of('bazaar')
    await tell(usage('bazaar-1', '01'), usage('bazaar-2', '02'))
    market.meanwhile = async ([report]) => {
      if (report?.agreementRef === 'bazaar-1') throw new Error('unreadable')
    }
    const calls = () => market.calls.filter(([one]) => one?.agreementRef === 'bazaar-1').length
    await stalls.pass(minuteMs)
    expect((await records('&agreement=bazaar-2'))[0].state.is).toBe('accepted')
    const [at, seen]: [Instant, number[]] = [stalls.world.deps.now(), []]
    for (let n = 0; n < 30; n++) {
      const before = calls()
      await stalls.pass(minuteMs)
      if (calls() > before)
        seen.push((Date.parse(stalls.world.deps.now()) - Date.parse(at)) / minuteMs)
    }
    expect(seen.slice(0, 3)).toEqual([1, 3, 7])
    market.meanwhile = undefined
    await stalls.pass(16 * minuteMs)
    expect(await states('bazaar')).toEqual(['accepted'])
  })
})
