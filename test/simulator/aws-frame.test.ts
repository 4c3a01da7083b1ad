import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DescribeChangeSetCommand,
  ListEntitiesCommand,
  StartChangeSetCommand,
} from '@aws-sdk/client-marketplace-catalog'
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient,
} from '@aws-sdk/client-marketplace-metering'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import { afterEach, expect, it } from 'vitest'
import { startSimulator } from '../../simulator/index.ts'
import { createClock } from '../../simulator/world.ts'
import { INITECH, openAws, refusal, type SimulatedAws, sellerKey } from './aws-clients.ts'
import { agreed, offerChanges } from './aws-offers.ts'

let aws: SimulatedAws | undefined

afterEach(() => aws?.stop())

const Catalog = 'AWSMarketplace'
const list = (from: SimulatedAws) =>
  from.catalog.send(new ListEntitiesCommand({ Catalog, EntityType: 'Offer' }))

it('moves its clock by ISO durations and says what is wrong with others', async () => {
  aws = await openAws()
  expect((await aws.get('/clock')).now).toBe('2027-01-10T09:30:00.000Z')
  for (const [duration, now] of [
    ['P1DT2H', '2027-01-11T11:30:00.000Z'],
    ['PT90M0.5S', '2027-01-11T13:00:00.500Z'],
    ['P2W', '2027-01-25T13:00:00.500Z'],
    ['P1M', '2027-02-25T13:00:00.500Z'],
  ]) {
    expect((await aws.advance(duration ?? '')).now).toBe(now)
  }
  for (const duration of ['1 day', 'P', 'PT', '', 'P401D', 'P2Y']) {
    expect((await aws.advance(duration)).status, duration).toBe(422)
  }
  expect((await aws.post('/clock', {})).status).toBe(422)
})

it('leaves moving the clock to its host when there is one', async () => {
  const clock = createClock({
    real: Date.now,
    startAt: Date.parse('2027-01-01T00:00:00Z'),
    frozen: true,
  })
  const moves: number[] = []
  const simulator = await startSimulator({
    port: 0,
    clock,
    onAdvance: async (ms) => {
      moves.push(ms)
      clock.advance(ms)
      await simulator.tick()
    },
  })
  const answer = await fetch(`${simulator.origin}/clock`, {
    method: 'POST',
    body: '{"advance":"PT1H"}',
  })
  expect(await answer.json()).toEqual({ now: '2027-01-01T01:00:00.000Z' })
  expect(moves).toEqual([3_600_000])
  await simulator.stop()
})

it('loses answers after the work is done', async () => {
  aws = await openAws()
  const open = aws
  await aws.post('/faults', {
    cloud: 'aws',
    rate: 1,
    kinds: ['lost'],
    match: 'StartChangeSet',
    times: 1,
  })
  const start = () =>
    open.catalog.send(
      new StartChangeSetCommand({
        Catalog,
        ChangeSet: offerChanges(),
        ClientRequestToken: 'once',
      }),
    )
  const failed = await refusal(start())
  expect(failed.$metadata?.httpStatusCode).toBeUndefined()
  const { ChangeSetId } = await start()
  await aws.advance('PT5S')
  const { Status } = await aws.catalog.send(new DescribeChangeSetCommand({ Catalog, ChangeSetId }))
  expect(Status).toBe('SUCCEEDED')
  expect((await aws.get('/aws/control/calls')).StartChangeSet).toBe(2)
  expect(await aws.get('/faults')).toMatchObject({ faults: [{ struck: 1, times: 0 }] })
})

