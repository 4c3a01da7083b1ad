import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readPage } from '../../src/agreements/poll.ts'
import type { Id } from '../../src/kernel/id.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { dayMs } from '../../src/kernel/time.ts'
import { matchWaiting } from '../../src/offers/match.ts'
import { put } from './holdings.ts'
import { type Stage, setTheStage } from './market.ts'

const minuteMs = 60_000
let stage: Stage
let buyers = 0
beforeAll(async () => {
  stage = await setTheStage({ holds: true, traits: { byHand: true } })
})
afterAll(() => stage.world.close())
beforeEach(() => {
  stage.market.calls.length = 0
})

const desk = () => stage.world.as('deal_desk')
const now = () => stage.world.deps.now()
const kinds = async (id: string) => (await stage.told(id)).map(({ kind }) => kind)
const newest = async (id: string) => (await stage.told(id)).at(-1)
const match = (id: string, agreement: string) =>
  desk().post(`/v1/offers/${id}/match`, { agreement })
const agreementOf = async (ref: string) => {
  const { body } = await desk().get('/v1/agreements?limit=200')
  return body.data.find(({ agreementRef }: { agreementRef: string }) => agreementRef === ref)
}
/** A buyer of its own, so that no test sees another's. */
async function newBuyer() {
  const account = `acct-${++buyers}`
  const accounts = [{ provider: 'aws', ref: account }]
  const { body } = await desk().post('/v1/buyers', { name: account, accounts })
  return { buyer: body.id as string, account }
}
const handedOff = async (buyer: string) => {
  const acceptBy = new Date(Date.parse(now()) + 20 * dayMs).toISOString().slice(0, 10)
  const id = await stage.submitted({ buyer, payments: undefined, acceptBy })
  await stage.world.drain()
  await stage.pass(minuteMs)
  return id
}
const accepts = (account: string, ref: string, more: object = {}) =>
  put(
    stage.market.holdings,
    ref,
    { offerRef: `offer-of-${ref}`, acceptedAt: now(), ...more },
    account,
  )
const asked = (account: string) =>
  stage.market.calls.filter((call) => call === `heldBy ${account}`).length
const turn = () => stage.pass(5 * minuteMs)

describe('an offer that was handed off', () => {
  it('is accepted by the only agreement that its buyer’s account holds, and that gets its buyer', async () => {
    const { buyer, account } = await newBuyer()
    const id = await handedOff(buyer)
    const acceptedAt = now()
    accepts(account, 'e-only')
    await turn()
    await turn()
    const agreement = await agreementOf('e-only')
    expect(agreement).toMatchObject({ offer: id, buyer, buyerRef: `procurement-${account}` })
    expect((await stage.shown(id)).state).toEqual({
      is: 'accepted',
      offerRef: 'offer-of-e-only',
      acceptedAt,
      agreement: agreement.id,
      reminders: 0,
    })
    const told = await stage.told(id)
    expect(told.filter(({ kind }) => kind === 'offer.accepted')).toMatchObject([
      { data: { matchedBy: 'account', was: 'handed_off', agreement: agreement.id } },
    ])
  })

  it('is asked about as soon as an agreement is seen that names an unknown offer', async () => {
    const { buyer, account } = await newBuyer()
    const id = await handedOff(buyer)
    await turn()
    expect(asked(account)).toBe(1)
    accepts(account, 'e-soon')
    await stage.world.as('admin').post('/v1/syncs/agreements/run', {})
    await stage.world.drain()
    expect(asked(account)).toBe(2)
    expect((await stage.shown(id)).state.is).toBe('accepted')
  })

  it('is asked about every ten minutes at most while nothing comes', async () => {
    const { buyer, account } = await newBuyer()
    await handedOff(buyer)
    for (let minutes = 0; minutes < 60; minutes += 1) await stage.pass(minuteMs)
    expect(asked(account)).toBeGreaterThanOrEqual(5)
    expect(asked(account)).toBeLessThanOrEqual(7)
  })

  it.each([
    ['of another listing', { listingRef: 'prod-2' }],
    ['that came of no private offer', { offerRef: null }],
    ['that is older than it', { acceptedAt: '2026-11-20T00:00:00.000Z' }],
  ] as const)('is not an agreement %s', async (what, more) => {
    const { buyer, account } = await newBuyer()
    const id = await handedOff(buyer)
    accepts(account, `e-not-${what}`, more)
    await turn()
    await turn()
    expect(await stage.shown(id)).toMatchObject({ state: { is: 'handed_off' }, mayBe: [] })
  })

  it('is accepted by an agreement that took it on as a change', async () => {
    const { buyer, account } = await newBuyer()
    accepts(account, 'e-amended', { offerRef: 'an-older-offer' })
    await turn()
    await stage.pass(minuteMs)
    const id = await handedOff(buyer)
    const changedAt = now()
    put(
      stage.market.holdings,
      'e-amended',
      { offerRef: 'the-newer-offer', acceptedAt: '2026-11-22T10:00:00.000Z', changedAt },
      account,
    )
    await turn()
    await turn()
    expect((await stage.shown(id)).state).toMatchObject({
      is: 'accepted',
      offerRef: 'the-newer-offer',
      acceptedAt: changedAt,
    })
    expect((await agreementOf('e-amended')).offer).toBe(id)
  })

  it('that expired a moment before its agreement was told is accepted all the same', async () => {
    const { buyer, account } = await newBuyer()
    const id = await handedOff(buyer)
    const left = Date.parse((await stage.shown(id)).expiresAt) - Date.parse(now())
    await stage.pass(left - minuteMs)
    accepts(account, 'e-late')
    await stage.pass(minuteMs)
    expect((await stage.shown(id)).state.is).toMatch(/expired|accepted/)
    await turn()
    await turn()
    expect((await stage.shown(id)).state.is).toBe('accepted')
  })

  it('is accepted once when two workers ask at once', async () => {
    const { buyer, account } = await newBuyer()
    const id = await handedOff(buyer)
    accepts(account, 'e-twice')
    const { deps } = stage.world
    const connection = stage.connection as Id<'conn'>
    await readPage(deps, connection, null)
    await Promise.all([matchWaiting(deps, connection), matchWaiting(deps, connection)])
    await stage.world.drain()
    expect((await kinds(id)).filter((kind) => kind === 'offer.accepted')).toHaveLength(1)
    expect((await agreementOf('e-twice')).offer).toBe(id)
  })

  it('stays as it is while the marketplace cannot be asked, which shows', async () => {
    const { buyer, account } = await newBuyer()
    const id = await handedOff(buyer)
    await turn()
    accepts(account, 'e-trouble')
    stage.market.holdings.trouble.push(new Problem('unavailable', 'no answer'))
    await turn()
    const { body } = await stage.world.as('admin').get('/v1/syncs')
    const sync = body.data.find((one: { name: string }) => one.name === 'offers')
    expect(sync.problem).toMatchObject({ code: 'unavailable' })
    await turn()
    await turn()
    expect((await stage.shown(id)).state.is).toBe('accepted')
  })
})

