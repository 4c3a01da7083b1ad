import { afterAll, beforeAll, expect, it } from 'vitest'
import { Problem } from '../../src/kernel/problem.ts'
import { type Stage, setTheStage } from '../offers/market.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setTheStage()
  await stage.draft()
  for (const ports of stage.world.deps.opened.values())
    if (ports.offers)
      Object.assign(ports.offers, {
        violations() {
          throw new Problem('invalid', 'cannot be read')
        },
      })
})
afterAll(() => stage?.world.close())

const violations = async (more: object) => {
  const id = await stage.draft(more)
  return (await stage.world.as('deal_desk').post(`/v1/offers/${id}/preview`)).body.violations
}

it('tells that an order is too broken for its marketplace only when no rule of ours says why', async () => {
  expect(await violations({})).toEqual([{ path: '', message: 'cannot be read' }])
  const pricing = {
    contract: [{ dimension: 'seats', quantity: '9999999999', price: '99999999.99' }],
  }
  const told = await violations({ pricing, payments: undefined })
  expect(told).toContainEqual({ path: 'pricing.contract.0', message: 'is too large' })
  expect(told.filter(({ path }: { path: string }) => path === '')).toEqual([])
})
