import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { up } from '../../migrations/0012_offers_looked.ts'
import { get } from '../../src/offers/service.ts'
import { type Stage, setTheStage } from './market.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setTheStage()
})
afterAll(() => stage.world.close())

/** Puts the database back to what it was before acceptance and subscription were two facts. */
async function older(): Promise<void> {
  const { db } = stage.world.deps
  await sql`alter table offers drop column looked`.execute(db)
  await sql`update offers set state = state - 'askedAt' - 'acceptedAt' - 'reminders',
    frozen = frozen #- '{order,planKey}' #- '{order,planShape}'`.execute(db)
  await sql`update listings set plans = (select jsonb_agg(plan - 'planKey' - 'shape')
    from jsonb_array_elements(plans) as plan)`.execute(db)
}

it('reads what was written before as far as it can be known', async () => {
  const [sending, live] = [await stage.submitted(), await stage.live()]
  const { db } = stage.world.deps
  await sql`update offers set state = jsonb_build_object('is', 'submitting', 'key', id, 'tries', 0,
    'since', '2026-11-22T10:00:00.000Z'), state_is = 'submitting' where id = ${sending}`.execute(db)
  await sql`update offers set state = jsonb_build_object('is', 'accepted', 'offerRef', offer_ref,
    'agreement', 'agr_none'), state_is = 'accepted' where id = ${live.id}`.execute(db)
  await older()
  await up(db as unknown as Kysely<unknown>)
  const { deps } = stage.world
  expect((await get(deps, sending)).state).toMatchObject({ askedAt: '2026-11-22T10:00:00.000Z' })
  const accepted = await get(deps, live.id)
  expect(accepted).toMatchObject({
    state: { acceptedAt: accepted.updatedAt, agreement: 'agr_none', reminders: 0 },
    order: { planKey: null, planShape: null },
    looked: null,
  })
  const { body } = await stage.world.as('viewer').get(`/v1/listings/${stage.listing}`)
  expect(body.plans).toMatchObject([{ planRef: 'gold', planKey: null, shape: null }])
  expect(body.removed.plans).toEqual([])
})
