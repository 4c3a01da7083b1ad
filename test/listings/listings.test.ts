import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { adapter } from '../../src/adapter.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { RemoteListing, RemotePlan } from '../../src/listings/model.ts'
import { findByMeteringRef, findByRef } from '../../src/listings/service.ts'
import { createTestWorld, type World } from '../world.ts'

const plan = (planRef: string, name: string): RemotePlan => ({
  planRef,
  planKey: null,
  name,
  shape: null,
})
const remote = (more: Partial<RemoteListing> = {}): RemoteListing => ({
  listingRef: 'prod-1',
  name: 'Analytics',
  kind: 'saas',
  visibility: 'Public',
  meteringRef: 'code-1',
  dimensions: [
    { key: 'seats', name: 'Seats', types: ['contract'] },
    { key: 'calls', name: 'Calls', types: ['usage'] },
  ],
  plans: [plan('gold', 'Gold')],
  modifiedAt: '2026-12-01T00:00:00.000Z',
  native: { Id: 'prod-1' },
  ...more,
})

/** Pages by cursor, or what the catalogue throws. */
let pages: Record<string, { listings: RemoteListing[]; cursor: string; more: boolean } | Problem>
let asked: (string | null)[]
const market = adapter({
  provider: 'market',
  title: 'Market',
  settings: z.strictObject({}),
  credentials: z.strictObject({}),
  example: { settings: {}, credentials: {} },
  client: () => undefined,
  ports: {
    listings: () => ({
      async changedSince(cursor) {
        asked.push(cursor)
        const page = pages[cursor ?? '']
        if (page instanceof Problem) throw page
        return page ?? { listings: [], cursor: cursor ?? '', more: false }
      },
    }),
  },
})

let world: World
let connection: string
beforeAll(async () => {
  world = await createTestWorld({ adapters: [market] })
  pages = { '': { listings: [remote()], cursor: '1', more: false } }
  asked = []
  const { body } = await world
    .as('admin')
    .post('/v1/connections', { provider: 'market', name: 'm', settings: {}, credentials: {} })
  connection = body.id
  await world.drain()
})
afterAll(() => world.close())

const listed = async () => (await world.as('viewer').get('/v1/listings')).body.data
const sync = async () => {
  world.advance(600_000)
  await world.drain()
}
/** From the table: the API holds events back while any transaction of the whole server is open. */
const eventsOf = (kind: string) =>
  world.deps.db
    .selectFrom('events')
    .select('data')
    .where('kind', '=', kind)
    .orderBy('seq')
    .execute()

