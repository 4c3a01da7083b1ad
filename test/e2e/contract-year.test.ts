import { afterEach, describe, expect, it } from 'vitest'
import type { Cloud } from '../../bench/cloud.ts'
import { aws } from '../../bench/clouds/aws.ts'
import { azure } from '../../bench/clouds/azure.ts'
import { gcp } from '../../bench/clouds/gcp.ts'
import { client } from '../../simulator/demo/client.ts'
import { createLocalWorld, type LocalWorld } from './local.ts'

const minuteMs = 60_000
const secret = 'a-year-of-notices-0123456789'

type Place = {
  readonly cloud: Cloud
  /** What one unit of the billed dimension costs there, in millionths of a dollar. */
  readonly unit: bigint
  readonly cancel: readonly [path: string, body: (ref: string) => object]
}
const places: readonly Place[] = [
  { cloud: aws, unit: 10_000n, cancel: ['/aws/buyer/cancel', (agreementId) => ({ agreementId })] },
  {
    cloud: azure,
    unit: 20_000n,
    cancel: ['/azure/buyer/cancel', (subscriptionId) => ({ subscriptionId })],
  },
  {
    cloud: gcp,
    unit: 20_000n,
    cancel: ['/gcp/buyer/cancel', (entitlement) => ({ entitlement, when: 'now' })],
  },
]

const dollars = (millionths: bigint) =>
  `${millionths / 1_000_000n}.${String(millionths % 1_000_000n).padStart(6, '0')}`
const unitOf = (millionths: bigint) => dollars(millionths).replace(/0+$/, '')

/** What the buyer uses, in turn. The last one of October is taken back in November. */
const uses: readonly (readonly [at: string, quantity: string, id: string])[] = [
  ['2027-02-10T03:10:00.000Z', '10000.5', 'feb-1'],
  ['2027-02-20T15:10:00.000Z', '2000.25', 'feb-2'],
  ['2027-03-05T09:10:00.000Z', '9000', 'mar'],
  ['2027-04-11T09:10:00.000Z', '1000', 'apr'],
  ['2027-05-11T09:10:00.000Z', '20000', 'may'],
  ['2027-06-11T09:10:00.000Z', '20000', 'jun'],
  ['2027-07-11T09:10:00.000Z', '100.1', 'jul'],
  ['2027-08-11T09:10:00.000Z', '15000', 'aug'],
  ['2027-09-11T09:10:00.000Z', '12000', 'sep'],
  ['2027-10-11T09:10:00.000Z', '4400', 'oct-1'],
  ['2027-10-12T09:10:00.000Z', '600', 'oct-2'],
  ['2027-11-05T09:10:00.000Z', '', 'oct-2-back'],
  ['2027-11-11T09:10:00.000Z', '10000.5', 'nov'],
  ['2027-12-10T09:10:00.000Z', '1000', 'dec-1'],
  ['2027-12-15T10:05:00.000Z', '500', 'dec-2'],
]
const cancelledAt = '2027-12-15T10:17:23.000Z'

/**
 * The same by hand, by whole months and in millionths of a dollar: what is owed beyond the commit.
 * February to April use 220.0075 of 300.00; a fifth of 300.00 rolls over, so from May 360.00 are there. May and June
 * take 400.00, July 1.001 more: beyond, at 1.15. From August 300.00; August takes 150.00. From September 10,000 units
 * of a month cost 0.01 and others 0.008, beyond the commit they cost 0.02, and a month owes 120.00 at least: September
 * takes 116.00. October's 5,000 units find 34.00, which is 3,400 of them; 1,600 are listed. 600 of those are taken back
 * in November, whose own 100.004 are drawn, as are December's 15.00. December has 15 days of 31.
 */
function reckoned(): bigint {
  const beyond = ((40_000_000n + 1_001_000n) * 115n) / 100n
  const september = 120_000_000n - 116_000_000n
  const october = 1_600n * 20_000n
  const octoberMinimum = 120_000_000n - (34_000_000n + october)
  const back = 600n * 20_000n
  const novemberMinimum = 120_000_000n - (100_004_000n - back)
  const december = 58_060_000n - 15_000_000n
  return beyond + september + october + octoberMinimum - back + novemberMinimum + december
}

const rate = (price: object) => ({ dimension: 'requests', price, period: 'month' })
const flat = { model: 'flat', rate: '0.01' }
const graduated = {
  model: 'graduated',
  tiers: [
    { upTo: '10000', rate: '0.01' },
    { upTo: null, rate: '0.008' },
  ],
}
const termsOf = (unit: bigint) => ({
  currency: 'USD',
  bills: { dimension: 'storage_gb', unit: unitOf(unit) },
  start: '2027-02-01',
  end: '2028-02-01',
  commit: {
    amount: '1200.00',
    releases: ['2027-02-01', '2027-05-01', '2027-08-01', '2027-11-01'].map((on) => ({
      on,
      amount: '300.00',
    })),
    unused: 'rollover',
    rollover: { percent: '20', expiresAfterMonths: 3 },
  },
  rates: [rate(flat)],
  overage: { at: 'committed', multiplier: '1.15' },
})
const amendedOf = (unit: bigint) => ({
  ...termsOf(unit),
  rates: [rate(graduated)],
  overage: {
    at: 'list',
    rates: [{ dimension: 'requests', price: { model: 'flat', rate: '0.02' } }],
  },
  minimums: [{ period: 'month', amount: '120.00', prorate: true }],
})