it('throttles and breaks in the words of each service', async () => {
  aws = await openAws()
  const open = aws
  const calls: [string, () => Promise<unknown>, string, string][] = [
    ['ListEntities', () => list(open), 'ThrottlingException', 'InternalServiceException'],
    [
      'BatchMeterUsage',
      () => open.metering.send(new BatchMeterUsageCommand({ UsageRecords: [] })),
      'ThrottlingException',
      'InternalServiceErrorException',
    ],
    [
      'AssumeRole',
      () =>
        open.sts.send(new AssumeRoleCommand({ RoleArn: 'x'.repeat(20), RoleSessionName: 'xx' })),
      'Throttling',
      'InternalFailure',
    ],
  ]
  for (const [match, call, throttle, error] of calls) {
    for (const [kind, name] of [
      ['throttle', throttle],
      ['error', error],
    ]) {
      await aws.post('/faults', { cloud: 'aws', rate: 1, kinds: [kind], match, times: 1 })
      expect((await refusal(call())).name).toBe(name)
    }
  }
  await list(aws)
})

it('is survived by the retries of the SDK when errors are few', async () => {
  aws = await openAws()
  await aws.post('/faults', { cloud: 'aws', rate: 1, kinds: ['throttle', 'error'], times: 2 })
  const patient = new MarketplaceMeteringClient({
    region: 'us-east-1',
    endpoint: `${aws.origin}/aws`,
    credentials: sellerKey,
  })
  const { $metadata } = await patient.send(new BatchMeterUsageCommand({ UsageRecords: [] }))
  expect($metadata.attempts).toBe(3)
})

it('answers late, and clears and refuses fault plans', async () => {
  aws = await openAws()
  await aws.post('/faults', { cloud: 'aws', kinds: ['slow'], ms: 120, times: 1 })
  const from = performance.now()
  await list(aws)
  expect(performance.now() - from).toBeGreaterThan(110)
  await aws.post('/faults', { cloud: 'aws', kinds: ['error'] })
  await aws.remove('/faults')
  await list(aws)
  for (const wrong of [
    { cloud: 'moon' },
    { cloud: 'aws', rate: 2 },
    { cloud: 'aws', kinds: ['rain'] },
  ]) {
    expect((await aws.post('/faults', wrong)).status).toBe(422)
  }
  await aws.post('/faults', { cloud: 'aws', kinds: ['error'] })
  expect((await aws.get('/aws/control/settings')).status).toBe(200)
})

it('goes on after a restart where it stopped: sets, licences, usage, events', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'simulator-')), 'state.sqlite')
  const seen: string[] = []
  const hook = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      seen.push(JSON.parse(body)['detail-type'])
      response.end()
    })
  })
  await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`
  aws = await openAws({ file })
  const { licenseArn } = await agreed(aws)
  const usage = {
    Timestamp: new Date('2027-01-10T09:00:00Z'),
    CustomerAWSAccountId: INITECH,
    LicenseArn: licenseArn,
    Dimension: 'api_calls',
  }
  const meter = (from: SimulatedAws, Quantity: number) =>
    from.metering.send(new BatchMeterUsageCommand({ UsageRecords: [{ ...usage, Quantity }] }))
  await meter(aws, 7)
  await aws.post('/aws/control/destinations', { url, header: 'x', secret: 'y' })
  const { ChangeSetId } = await aws.catalog.send(
    new StartChangeSetCommand({ Catalog, ChangeSet: offerChanges() }),
  )
  await aws.stop()
  aws = await openAws({ file })
  expect((await aws.get('/clock')).now).toBe('2027-01-10T09:32:05.000Z')
  const again = await meter(aws, 8)
  expect(again.Results?.[0]?.Status).toBe('DuplicateRecord')
  await aws.advance('PT5S')
  const { Status } = await aws.catalog.send(new DescribeChangeSetCommand({ Catalog, ChangeSetId }))
  expect(Status).toBe('SUCCEEDED')
  expect(seen.toSorted()).toEqual(['Change Set Succeeded', 'Offer Released'])
  const { EntitySummaryList = [] } = await list(aws)
  expect(new Set(EntitySummaryList.map((one) => one.EntityId)).size).toBe(4)
  hook.close()
})