describe('listings', () => {
  it('are read as soon as a marketplace is connected, and then only what changed', async () => {
    expect(await listed()).toMatchObject([{ listingRef: 'prod-1', connection, revision: 1 }])
    await sync()
    expect(asked).toEqual([null, '1'])
    expect(await eventsOf('listing.added')).toHaveLength(1)
  })

  it('show the marketplace’s own document on their own page only', async () => {
    const [row] = await listed()
    expect(row).not.toHaveProperty('native')
    const { body } = await world.as('viewer').get(`/v1/listings/${row.id}`)
    expect(body.native).toEqual({ Id: 'prod-1' })
  })

  it('keep their id and their plans’ ids, and what was removed as history', async () => {
    const [before] = await listed()
    pages = {
      '1': {
        listings: [
          remote({
            name: 'Analytics 2',
            dimensions: [{ key: 'seats', name: 'Seats', types: ['contract'] }],
            plans: [plan('silver', 'Silver'), plan('gold', 'Gold')],
            modifiedAt: '2026-12-02T00:00:00.000Z',
          }),
        ],
        cursor: '2',
        more: false,
      },
    }
    await sync()
    const [after] = await listed()
    expect(after).toMatchObject({ id: before.id, name: 'Analytics 2', revision: 2 })
    expect(after.plans[1].id).toBe(before.plans[0].id)
    expect(after.dimensions).toHaveLength(1)
    expect(after.removed.dimensions).toMatchObject([{ key: 'calls', removedAt: world.deps.now() }])
    const [event] = await eventsOf('listing.changed')
    expect(event?.data).toMatchObject({
      changed: ['name', 'dimensions', 'plans'],
      removedDimensions: ['calls'],
    })
  })

  it('change nothing when a page is repeated, nor for an older reading', async () => {
    const [before] = await listed()
    pages = {
      '2': {
        listings: [remote({ name: 'Stale' }), remote({ ...reading(), name: 'Analytics 2' })],
        cursor: '3',
        more: false,
      },
    }
    await sync()
    const [now] = await listed()
    expect(now).toEqual({ ...before, readAt: now.readAt })
    expect(await eventsOf('listing.changed')).toHaveLength(1)
  })

  it('show how a plan is sold, what nobody said as null', async () => {
    const shape = {
      charge: 'flat' as const,
      months: [12],
      meters: ['calls'],
      hasTrial: null,
      units: { min: 1, max: null },
    }
    const sold = { planRef: 'gold', planKey: 'plan/1/2', name: 'Gold', shape }
    const [before] = await listed()
    const plans = (row: { plans: { planRef: string }[] }) =>
      row.plans.filter(({ planRef }) => planRef === 'gold')
    expect(plans(before)).toMatchObject([{ planKey: null, shape: null }])
    pages = {
      '3': {
        listings: [
          remote({ ...reading(), plans: [sold, plan('silver', 'Silver')], name: 'Analytics 2' }),
        ],
        cursor: '3',
        more: false,
      },
    }
    await sync()
    const [now] = await listed()
    expect(plans(now)).toEqual([{ ...plans(before)[0], ...sold }])
  })

  it('bring a dimension back when the marketplace does', async () => {
    pages = {
      '3': {
        listings: [remote({ modifiedAt: '2026-12-03T00:00:00.000Z' })],
        cursor: '4',
        more: false,
      },
    }
    await sync()
    const [now] = await listed()
    expect(now.dimensions.map((d: { key: string }) => d.key)).toEqual(['seats', 'calls'])
    expect(now.removed.dimensions).toEqual([])
    expect(now.removed.plans).toMatchObject([{ planRef: 'silver' }])
  })

  it('take facts people state, and keep them through the next reading', async () => {
    const [row] = await listed()
    const path = `/v1/listings/${row.id}`
    const desk = world.as('deal_desk')
    const first = await desk.patch(path, {
      facts: { deployedOnCloud: true, 'product.type': 'saas' },
    })
    expect(first.status).toBe(200)
    expect(first.headers.get('etag')).toBe(`"${row.revision + 1}"`)
    const second = await desk.patch(
      path,
      { facts: { 'product.type': null } },
      { 'if-match': first.headers.get('etag') ?? '' },
    )
    expect(second.body.facts).toEqual({ deployedOnCloud: true })
    expect(
      (await desk.patch(path, { facts: {} }, { 'if-match': `"${row.revision}"` })).status,
    ).toBe(412)
    pages = {
      '4': {
        listings: [remote({ name: 'Analytics 3', modifiedAt: '2026-12-04T00:00:00.000Z' })],
        cursor: '5',
        more: false,
      },
    }
    await sync()
    expect((await listed())[0]).toMatchObject({
      name: 'Analytics 3',
      facts: { deployedOnCloud: true },
    })
  })

  it.each([
    [{ facts: { 'No such': true } }, 'facts.No such'],
    [{ facts: { tier: 3 } }, 'facts.tier'],
    [{ facts: {}, name: 'x' }, 'name'],
  ])('refuse %j', async (body, path) => {
    const [row] = await listed()
    const answer = await world.as('finance').patch(`/v1/listings/${row.id}`, body)
    expect(answer.status).toBe(422)
    expect(answer.body.errors.map((e: { path: string }) => e.path)).toEqual([path])
  })

  it('let nobody but the deal desk and finance state facts', async () => {
    const [row] = await listed()
    const path = `/v1/listings/${row.id}`
    expect((await world.as('sales').patch(path, { facts: {} })).status).toBe(403)
    expect((await world.as('meter').get('/v1/listings')).status).toBe(403)
  })

  it('are found by either reference, at their own connection only', async () => {
    const [row] = await listed()
    expect((await findByRef(world.deps, connection, 'prod-1'))?.id).toBe(row.id)
    expect((await findByMeteringRef(world.deps, connection, 'code-1'))?.id).toBe(row.id)
    expect(await findByRef(world.deps, 'conn_other', 'prod-1')).toBeUndefined()
    expect((await world.as('viewer').get('/v1/listings?connection=conn_other')).body.data).toEqual(
      [],
    )
    expect((await world.as('viewer').get('/v1/listings/lst_none')).status).toBe(404)
  })

  it('show a catalogue that does not answer as trouble of the sync, and go on when it does', async () => {
    pages = { '5': new Problem('unavailable', 'no answer') }
    await sync()
    const syncs = async () => (await world.as('viewer').get('/v1/syncs')).body.data
    expect((await syncs())[0].problem).toMatchObject({ code: 'unavailable' })
    pages = {}
    await sync()
    expect((await syncs())[0].problem).toBeNull()
  })
})

const reading = () => ({
  dimensions: [{ key: 'seats', name: 'Seats', types: ['contract' as const] }],
  plans: [plan('silver', 'Silver'), plan('gold', 'Gold')],
  modifiedAt: '2026-12-02T00:00:00.000Z' as const,
})
