import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stage, setTheStage } from '../offers/market.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setTheStage()
})
afterAll(() => stage?.world.close())

const preview = async (of: string) => {
  const id = await stage.draft({ renewal: { of, attested: true } })
  return (await stage.world.as('deal_desk').post(`/v1/offers/${id}/preview`)).body.violations
}

async function agreement(id: string, buyer: string | null): Promise<void> {
  const now = stage.world.deps.now()
  await stage.world.deps.db
    .insertInto('agreements')
    .values({
      id,
      connection: stage.connection,
      agreement_ref: id,
      initial_ref: id,
      offer_ref: null,
      listing_ref: null,
      buyer_ref: '1',
      license_refs: [],
      offer: null,
      listing: null,
      buyer,
      state_is: 'active',
      remote: '{}' as never,
      changed_at: now,
      ended_at: null,
      registered_at: null,
      revision: 1,
      read_at: now,
      created_at: now,
      updated_at: now,
    })
    .execute()
}

it('renews no agreement that is not there, for half the fee', async () => {
  const of = `agr_${'0'.repeat(32)}`
  expect(await preview(of)).toEqual([{ path: 'renewal.of', message: `no agreement ${of}` }])
})

it('renews no other buyer’s agreement', async () => {
  const other = { name: 'Other', accounts: [] }
  const { id } = (await stage.world.as('admin').post('/v1/buyers', other)).body
  await agreement('agr_theirs', id)
  expect(await preview('agr_theirs')).toEqual([
    { path: 'renewal.of', message: `agr_theirs is an agreement of ${id}` },
  ])
})

it('renews the buyer’s own, and one whose buyer nobody has named', async () => {
  await agreement('agr_own', stage.buyer)
  await agreement('agr_unnamed', null)
  expect([await preview('agr_own'), await preview('agr_unnamed')]).toEqual([[], []])
})
