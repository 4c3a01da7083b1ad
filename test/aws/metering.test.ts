import { describe, expect, it } from 'vitest'
import type { Report } from '../../src/metering/model.ts'
import { type Call, cloud, failing } from './cloud.ts'

const license = 'arn:aws:license-manager::294406891311:license:l-0123456789abcdef0123456789abcdef'
const report = (id: string, change: Partial<Report> = {}): Report => ({
  id,
  agreementRef: 'agmt-1',
  licenseRef: license,
  buyerRef: '111122223333',
  customerRef: null,
  meteringRef: 'pc1',
  planRef: null,
  dimension: id,
  hour: '2026-11-01T08:00Z',
  quantity: '10',
  allocations: [],
  ...change,
})
const ids = (count: number) => Array.from({ length: count }, (_, i) => `d${i}`)
const all = (Status: string) => (call: Call) => ({
  Results: [...call.body.UsageRecords].reverse().map((UsageRecord) => ({
    UsageRecord,
    Status,
    MeteringRecordId: `m-${UsageRecord.Dimension}`,
  })),
})
/** AWS as it is when some dimensions are bad: the whole call fails. */
const refusing =
  (error: string, ...bad: string[]) =>
  (call: Call) =>
    call.body.UsageRecords.some((record: any) => bad.includes(record.Dimension))
      ? { status: 400, error }
      : all('Success')(call)

describe('what is sent', () => {
  it('names a licence and never the product with it', async () => {
    const { calls, metering } = await cloud({ BatchMeterUsage: all('Success') })
    const tags = { team: 'a' }
    const allocations = [
      { quantity: '7', tags },
      { quantity: '3', tags: {} },
    ]
    await metering.report([report('d', { allocations })])
    expect(calls[0]?.body).toEqual({
      UsageRecords: [
        {
          Timestamp: Date.parse('2026-11-01T08:59:59Z') / 1000,
          CustomerAWSAccountId: '111122223333',
          LicenseArn: license,
          Dimension: 'd',
          Quantity: 10,
          UsageAllocations: [
            { AllocatedUsageQuantity: 7, Tags: [{ Key: 'team', Value: 'a' }] },
            { AllocatedUsageQuantity: 3 },
          ],
        },
      ],
    })
  })

  it('names product and customer for a listing still metered so, found by its code or its id', async () => {
    const entity = { DetailsDocument: { Description: { ProductCode: 'pc1' } } }
    for (const listing of ['pc1', 'prod-1']) {
      const { calls, metering } = await cloud(
        {
          BatchMeterUsage: all('Success'),
          BatchDescribeEntities: { EntityDetails: { 'prod-1': entity }, Errors: {} },
        },
        { settings: { legacyListings: [listing] } },
      )
      await metering.report([report('d', { customerRef: 'X01' })])
      const sent = calls.at(-1)?.body
      expect(sent.ProductCode).toBe('pc1')
      expect(sent.UsageRecords[0]).toMatchObject({ CustomerIdentifier: 'X01' })
      expect(sent.UsageRecords[0]).not.toHaveProperty('LicenseArn')
      expect(sent.UsageRecords[0]).not.toHaveProperty('CustomerAWSAccountId')
    }
  })

  it('never sends a time to come', async () => {
    const { calls, metering } = await cloud({ BatchMeterUsage: all('Success') })
    await metering.report([report('d', { hour: '2026-11-01T10:00Z' })])
    expect(calls[0]?.body.UsageRecords[0].Timestamp).toBe(Date.parse('2026-11-01T10:00Z') / 1000)
  })

  it('shares a call only within one product, and never for one key twice', async () => {
    const { metering } = await cloud({})
    const one = report('d')
    expect(metering.compatible(one, report('e'))).toBe(true)
    expect(metering.compatible(one, report('e', { meteringRef: 'pc2' }))).toBe(false)
    expect(metering.compatible(one, report('e', { licenseRef: null }))).toBe(false)
    expect(metering.compatible(one, report('d', { quantity: '3' }))).toBe(false)
  })
})