describe('a year of one agreement with commit, overage, amendment, rollover and cancellation', {
  timeout: 240_000,
}, () => {
  let world: LocalWorld
  afterEach(() => world?.close())

  /** Everything at once that falls due until then: nobody looks at a clock in between. */
  async function jump(to: string) {
    const ms = Date.parse(to) - Date.parse(world.deps.now())
    if (ms > 0) world.advance(ms)
    for (let round = 0; round < 40; round++) {
      await world.clouds.tick()
      if ((await world.drain()) === 0) return
    }
  }
  async function wait(minutes: number) {
    for (let done = 0; done < minutes; done += 10)
      await jump(new Date(Date.parse(world.deps.now()) + 10 * minuteMs).toISOString())
  }

  for (const { cloud, unit, cancel } of places)
    it(`comes to the cent at ${cloud.provider}`, async () => {
      world = await createLocalWorld('2027-01-25T09:00:00.000Z')
      const admin = world.as('admin')
      const get = async (path: string) => (await admin.get(path)).body
      const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
        const answer = await admin.post(path, body, headers)
        expect([path, answer.status, answer.status < 300 ? '' : answer.text]).toEqual([
          path,
          answer.status,
          '',
        ])
        return answer
      }
      const clouds = client(world.clouds.origin)
      const connection = (
        await post('/v1/connections', {
          provider: cloud.provider,
          name: 'seller',
          ...cloud.connection(world.clouds.origin),
          noticeSecret: secret,
        })
      ).body.id
      await cloud.notify(clouds, world.address, connection, secret)
      await jump(world.deps.now())
      const license = await cloud.accept(clouds)
      await wait(10)
      await cloud.arrive?.(clouds, license)
      await wait(20)
      const { data } = await get('/v1/agreements?limit=50')
      const agreement = data.find(
        (one: any) => one.agreementRef === license || one.licenseRefs.includes(license),
      )
      expect(agreement).toMatchObject({ state: { is: 'active' } })
      const { id, agreementRef } = agreement
      const contract = await post('/v1/contracts', { agreement: id, terms: termsOf(unit) })

      let month = '2027-02'
      for (const [at, quantity, event] of uses) {
        for (; month < at.slice(0, 7); month = next(month)) {
          await jump(`${next(month)}-01T00:06:00.000Z`)
          await wait(10)
          if (next(month) === '2027-08') {
            const amended = { terms: amendedOf(unit), from: '2027-09-01T00:00:00.000Z' }
            const etag =
              (await admin.get(`/v1/contracts/${contract.body.id}`)).headers.get('etag') ?? ''
            await post(`/v1/contracts/${contract.body.id}/amend`, amended, { 'if-match': etag })
          }
        }
        await jump(at)
        const told =
          quantity === ''
            ? { id: event, source: 'year', reverses: 'oct-2' }
            : {
                id: event,
                source: 'year',
                agreement: agreementRef,
                dimension: 'requests',
                quantity,
                at,
              }
        const { body } = await post('/v1/usage-events', { events: [told] })
        expect(body).toMatchObject({ accepted: 1, refused: [], conflicts: [] })
        // Its hour is over, and a little more; what was put off comes again.
        if (event !== 'dec-2') {
          await jump(new Date(Date.parse(at) + 57 * minuteMs).toISOString())
          await wait(10)
        }
      }
      await jump(cancelledAt)
      await clouds.post(cancel[0], cancel[1](agreementRef))
      await wait(80)
      // The longest last window is a day.
      for (const hours of [23, 23.1, 26])
        await jump(new Date(Date.parse(cancelledAt) + hours * 60 * minuteMs).toISOString())

      const statements: any[] = []
      for (let at = '2027-02'; at <= '2027-12'; at = next(at))
        statements.push(await get(`/v1/agreements/${id}/statement?month=${at}`))
      expect(statements.map(({ holds }) => holds)).toEqual(statements.map(() => true))
      const posted = statements.flatMap(({ contract: { postings } }) =>
        postings.map(({ posted }: any) => posted.value),
      )
      const total =
        posted.reduce((sum: bigint, value: string) => sum + millionths(value) * unit, 0n) /
        1_000_000n
      expect(dollars(total)).toBe(dollars(reckoned()))

      const accepted = statements.flatMap(({ dimensions }) =>
        dimensions
          .filter((row: any) => row.dimension === 'storage_gb')
          .map((row: any) => row.states.accepted.value),
      )
      const units =
        accepted.reduce((sum: bigint, value: string) => sum + millionths(value), 0n) / 1_000_000n
      expect(units).toBe(reckoned() / unit)
      const held = await cloud.heldUnits(clouds)
      const ours = [license, ...agreement.licenseRefs].map((ref) => held.get(`${ref}/storage_gb`))
      expect(ours.find((one) => one !== undefined)).toBe(String(units))
      const proof = await get(`/v1/reports/metering?agreement=${id}`)
      expect(proof.holds).toBe(true)
      const lost = proof.data.find((row: any) => row.dimension === 'storage_gb').lost
      expect(millionths(lost) * unit).toBe((reckoned() - units * unit) * 1_000_000n)
    })
})

const next = (month: string): string => {
  const [year = 0, of = 0] = month.split('-').map(Number)
  return of === 12 ? `${year + 1}-01` : `${year}-${String(of + 1).padStart(2, '0')}`
}
/** A decimal of at most six places, times a million. */
function millionths(text: string): bigint {
  const [whole = '0', places = ''] = text.replace('-', '').split('.')
  const value = BigInt(whole) * 1_000_000n + BigInt(places.padEnd(6, '0'))
  return text.startsWith('-') ? -value : value
}
