import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACME, type Google, INITECH, openGoogle } from '../e2e/google/google.ts'
import { heldBy } from '../e2e/google/usage.ts'
import { brief, type Cloud, checked, dayMs, reconciled, type Told, use } from './clouds.ts'

/** What Google's reports call Initech's billing account. */
const reportedAs = 'E-145E-00B5-E8C6-C4B8'

/** Usage of a month at Google, whose reports tell of Pacific months once they are over. */
describe('a month of an agreement at Google', { timeout: 180_000 }, () => {
  let google: Google
  let cloud: Cloud
  let told: Record<string, Told>
  beforeAll(async () => {
    google = await openGoogle({
      startAt: '2027-03-08T09:00:00.000Z',
      settings: { reports: { kind: 'bucket', bucket: ACME.reportBucket } },
    })
    const { id, agreement } = await google.subscribe('payg', INITECH)
    const { buyerRef } = await google.get(`/v1/agreements/${agreement}`)
    await google.post('/v1/buyers', {
      name: 'Initech',
      accounts: [buyerRef, reportedAs].map((ref) => ({ provider: 'gcp', ref })),
    })
    cloud = {
      agreement,
      now: () => google.deps.now(),
      get: (path) => google.as('finance').get(path),
      post: google.post,
      pass: google.pass,
      async held() {
        const { totals } = await heldBy(google, id)
        return {
          api_calls: totals.payg_api_calls ?? '0',
          storage_gb: totals.payg_storage_gb ?? '0',
        }
      },
    }
    told = await use(cloud)
  }, 180_000)
  afterAll(() => google?.close())

  it('says that nothing is told yet', async () => {
    const statement = await checked(cloud, '2027-03', told)
    expect(brief(statement.differences)).toEqual([
      'billed * not_billed_yet',
      'sent storage_gb lost',
      'taken api_calls not_told',
      'taken storage_gb not_told',
    ])
  })

  it('agrees with the month’s reports, by dimension and to the cent', async () => {
    await google.pass(Date.parse('2027-04-18T09:00:00Z') - Date.parse(google.deps.now()), dayMs)
    const statement = await checked(cloud, '2027-03', told)
    expect(brief(statement.differences)).toEqual(['sent storage_gb lost'])
    for (const { taken, states } of statement.dimensions)
      expect(taken).toMatchObject([{ source: 'report', held: { value: states.accepted.value } }])
    const billed = (await reconciled(cloud, '2027-03')).filter(
      ({ level }: any) => level === 'billed',
    )
    expect(billed.map((row: any) => [row.dimension, row.verdict, row.from])).toEqual([
      ['api_calls', 'agreed', '2027-03-01T08:00:00.000Z'],
      ['storage_gb', 'agreed', '2027-03-01T08:00:00.000Z'],
    ])
    for (const { oursValue, theirsValue } of billed) expect(theirsValue).toEqual(oursValue)
    const gross = statement.lines.filter(
      (one: any) => one.of === 'invoices' && one.kind === 'gross' && one.action === 'invoiced',
    )
    const cents = billed.reduce(
      (sum: number, row: any) => sum + Math.round(Number(row.theirsValue.amount) * 100),
      0,
    )
    expect(Math.round(Number(gross[0].amount.value) * 100)).toBe(cents)
  })
})
