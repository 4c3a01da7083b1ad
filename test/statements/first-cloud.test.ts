import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLocalWorld, type LocalWorld } from '../e2e/local.ts'
import {
  brief,
  type Cloud,
  chargedFor,
  checked,
  dayMs,
  reconciled,
  type Told,
  use,
} from './clouds.ts'

const initech = '111122223333'

/** Usage of a month on AWS, up to its invoice and payout: what feeds and the Agreement API tell, to the cent. */
describe('a month of an agreement on AWS', { timeout: 180_000 }, () => {
  let world: LocalWorld
  let cloud: Cloud
  let told: Record<string, Told>
  const clouds = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await fetch(world.clouds.origin + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }
  beforeAll(async () => {
    world = await createLocalWorld('2027-03-08T09:00:00.000Z')
    await clouds('POST', '/aws/control/settings', {
      billing: { payAfterDays: 1, disburseAfterDays: 1 },
    })
    const { origin } = world.clouds
    const { body } = await world.as('admin').post('/v1/connections', {
      provider: 'aws',
      name: 'Seller',
      settings: {
        endpoint: `${origin}/aws`,
        sellerAccount: '777788889999',
        feeds: { kind: 's3', bucket: 'seller-data-feeds' },
      },
      credentials: {
        kind: 'keys',
        accessKeyId: 'AKIASIMSELLER0000001',
        secretAccessKey: 'simulated-seller-secret',
      },
    })
    await world.pass(12 * 60_000)
    const { agreementId } = await clouds('POST', '/aws/buyer/accept', {
      offerId: 'offer-demopub1ic001',
      account: initech,
      quantities: { seats: 2 },
    })
    await world.pass(20 * 60_000)
    const get = (path: string) => world.as('finance').get(path)
    const { body: agreements } = await get(`/v1/agreements?connection=${body.id}&limit=200`)
    const { id } = agreements.data.find((one: any) => one.agreementRef === agreementId)
    cloud = {
      agreement: id,
      now: () => world.deps.now(),
      get,
      pass: world.pass,
      async post(path, sent) {
        const { status, body: answer, text } = await world.as('meter').post(path, sent)
        if (status >= 300) throw new Error(`${status} ${text}`)
        return answer
      },
      async held() {
        const { totals } = await clouds('GET', '/aws/control/ledger')
        return Object.fromEntries(
          totals.map(({ dimension, quantity }: any) => [dimension, String(quantity)]),
        )
      },
    }
    told = await use(cloud)
    await world.pass(2 * dayMs, dayMs / 4)
  }, 180_000)
  afterAll(() => world?.close())

  it('says before the invoice what was taken, and that it is not billed yet', async () => {
    const statement = await checked(cloud, '2027-03', told)
    const [calls] = statement.dimensions
    expect(calls.taken).toMatchObject([
      { source: 'report', held: { value: calls.states.accepted.value } },
    ])
    expect(brief(statement.differences)).toEqual([
      'billed * not_billed_yet',
      'sent storage_gb lost',
    ])
  })

  it('agrees with the invoice to the cent, by lines and by number, and with what was paid out', async () => {
    await world.pass(32 * dayMs, dayMs / 2)
    const statement = await checked(cloud, '2027-03', told)
    expect(brief(statement.differences)).toEqual(['sent storage_gb lost'])
    const { rows } = await clouds('GET', '/aws/control/billing')
    const billed = rows
      .filter((row: any) => row.usage_period_start_date.startsWith('2027-03-01'))
      .filter(
        (row: any) => row.action === 'INVOICED' && row.transaction_type === 'SELLER_REV_SHARE',
      )
    const cents = billed.reduce(
      (sum: number, row: any) => sum + Math.round(Number(row.amount) * 100),
      0,
    )
    expect(Math.round(Number(chargedFor(statement)) * 100)).toBe(cents)
    expect(cents).toBeGreaterThan(0)
    const paid = statement.lines.find(
      (line: any) => line.of === 'usage' && line.action === 'disbursed' && line.kind === 'gross',
    )
    expect(Number(paid.amount.value)).toBe(-cents / 100)
    const april = await reconciled(cloud, '2027-04')
    expect(april.filter(({ level }: any) => level === 'invoice')).toMatchObject([
      { verdict: 'agreed', theirsValue: { amount: (cents / 100).toFixed(2) } },
    ])
    const march = await reconciled(cloud, '2027-03', '&verdict=agreed')
    expect(march.filter(({ level }: any) => level === 'billed')).toHaveLength(1)
  })
})
