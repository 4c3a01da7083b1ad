import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Market, type Stage, setTheStage } from './market.ts'

const stepMs = 5_000
let stage: Stage
let market: Market
beforeAll(async () => {
  stage = await setTheStage({ traits: { pollSeconds: 60 } })
  market = stage.market
})
afterAll(() => stage.world.close())

/** How often an operation was asked after in so many minutes, by a worker that looks every five seconds. */
async function asked(call: 'progress' | 'changeProgress', minutes: number): Promise<number> {
  market.calls.length = 0
  for (let ms = 0; ms < minutes * 60_000; ms += stepMs) await stage.pass(stepMs)
  return market.calls.filter((one) => one.startsWith(`${call} `)).length
}

it('asks after an operation no oftener than the marketplace wants, whoever asks', async () => {
  await stage.submitted({ name: 'Slow' })
  await stage.world.drain()
  expect(await asked('progress', 5)).toBe(5)
})

it('asks after a change no oftener', async () => {
  const { id } = await stage.live({ acceptBy: '2027-06-30', payments: undefined })
  await stage.pass(60_000)
  await stage.world.as('deal_desk').post(`/v1/offers/${id}/withdraw`)
  await stage.world.drain()
  expect(await asked('changeProgress', 5)).toBe(5)
})