describe('what is not sure', () => {
  it('is shown on both sides once, and a person says which it is', async () => {
    const { buyer, account } = await newBuyer()
    const [first, second] = [await handedOff(buyer), await handedOff(buyer)]
    accepts(account, 'e-either')
    for (let i = 0; i < 5; i += 1) await turn()
    const { id: agreement } = await agreementOf('e-either')
    for (const id of [first, second]) {
      expect(await stage.shown(id)).toMatchObject({
        state: { is: 'handed_off' },
        mayBe: [agreement],
      })
      expect((await kinds(id)).filter((kind) => kind === 'offer.may_be')).toHaveLength(1)
    }
    expect((await kinds(agreement)).filter((kind) => kind === 'agreement.may_come_of')).toEqual([
      'agreement.may_come_of',
      'agreement.may_come_of',
    ])
    const { body } = await desk().get(`/v1/offers?mayBe=${agreement}`)
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual([first, second])
    const answer = await match(second, agreement)
    expect([answer.status, answer.body.state, answer.body.mayBe]).toMatchObject([
      200,
      { is: 'accepted', agreement, offerRef: 'offer-of-e-either' },
      [],
    ])
    expect(await newest(second)).toMatchObject({ data: { matchedBy: 'person' } })
    await stage.world.drain()
    expect(await agreementOf('e-either')).toMatchObject({ offer: second, buyer })
    for (let i = 0; i < 3; i += 1) await turn()
    expect(await stage.shown(first)).toMatchObject({ state: { is: 'handed_off' }, mayBe: [] })
  })

  it('is two agreements for one offer', async () => {
    const { buyer, account } = await newBuyer()
    const id = await handedOff(buyer)
    accepts(account, 'e-one')
    accepts(account, 'e-other')
    await turn()
    await turn()
    expect((await stage.shown(id)).mayBe).toHaveLength(2)
    expect((await stage.shown(id)).state.is).toBe('handed_off')
  })

  it('ends with the expiry of all but one', async () => {
    const { buyer, account } = await newBuyer()
    const old = await handedOff(buyer)
    const left = Date.parse((await stage.shown(old)).expiresAt) - Date.parse(now())
    await stage.pass(left)
    expect((await stage.shown(old)).state.is).toBe('expired')
    const id = await handedOff(buyer)
    accepts(account, 'e-again')
    await turn()
    await turn()
    expect([(await stage.shown(id)).state.is, (await stage.shown(old)).state.is]).toEqual([
      'accepted',
      'expired',
    ])
  })

  it('can be said of an offer that is called otherwise', async () => {
    const { buyer, account } = await newBuyer()
    const id = await handedOff(buyer)
    await desk().post(`/v1/offers/${id}/published`, { offerRef: 'mistyped' })
    accepts(account, 'e-typed')
    accepts(account, 'e-second')
    await turn()
    const { id: agreement } = await agreementOf('e-typed')
    await match(id, agreement)
    expect((await newest(id))?.data).toMatchObject({
      offerRefBefore: 'mistyped',
      offerRef: 'offer-of-e-typed',
    })
    await stage.world.drain()
    expect((await agreementOf('e-typed')).offer).toBe(id)
  })

  it('is refused with every reason when it cannot be', async () => {
    const { buyer, account } = await newBuyer()
    const [one, two] = [await handedOff(buyer), await handedOff(buyer)]
    accepts(account, 'e-elsewhere', { listingRef: 'prod-2', offerRef: null })
    accepts(account, 'e-mine')
    await turn()
    const because = async (id: string, agreement: string) =>
      (await match(id, agreement)).body.errors?.map(({ message }: { message: string }) => message)
    expect(await because(one, 'agr_none')).toEqual(['no agreement agr_none'])
    expect(await because(one, (await agreementOf('e-elsewhere')).id)).toEqual([
      'is of a listing that is not known here',
      'came of no private offer',
    ])
    const { id: mine } = await agreementOf('e-mine')
    expect((await match(one, mine)).status).toBe(200)
    expect(await because(two, mine)).toEqual([`came of ${one}`])
    expect(await because(one, mine)).toEqual([`the offer became ${mine}`])
    expect((await match(await stage.draft(), mine)).status).toBe(409)
    expect((await stage.world.as('viewer').post(`/v1/offers/${two}/match`, {})).status).toBe(403)
  })
})
