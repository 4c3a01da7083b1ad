import { randomInt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ACME, dayMs, type Google, openGoogle, secondMs } from './google/google.ts'
import { longStepMs, luckOf, takeStep } from './google/walk.ts'

/** `WALK_SEEDS=20` walks twenty more, and all longer; each is from a seed that is new and in its name. */
const more = Number(process.env.WALK_SEEDS ?? 0)
const seeds = [1, 14, ...Array.from({ length: more }, () => randomInt(1_000_000_000))]
const steps = more > 0 ? 30 : 9
/** An order that is gone is looked for once this many polls did not show it. */
const pollsToMiss = 3
const pageMax = 2

/** Messages with every kind of trouble: doubled, out of order, a day late, or never; and several under one id. */
const rough = {
  sharedEventId: true,
  duplicateRate: 0.4,
  disorderRate: 0.5,
  disorderMs: 90 * secondMs,
  dropRate: 0.2,
  types: {
    ENTITLEMENT_ACTIVE: { delayMs: dayMs },
    ENTITLEMENT_PLAN_CHANGE_REQUESTED: { drop: true },
    ENTITLEMENT_CANCELLED: { delayMs: 3 * dayMs, duplicate: true },
    '-': { duplicate: true },
  },
  withoutEventType: ['ENTITLEMENT_PLAN_CHANGED'],
}

/** Where no document decides, the other choice. */
const otherwise = {
  procurement: {
    approvalSettlesMs: 20 * secondMs,
    approveAgain: 'accepted',
    rejected: 'cancelled',
    usageIdDelayMs: 90 * secondMs,
    cancellingMs: 60 * secondMs,
  },
  signUp: { orders: 'objects' },
}

/** The buyers, the seller and the clock at random, and after each step the one thing that must always hold. */
describe('a walk through the life of orders at Google', () => {
  it.each(seeds)(
    'stays with Google, seed %i',
    async (seed) => {
      const isOdd = seed % 2 === 1
      const isPushed = Math.floor(seed / 2) % 2 === 0
      const google = await openGoogle({
        startAt: '2027-02-03T17:00:00.000Z',
        mode: isOdd ? 'api' : 'handoff',
        notices: isPushed ? 'push' : 'pull',
        switches: { notices: rough },
      })
      const procurement = { entitlementPageMax: pageMax, billingDisabledMs: 3 * dayMs }
      await google.set({ procurement })
      if (!isOdd) await google.set(otherwise)
      await google.cloud('POST', `/gcp/control/products/${ACME.service}`, { multipleOrders: true })
      try {
        const luck = luckOf(seed)
        const done: string[] = []
        for (let step = 0; step < steps; step++) {
          done.push(await takeStep(google, luck))
          await expectSame(google, `seed ${seed}: ${done.join(', ')}`)
        }
        // The service is down meanwhile.
        google.advance(70 * dayMs)
        await google.pass(dayMs, longStepMs)
        await expectSame(google, `seed ${seed}: ${done.join(', ')}, 71 days`)
        expect(new Set(done).size, done.join('\n')).toBeGreaterThan(5)
        await expectSaneVersions(google)
        expect((await google.get('/v1/jobs?state=stopped')).data).toEqual([])
        expect(await google.everything('/v1/notices?state=received')).toEqual([])
      } finally {
        await google.close()
      }
    },
    120_000,
  )
})

/** After enough polls each agreement is its entitlement, what Google deleted has ended, and one more poll reads each page of the list once. */
async function expectSame(google: Google, story: string): Promise<void> {
  for (let poll = 0; poll < pollsToMiss; poll++) await google.poll()
  const { entitlements } = await google.cloud('GET', '/gcp/buyer/entitlements')
  const ours = await google.everything(`/v1/agreements?connection=${google.connection}`)
  const known = new Set(entitlements.map(({ id }: any) => id))
  const held = ours.filter(({ agreementRef }) => known.has(agreementRef))
  // That an order of use alone was approved shows nowhere until it is active.
  const approved = (await google.entitlements()).filter(({ isApproved }) => isApproved)
  const isApproved = (id: string) => approved.some((one) => one.id === id)
  const settled = (id: string, one: ReturnType<typeof heldOf>) =>
    one.state === 'pending' && isApproved(id) ? { ...one, awaits: null } : one
  const wanted = entitlements.map(({ id, entitlement }: any) => [
    id,
    settled(id, expectedOf(entitlement, Date.parse(google.deps.now()))),
  ])
  expect(
    new Map(held.map((one) => [one.agreementRef, settled(one.agreementRef, heldOf(one))])),
    story,
  ).toEqual(new Map(wanted))
  const gone = ours.filter(({ agreementRef }) => !known.has(agreementRef))
  expect(new Set(gone.map(({ state }) => state.is)), story).toEqual(
    new Set(gone.length > 0 ? ['ended'] : []),
  )
  const before = await google.calls()
  await google.poll()
  const after = await google.calls()
  const lists = 'procurement:entitlements.list'
  const pages = Math.max(1, Math.ceil(entitlements.length / pageMax))
  expect(after[lists]! - before[lists]!, story).toBe(pages)
}

const states: Readonly<Record<string, string>> = {
  ENTITLEMENT_ACTIVATION_REQUESTED: 'pending',
  ENTITLEMENT_ACTIVE: 'active',
  ENTITLEMENT_PENDING_PLAN_CHANGE: 'active',
  ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL: 'active',
  ENTITLEMENT_PENDING_CANCELLATION: 'cancelling',
  ENTITLEMENT_CANCELLED: 'ended',
}
const awaited: Readonly<Record<string, string>> = {
  ENTITLEMENT_ACTIVATION_REQUESTED: 'approval',
  ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL: 'change',
}

/** What Google holds of an order, in the words of its documents translated into ours. */
function expectedOf(told: any, nowMs: number) {
  const end = told.offerEndTime ?? told.subscriptionEndTime
  const isPast = states[told.state] === 'active' && Date.parse(end ?? '') + dayMs <= nowMs
  return {
    state: states[told.state],
    planRef: told.plan.replace(/-P1[YM]$/, ''),
    awaits: awaited[told.state] ?? null,
    offerRef: /\/privateOffers\/([^/]+)$/.exec(told.offer ?? '')?.[1] ?? null,
    endsAt: end === undefined || isPast ? null : new Date(end).toISOString(),
    consumer: told.usageReportingId ?? null,
  }
}

/** The same of what we hold. */
const heldOf = (one: any) => ({
  state: one.state.is,
  planRef: one.planRef,
  awaits: one.awaits?.what ?? null,
  offerRef: one.offerRef,
  endsAt: one.endsAt,
  consumer: one.licenseRefs[0] ?? null,
})

/** Versions follow each other without gap, the newest is what is held, and what ended stays so. */
async function expectSaneVersions(google: Google): Promise<void> {
  for (const one of await google.everything(`/v1/agreements?connection=${google.connection}`)) {
    const versions = await google.everything(`/v1/agreements/${one.id}/versions`)
    expect(versions.length).toBeGreaterThan(0)
    versions.forEach((version, i) => {
      expect(version.validTo).toBe(versions[i + 1]?.validFrom ?? null)
      expect(version.recordedAt >= version.validFrom).toBe(true)
    })
    expect(heldOf(versions.at(-1))).toEqual(heldOf(one))
    const names = versions.map(({ state }) => state.is)
    const ended = names.indexOf('ended')
    const later = ended < 0 ? [] : names.slice(ended)
    expect(later.filter((is) => is !== 'ended')).toEqual([])
  }
}
