import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stage, setTheStage } from './market.ts'

// Expected: OE-04 and OE-05 of the worked examples.
let stage: Stage
beforeAll(async () => {
  stage = await setTheStage({
    provider: 'gcp',
    traits: { renewalQuestion: true, pricing: ['flat'] },
    dealTypeOf: ({ native }) => (native.dealType as string | undefined) ?? undefined,
  })
})
afterAll(() => stage.world.close())

const fee = async (flat: string, more: object) => {
  const id = await stage.draft({ pricing: { flat }, payments: undefined, ...more })
  const { body } = await stage.world.as('deal_desk').post(`/v1/offers/${id}/preview`)
  return body.fee.is === 'known' ? [body.fee.rate, body.fee.amount.amount] : body.fee.reason
}
const renewal = { attested: true }
const business = { renewal: { attested: false } }

describe('the fee of a deal', () => {
  it.each([
    ['500000.00', '0.03', '15000.00'],
    ['1000000.00', '0.02', '20000.00'],
    ['10000000.00', '0.015', '150000.00'],
  ])('that is new, of %s, goes by its tier', async (flat, rate, amount) => {
    expect(await fee(flat, business)).toEqual([rate, amount])
  })

  it('that renews a contract is the renewal’s once somebody vouches for it', async () => {
    expect(await fee('100000.00', { renewal })).toEqual(['0.015', '1500.00'])
    expect(await fee('100000.00', {})).toBe('nobody has said whether it is a renewal')
  })

  it('goes by the marketplace’s own word where its adapter knows one', async () => {
    const native = { dealType: 'channel_shift' }
    expect(await fee('100000.00', { ...business, native })).toEqual(['0.015', '1500.00'])
  })
})
