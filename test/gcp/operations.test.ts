import { describe, expect, it } from 'vitest'
import type { Wanted } from '../../src/agreements/operation.ts'
import {
  accountPath,
  buyerAccount,
  entitlement,
  entitlementId,
  entitlementPath,
  failing,
  google,
  precondition,
  type Replies,
} from './google.ts'

describe('what a seller asks', () => {
  const requested = { state: 'ENTITLEMENT_ACTIVATION_REQUESTED' }
  const changing = {
    state: 'ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL',
    newPendingPlan: 'ultimate',
  }
  /** A seller's side of Google: entitlements and accounts that move as they are told. */
  function world(first: object, approval = 'PENDING', replies: Replies = {}) {
    const now = { row: entitlement(first) as Record<string, unknown>, approval }
    const moves = (change: object) => () => {
      now.row = { ...now.row, ...change }
      return { json: {} }
    }
    const clouds = google({
      [`GET ${entitlementPath}`]: () => ({ json: now.row }),
      [`GET ${accountPath}`]: () => ({ json: buyerAccount(now.approval) }),
      [`POST ${accountPath}:approve`]: () => {
        now.approval = 'APPROVED'
        return { json: {} }
      },
      [`POST ${entitlementPath}:approve`]: () =>
        now.approval === 'APPROVED' ? { json: {} } : precondition,
      [`POST ${entitlementPath}:reject`]: moves({ state: 'ENTITLEMENT_CANCELLED' }),
      [`POST ${entitlementPath}:approvePlanChange`]: moves({
        state: 'ENTITLEMENT_ACTIVE',
        plan: 'ultimate',
        newPendingPlan: undefined,
      }),
      [`POST ${entitlementPath}:rejectPlanChange`]: moves({
        state: 'ENTITLEMENT_ACTIVE',
        newPendingPlan: undefined,
      }),
      [`PATCH ${entitlementPath}`]: ({ body }) => moves(body)(),
      ...replies,
    })
    const ask = (wanted: Wanted) => clouds.agreements.operate!(entitlementId, wanted, 'op_1')
    return { ...clouds, now, ask, written: () => clouds.calls.filter((c) => c.method !== 'GET') }
  }
  const activate = { is: 'activate' } as const

  it('approves the account’s sign-up first, then the order, and follows the order itself', async () => {
    const { ask, asked, calls } = world(requested)
    expect(await ask(activate)).toEqual({ is: 'running', operationRef: null })
    expect(asked()).toEqual([
      `GET ${entitlementPath}`,
      `GET ${accountPath}`,
      `POST ${accountPath}:approve`,
      `POST ${entitlementPath}:approve`,
    ])
    expect(calls[2]!.body).toEqual({ approvalName: 'signup' })
  })

  it('leaves an account alone that is approved, and an order that began', async () => {
    const known = world(requested, 'APPROVED')
    await known.ask(activate)
    expect(known.written()).toHaveLength(1)
    const begun = world({ state: 'ENTITLEMENT_ACTIVE' })
    expect(await begun.ask(activate)).toEqual({ is: 'done' })
    const waiting = world({ ...requested, newOfferStartTime: '2026-04-01T07:00:00Z' })
    expect(await waiting.ask(activate)).toEqual({ is: 'running', operationRef: null })
    expect([...begun.written(), ...waiting.written()]).toEqual([])
  })

  it('approves an account that was rejected once', async () => {
    const { ask, now } = world(requested, 'REJECTED')
    await ask(activate)
    expect(now.approval).toBe('APPROVED')
  })

  it('takes a refusal for success when the order has moved meanwhile', async () => {
    const { ask, now } = world(requested, 'APPROVED', {
      [`POST ${entitlementPath}:approve`]: () => {
        now.row = { ...now.row, state: 'ENTITLEMENT_ACTIVE' }
        return precondition
      },
    })
    expect(await ask(activate)).toEqual({ is: 'running', operationRef: null })
  })

  it('asks again later when Google has not noticed yet that the account is approved', async () => {
    const late = { [`POST ${entitlementPath}:approve`]: precondition }
    const problem = await failing(world(requested, 'PENDING', late).ask(activate))
    expect([problem.code, problem.details.retryAfterMs]).toEqual(['conflict', 10_000])
    const minutesAgo = {
      ...late,
      [`GET ${accountPath}`]: { json: buyerAccount('APPROVED', '2026-03-10T08:40:00Z') },
    }
    const again = await failing(world(requested, 'APPROVED', minutesAgo).ask(activate))
    expect(again.code).toBe('conflict')
    const longAgo = await failing(world(requested, 'APPROVED', late).ask(activate))
    expect(longAgo.code).toBe('rejected')
  })

  it('does not hide that a reply was lost, and starts nothing twice after it', async () => {
    let isLost = true
    const { ask, now, written } = world(requested, 'APPROVED', {
      [`POST ${entitlementPath}:approve`]: () => {
        now.row = { ...now.row, state: 'ENTITLEMENT_ACTIVE' }
        return isLost ? 'hang up' : { json: {} }
      },
    })
    expect((await failing(ask(activate))).code).toBe('unavailable')
    isLost = false
    expect(await ask(activate)).toEqual({ is: 'done' })
    expect(written()).toHaveLength(1)
  })

  it('rejects an order with a reason that Google need not cut, once', async () => {
    const { ask, calls, written } = world(requested)
    const reason = '€'.repeat(100)
    expect(await ask({ is: 'reject', reason })).toMatchObject({ is: 'running' })
    expect(calls.at(-1)!.body).toEqual({ reason: '€'.repeat(85) })
    expect(await ask({ is: 'reject', reason })).toEqual({ is: 'done' })
    expect(written()).toHaveLength(1)
    const removed = google({})
    expect(
      await removed.agreements.operate!(entitlementId, { is: 'reject', reason: null }, 'op_1'),
    ).toEqual({ is: 'done' })
    const begun = await failing(world({}).ask({ is: 'reject', reason: null }))
    expect(begun.details.reasons).toEqual([
      { part: 'reject', code: null, message: 'the order is ENTITLEMENT_ACTIVE' },
    ])
  })

  it('approves or rejects the very change that waits', async () => {
    const yes = world(changing)
    expect(await yes.ask({ is: 'approve_change', planRef: 'ultimate' })).toMatchObject({
      is: 'running',
    })
    expect(yes.calls.at(-1)!.body).toEqual({ pendingPlanName: 'ultimate' })
    expect(await yes.ask({ is: 'approve_change', planRef: 'ultimate' })).toEqual({ is: 'done' })
    expect(yes.written()).toHaveLength(1)
    const no = world(changing)
    const rejected = { is: 'reject_change', planRef: 'ultimate', reason: 'too small' } as const
    await no.ask(rejected)
    expect(no.calls.at(-1)!.body).toEqual({ pendingPlanName: 'ultimate', reason: 'too small' })
    expect(await no.ask(rejected)).toEqual({ is: 'done' })
    expect(no.written()).toHaveLength(1)
  })

  it('does not touch another change than was decided on, nor one that is over', async () => {
    const other = world({ ...changing, newPendingPlan: 'payg' })
    const problem = await failing(other.ask({ is: 'approve_change', planRef: 'ultimate' }))
    expect(problem.code).toBe('rejected')
    expect(problem.message).toMatch(/it is payg that waits, not ultimate/)
    const over = await failing(
      world({ plan: 'ultimate' }).ask({ is: 'reject_change', planRef: 'ultimate', reason: null }),
    )
    expect(over.details.reasons).toHaveLength(1)
    expect((await failing(world({}).ask({ is: 'approve_change', planRef: 'x' }))).code).toBe(
      'rejected',
    )
    expect(other.written()).toEqual([])
  })

  it('shows the buyer a message while something waits for the seller, and only then', async () => {
    const { ask, calls, written } = world(requested)
    expect(await ask({ is: 'message', text: 'Sign up, please' })).toEqual({ is: 'done' })
    expect(calls.at(-1)!.url.searchParams.get('updateMask')).toBe('messageToUser')
    expect(calls.at(-1)!.body).toEqual({ messageToUser: 'Sign up, please' })
    await ask({ is: 'message', text: 'Sign up, please' })
    expect(written()).toHaveLength(1)
    expect((await failing(world({}).ask({ is: 'message', text: 'x' }))).code).toBe('rejected')
  })

  it('is told what a seller cannot ask, and what Google does not know', async () => {
    expect((await failing(world({}).ask({ is: 'cancel' }))).code).toBe('unsupported')
    const { agreements } = google({})
    expect((await failing(agreements.operate!('x', activate, 'op_1'))).code).toBe('not_found')
  })

  it('can be asked what the traits name, by the seller’s settings', () => {
    const { traits } = google(
      {},
      { settings: { planChanges: 'refuse', approval: 'on_request' } },
    ).agreements
    expect(traits).toEqual({
      operations: ['activate', 'reject', 'approve_change', 'reject_change', 'message'],
      activation: 'on_request',
      registers: 'account',
      forgets: true,
      buyerChanges: { plan: 'refuse', quantity: 'refuse' },
    })
  })
})
