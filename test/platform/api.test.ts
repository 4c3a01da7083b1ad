import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await createTestWorld()
})
afterAll(() => world.close())

describe('the API', () => {
  it('asks for a key', async () => {
    const { status, body } = await world.nobody.get('/v1/events')
    expect([status, body.code, body.requestId]).toEqual([
      401,
      'unauthenticated',
      expect.stringMatching(/^req_/),
    ])
  })

  it('names every fault of a request at once', async () => {
    const { status, body } = await world
      .as('admin')
      .post('/v1/api-keys', { name: '', role: 'king', extra: 1 })
    expect(status).toBe(422)
    expect(body.errors.map((e: { path: string }) => e.path).sort()).toEqual([
      'extra',
      'name',
      'role',
    ])
  })

  it.each([
    ['not JSON', '{"name"', 422],
    ['an array', '[]', 422],
    ['a NUL character', '{"name":"a\\u0000b","role":"viewer"}', 422],
    ['half a surrogate pair', '{"name":"\\ud800","role":"viewer"}', 422],
  ])('refuses %s', async (_, text, status) => {
    expect((await world.as('admin').post('/v1/api-keys', text)).status).toBe(status)
  })

  it('refuses ten megabytes', async () => {
    expect(
      (
        await world
          .as('admin')
          .post('/v1/api-keys', { name: 'x'.repeat(10_000_000), role: 'viewer' })
      ).status,
    ).toBe(413)
  })

  it('lets a role do only what it may', async () => {
    expect(
      (await world.as('viewer').post('/v1/api-keys', { name: 'a', role: 'admin' })).status,
    ).toBe(403)
    expect((await world.as('meter').get('/v1/events')).status).toBe(403)
  })

  it('replays an answer for the same idempotency key, and refuses another body under it', async () => {
    const key = { 'idempotency-key': 'k-1' }
    const admin = world.as('admin')
    const first = await admin.post('/v1/api-keys', { name: 'once', role: 'viewer' }, key)
    const second = await admin.post('/v1/api-keys', { name: 'once', role: 'viewer' }, key)
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body).toEqual(first.body)
    expect((await admin.post('/v1/api-keys', { name: 'twice', role: 'viewer' }, key)).status).toBe(
      409,
    )
    const listed = await admin.get('/v1/api-keys')
    expect(listed.body.data.filter((row: { name: string }) => row.name === 'once')).toHaveLength(1)
  })

  it('keeps nothing of a refused request, so the key can be used again', async () => {
    const key = { 'idempotency-key': 'k-2' }
    expect(
      (await world.as('admin').post('/v1/api-keys', { name: 'x', role: 'king' }, key)).status,
    ).toBe(422)
    expect(
      (await world.as('admin').post('/v1/api-keys', { name: 'x', role: 'viewer' }, key)).status,
    ).toBe(201)
  })

  it('does the work once when the same key arrives many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        world
          .as('admin')
          .post('/v1/api-keys', { name: 'race', role: 'viewer' }, { 'idempotency-key': 'k-3' }),
      ),
    )
    expect(new Set(answers.map((a) => a.body.id)).size).toBe(1)
  })

  it('pages through a list without losing or repeating a row', async () => {
    const seen: string[] = []
    let cursor = ''
    do {
      const { body } = await world
        .as('admin')
        .get(`/v1/api-keys?limit=2${cursor && `&cursor=${cursor}`}`)
      seen.push(...body.data.map((row: { id: string }) => row.id))
      cursor = body.next
    } while (cursor)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.length).toBeGreaterThan(6)
  })

  it.each([
    'api-keys',
    'connections',
    'events',
    'listings',
    'buyers',
    'documents',
    'offers',
    'agreements',
    'notices',
    'usage-records',
    'revenue-lines',
    'revenue-imports',
    'disbursements',
    'commitments',
    'crm/rows',
  ])('refuses a cursor that /v1/%s did not make', async (list) => {
    for (const parts of ['nope', '["x","y"]', '["2027-01-01T00:00:00.000Z"]', '["1","2"]', '{}']) {
      const cursor = Buffer.from(parts).toString('base64url')
      const { status } = await world.as('admin').get(`/v1/${list}?cursor=${cursor}`)
      expect([list, parts, status]).toEqual([
        list,
        parts,
        list === 'events' && parts === '["1","2"]' ? 200 : 422,
      ])
    }
  })

  it('refuses a body nested half a million deep', async () => {
    const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`
    expect((await world.as('admin').post('/v1/api-keys', `{"name":${deep}}`)).status).toBe(422)
  })

  it('tells what happened, in order, by whom', async () => {
    const { body } = await world.as('viewer').get('/v1/events?kind=key.created&limit=200')
    expect(body.data.at(-1).actor).toMatchObject({ kind: 'key', name: 'admin' })
    const later = await world
      .as('viewer')
      .get(`/v1/events?cursor=${body.data.at(-2).cursor}&kind=key.created`)
    expect(later.body.data.map((e: { id: string }) => e.id)).toEqual([body.data.at(-1).id])
  })

  it('orders events by when they were committed, whatever the number of digits', async () => {
    const { db } = world.deps
    for (const txid of ['10', '9']) {
      await sql`insert into events (txid, id, at, kind, subject, actor, data)
        values (${txid}::xid8, ${`evt_${txid}`}, now(), 'digits', 'x', '{"kind":"job","id":"t","name":"t"}', '{}')`.execute(
        db,
      )
    }
    const { body } = await world.as('viewer').get('/v1/events?kind=digits')
    expect(body.data.map((e: { id: string }) => e.id)).toEqual(['evt_9', 'evt_10'])
  })

  it('describes itself as OpenAPI 3.1', async () => {
    const { body } = await world.nobody.get('/openapi.json')
    expect(body.openapi).toBe('3.1.0')
    expect(Object.keys(body.paths)).toContain('/v1/connections/{id}/check')
  })
})