describe('what came of it', () => {
  it('finds each report again, whatever the order', async () => {
    const { metering } = await cloud({ BatchMeterUsage: all('Success') })
    const outcomes = await metering.report(ids(25).map((id) => report(id)))
    expect(outcomes).toEqual(ids(25).map((id) => ({ id, is: 'accepted', receipt: `m-${id}` })))
  })

  it('narrows a refused call down to the bad reports', async () => {
    const BatchMeterUsage = refusing('InvalidUsageDimensionException', 'd3', 'd17')
    const { calls, metering } = await cloud({ BatchMeterUsage })
    const outcomes = await metering.report(ids(25).map((id) => report(id)))
    const refused = outcomes.filter(({ is }) => is === 'refused')
    expect(refused.map(({ id }) => id)).toEqual(['d3', 'd17'])
    expect(refused[0]).toMatchObject({ tooLate: false })
    expect(outcomes.filter(({ is }) => is === 'accepted')).toHaveLength(23)
    expect(calls.length).toBeLessThan(25)
  })

  it('a time out of bounds is too late, but for an hour that has hardly ended', async () => {
    const BatchMeterUsage = refusing('TimestampOutOfBoundsException', 'late', 'young')
    const { metering } = await cloud({ BatchMeterUsage })
    const outcomes = await metering.report([
      report('good'),
      report('late'),
      report('young', { hour: '2026-11-01T09:00Z' }),
    ])
    expect(outcomes).toMatchObject([
      { is: 'accepted' },
      { is: 'refused', tooLate: true },
      { is: 'later' },
    ])
  })

  it('tries the hour’s other end where the licence began or ended inside it', async () => {
    const edge = Date.parse('2026-11-01T08:00:00Z') / 1000
    const BatchMeterUsage = (call: Call) =>
      call.body.UsageRecords[0].Timestamp === edge
        ? all('Success')(call)
        : { status: 400, error: 'InvalidLicenseException' }
    const { metering } = await cloud({ BatchMeterUsage })
    expect(await metering.report([report('d')])).toMatchObject([{ is: 'accepted' }])
  })

  it('an unsubscribed customer is refused', async () => {
    const { metering } = await cloud({ BatchMeterUsage: all('CustomerNotSubscribed') })
    expect(await metering.report([report('d')])).toMatchObject([
      { is: 'refused', tooLate: false, reason: expect.stringMatching(/CustomerNotSubscribed/) },
    ])
  })

  it('a duplicate is another quantity, unless the settings say AWS repeats itself so', async () => {
    const BatchMeterUsage = all('DuplicateRecord')
    const plain = await cloud({ BatchMeterUsage })
    expect(await plain.metering.report([report('d')])).toEqual([
      { id: 'd', is: 'differs', held: null },
    ])
    const told = await cloud(
      { BatchMeterUsage },
      { settings: { identicalUsage: 'DuplicateRecord' } },
    )
    expect(await told.metering.report([report('d')])).toMatchObject([{ is: 'accepted' }])
  })

  it('remembers what AWS took, so that a duplicate is told for what it is', async () => {
    let taken = false
    const BatchMeterUsage = (call: Call) => {
      const Status = taken ? 'DuplicateRecord' : 'Success'
      taken = true
      return all(Status)(call)
    }
    const { metering } = await cloud({ BatchMeterUsage })
    const twins = [report('d'), report('d', { id: 'other', quantity: '4' })]
    expect(await metering.report(twins)).toMatchObject([
      { id: 'd', is: 'accepted' },
      { id: 'other', is: 'differs', held: '10' },
    ])
    expect(await metering.report([report('d')])).toMatchObject([{ is: 'accepted' }])
  })

  it('a quantity that AWS shows and that is not ours is held there', async () => {
    const BatchMeterUsage = (call: Call) => ({
      Results: call.body.UsageRecords.map((record: any) => ({
        UsageRecord: { ...record, Quantity: 4 },
        Status: 'DuplicateRecord',
      })),
    })
    const { metering } = await cloud(
      { BatchMeterUsage },
      { settings: { identicalUsage: 'DuplicateRecord' } },
    )
    expect(await metering.report([report('d')])).toEqual([{ id: 'd', is: 'differs', held: '4' }])
  })

  it('what AWS left unprocessed or unsaid is for later', async () => {
    const BatchMeterUsage = (call: Call) => ({
      Results: [],
      UnprocessedRecords: call.body.UsageRecords.slice(0, 1),
    })
    const { metering } = await cloud({ BatchMeterUsage })
    expect(await metering.report([report('d'), report('e')])).toMatchObject([
      { id: 'd', is: 'later', reason: 'AWS did not process it yet' },
      { id: 'e', is: 'later', reason: 'AWS did not answer for it' },
    ])
  })

  it('refuses by itself what AWS cannot take, and sends the rest', async () => {
    const { calls, metering } = await cloud({ BatchMeterUsage: all('Success') })
    const outcomes = await metering.report([
      report('half', { quantity: '0.5' }),
      report('huge', { quantity: '2147483648' }),
      report('sum', { allocations: [{ quantity: '9', tags: {} }] }),
      report('nobody', { licenseRef: null, meteringRef: null }),
      report('good', { quantity: '0' }),
    ])
    const found = Object.fromEntries(outcomes.map(({ id, is }) => [id, is]))
    expect(found).toEqual({
      half: 'refused',
      huge: 'refused',
      sum: 'refused',
      nobody: 'refused',
      good: 'accepted',
    })
    expect(calls).toHaveLength(1)
  })

  it.each([
    ['hang up', 'unavailable'],
    [{ status: 400, error: 'ThrottlingException' }, 'throttled'],
    [{ status: 400, error: 'DisabledApiException' }, 'forbidden'],
    [{ status: 400, error: 'AccessDeniedException' }, 'forbidden'],
  ])('throws what concerns the whole call: %j', async (BatchMeterUsage, code) => {
    const { calls, metering } = await cloud({ BatchMeterUsage })
    expect(await failing(metering.report([report('d'), report('e')]))).toMatchObject({ code })
    expect(calls).toHaveLength(1)
  })
})
