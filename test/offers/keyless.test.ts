import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { Problem } from '../../src/kernel/problem.ts'
import { publish } from '../../src/offers/jobs.ts'
import { get } from '../../src/offers/service.ts'
import { type Market, type Stage, setTheStage } from './market.ts'

let stage: Stage
let market: Market
beforeAll(async () => {
  stage = await setTheStage({ keyless: true })
  market = stage.market
})
afterAll(() => stage.world.close())
beforeEach(() => {
  market.trouble.length = 0
  market.calls.length = 0
  market.made.length = 0
})

/** The moments that were passed on, one a call. */
const told = (key: string) =>
  market.calls.filter((call) => call.startsWith(`submit ${key} `)).map((call) => call.split(' ')[2])
const lost = new Problem('unavailable', 'no reply')

it('is told nothing the first time, and then since when a request may be at work', async () => {
  market.trouble.push({ call: 'submit', done: true, problem: lost })
  market.trouble.push({ call: 'submit', done: false, problem: lost })
  const id = await stage.submitted({ name: 'Lost' })
  await stage.world.drain()
  const sentAt = stage.world.deps.now()
  expect((await stage.shown(id)).state).toMatchObject({ is: 'submitting', askedAt: sentAt })
  await stage.pass(10_000)
  await stage.pass(60_000)
  expect(told(id)).toEqual(['null', sentAt, sentAt])
  expect(market.made).toHaveLength(1)
  expect((await stage.shown(id)).state.is).toBe('publishing')
})

it('makes one offer when we die between its answer and our writing it down', async () => {
  market.trouble.push({ call: 'submit', done: true, problem: new Error('killed') as Problem })
  const id = await stage.submitted({ name: 'Killed' })
  await stage.world.drain()
  const before = (await get(stage.world.deps, id)).order
  const admin = stage.world.as('admin')
  const { data } = (await admin.get('/v1/jobs')).body
  const job = data.find((j: { subject: string }) => j.subject === id)
  await admin.post('/v1/jobs/restart', { id: job.id })
  await stage.pass(86_400_000)
  expect(market.made).toHaveLength(1)
  expect(await get(stage.world.deps, id)).toMatchObject({
    state: { is: 'publishing', operation: market.made[0]?.operation },
    order: before,
  })
})

it('is not sent twice by two workers at once', async () => {
  const id = await stage.submitted({ name: 'Twice' })
  const { deps } = stage.world
  await Promise.allSettled([publish(deps, id), publish(deps, id), publish(deps, id)])
  await stage.pass(60_000)
  expect(market.made).toHaveLength(1)
  expect(told(id).filter((moment) => moment === 'null')).toHaveLength(1)
})

it('starts anew under another key: nothing was sent under that one yet', async () => {
  const id = await stage.submitted({ name: 'Faulty' })
  await stage.world.drain()
  market.offers.set(market.made[0]?.operation ?? '', { is: 'failed', detail: 'their fault' })
  await stage.pass(5_000)
  expect((await stage.shown(id)).state).toMatchObject({ is: 'submitting', askedAt: null })
  await stage.pass(30_000)
  expect([told(id), told(`${id}-2`)]).toEqual([['null'], ['null']])
})
