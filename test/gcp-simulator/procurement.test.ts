import { cloudcommerceprocurement } from '@googleapis/cloudcommerceprocurement'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ACME, credentials, GLOBEX, HOOLI, INITECH, openGcp, type SimulatedGcp } from './open.ts'

const PRECONDITION = {
  error: { code: 400, message: 'Precondition check failed.', status: 'FAILED_PRECONDITION' },
}

let gcp: SimulatedGcp

beforeEach(async () => {
  gcp = await openGcp()
})
afterEach(() => gcp.stop())

const list = (query: string) =>
  gcp.call('GET', `/v1/providers/${ACME.id}/entitlements?${query}`).then(({ body }) => body)
const found = async (filter: string): Promise<string[]> => {
  const body = await list(`filter=${encodeURIComponent(filter)}`)
  return (body.entitlements ?? []).map((one: any) => one.orderId)
}
const approveAccount = (id: string) =>
  gcp.call('POST', gcp.account(id, ':approve'), { approvalName: 'signup' })
const approve = (id: string) => gcp.call('POST', gcp.entitlement(id, ':approve'), {})

describe('accounts', () => {
  it("walks from the purchase to an active order with Google's own client", async () => {
    const { providers } = cloudcommerceprocurement({
      version: 'v1',
      rootUrl: `${gcp.origin}/`,
      auth: credentials(gcp.origin) as never,
    })
    const made = await gcp.bought()
    const name = `providers/${ACME.id}/accounts/${made.account}`
    const { data: account } = await providers.accounts.get({ name })
    expect(account).toMatchObject({
      state: 'ACCOUNT_ACTIVE',
      approvals: [{ name: 'signup', state: 'PENDING' }],
    })
    const reason = 'Signed up'
    await providers.accounts.approve({ name, requestBody: { approvalName: 'signup', reason } })
    const filter = `account=${made.account} AND state=activation_requested`
    const { data } = await providers.entitlements.list({ parent: `providers/${ACME.id}`, filter })
    const order = String(data.entitlements?.[0]?.name)
    await providers.entitlements.approve({ name: order, requestBody: {} })
    await gcp.advance('PT1M')
    const { data: active } = await providers.entitlements.get({ name: order })
    expect(active).toMatchObject({ state: 'ENTITLEMENT_ACTIVE', plan: 'pro-P1Y' })
    await expect(providers.entitlements.suspend({ name: order, requestBody: {} })).rejects.toThrow(
      'Operation is not implemented, or supported, or enabled.',
    )
  })

  it('shows the parent of a reseller only in the full view', async () => {
    await gcp.post('/control/billing-accounts', { id: INITECH, resellerParent: GLOBEX })
    const { account } = await gcp.bought()
    const basic = await gcp.call('GET', gcp.account(account))
    const full = await gcp.call('GET', gcp.account(account, '?view=ACCOUNT_VIEW_FULL'))
    expect(basic.body.resellerParentBillingAccount).toBeUndefined()
    expect(full.body.resellerParentBillingAccount).toBe(`billingAccounts/${GLOBEX}`)
  })

  it('cuts a reason at 256 bytes without half a character, and approves what was rejected', async () => {
    const { account } = await gcp.bought()
    const reason = `${'x'.repeat(255)}ü`
    await gcp.call('POST', gcp.account(account, ':reject'), { approvalName: 'signup', reason })
    const { body } = await gcp.call('GET', gcp.account(account))
    expect(body.approvals[0]).toMatchObject({ state: 'REJECTED', reason: 'x'.repeat(255) })
    expect((await approveAccount(account)).status).toBe(200)
  })

  it('refuses a second approval and one of another name, unless the switch takes the second', async () => {
    const { account } = await gcp.bought()
    const odd = await gcp.call('POST', gcp.account(account, ':approve'), { approvalName: 'other' })
    expect(odd.body.error.status).toBe('INVALID_ARGUMENT')
    expect((await gcp.call('POST', gcp.account(account, ':approve'), {})).status).toBe(200)
    expect((await approveAccount(account)).body).toEqual(PRECONDITION)
    await gcp.set({ procurement: { approveAgain: 'accepted' } })
    expect((await approveAccount(account)).status).toBe(200)
  })

  it('resets only a test account of its own, and its approval is pending a while later', async () => {
    const made = await gcp.active()
    const reset = () => gcp.call('POST', gcp.account(made.account, ':reset'), {})
    expect((await reset()).status).toBe(403)
    await gcp.post('/control/billing-accounts', { id: INITECH, testOf: ACME.id })
    const told = (await gcp.events()).length
    expect((await reset()).status).toBe(200)
    expect((await gcp.read(made.id)).state).toBe('ENTITLEMENT_CANCELLED')
    const state = async () =>
      (await gcp.call('GET', gcp.account(made.account))).body.approvals[0].state
    expect(await state()).toBe('APPROVED')
    await gcp.advance('PT20S')
    expect(await state()).toBe('PENDING')
    await approveAccount(made.account)
    await gcp.set({ procurement: { resetMs: 0 } })
    await reset()
    await gcp.advance('PT0S')
    expect(await state()).toBe('PENDING')
    const later = (await gcp.events()).slice(told)
    expect(later.some((event) => event.account !== undefined)).toBe(false)
  })
})

describe('entitlements', () => {
  it('are approved only after their account, and once', async () => {
    const made = await gcp.bought()
    expect((await approve(made.id)).body).toEqual(PRECONDITION)
    await approveAccount(made.account)
    expect((await approve(made.id)).body).toEqual({})
    expect((await approve(made.id)).body).toEqual(PRECONDITION)
    expect((await gcp.read(made.id)).state).toBe('ENTITLEMENT_ACTIVATION_REQUESTED')
    await gcp.advance('PT30S')
    expect((await gcp.read(made.id)).state).toBe('ENTITLEMENT_ACTIVE')
    expect((await approve(made.id)).body).toEqual(PRECONDITION)
  })

  it('are approved twice in silence, when the switch says so', async () => {
    await gcp.set({ procurement: { approveAgain: 'accepted' } })
    const made = await gcp.bought()
    await approveAccount(made.account)
    await approve(made.id)
    expect((await approve(made.id)).body).toEqual({})
    await gcp.advance('PT1M')
    expect((await approve(made.id)).body).toEqual({})
    const types = (await gcp.events()).map((event) => event.eventType)
    expect(types.filter((type) => type === 'ENTITLEMENT_ACTIVE')).toHaveLength(1)
  })

  it('cannot be approved while the account approval settles, when the switch says so', async () => {
    await gcp.set({ procurement: { approvalSettlesMs: 10_000, activationMs: 0 } })
    const made = await gcp.bought()
    await approveAccount(made.account)
    expect((await approve(made.id)).body).toEqual(PRECONDITION)
    await gcp.advance('PT10S')
    expect((await approve(made.id)).status).toBe(200)
    await gcp.advance('PT0S')
    expect((await gcp.read(made.id)).state).toBe('ENTITLEMENT_ACTIVE')
  })

  it('has the fields of its state and no others', async () => {
    const made = await gcp.bought()
    const offer = `projects/${ACME.projectNumber}/services/${ACME.service}/standardOffers/pro-P1Y`
    const requested = await gcp.read(made.id)
    expect(requested).toMatchObject({
      product: ACME.service,
      productExternalName: ACME.service,
      orderId: made.id,
      offer,
      offerDuration: 'P1Y',
    })
    for (const field of ['offerEndTime', 'newOfferStartTime', 'usageReportingId'])
      expect(requested[field]).toBeUndefined()
    await approveAccount(made.account)
    await approve(made.id)
    expect(await gcp.read(made.id)).toMatchObject({
      state: 'ENTITLEMENT_ACTIVATION_REQUESTED',
      newOfferStartTime: '2027-01-10T09:30:30Z',
      offerEndTime: '2028-01-11T08:00:00Z',
    })
    await gcp.advance('PT1M')
    const active = await gcp.read(made.id)
    expect(active).toMatchObject({
      offerEndTime: '2028-01-11T08:00:00Z',
      subscriptionEndTime: '2028-01-11T08:00:00Z',
      usageReportingId: expect.stringMatching(/^project_number:\d{12}$/),
    })
    expect(active.newOfferStartTime).toBeUndefined()
    expect(active.updateTime > requested.updateTime).toBe(true)
  })

  it('hides the usage id for a while after the start, when the switch says so', async () => {
    await gcp.set({ procurement: { usageIdDelayMs: 60_000 } })
    const made = await gcp.active({ plan: 'payg' })
    expect((await gcp.read(made.id)).usageReportingId).toBeUndefined()
    await gcp.advance('PT1M')
    const shown = await gcp.read(made.id)
    expect(shown.consumers[0].project).toBe(
      shown.usageReportingId.replace('project_number:', 'projects/'),
    )
    expect(shown.offer).toBeUndefined()
  })

  it('is removed when rejected, or kept as cancelled by the switch', async () => {
    const first = await gcp.bought()
    await gcp.call('POST', gcp.entitlement(first.id, ':reject'), { reason: 'Not eligible' })
    expect((await gcp.call('GET', gcp.entitlement(first.id))).status).toBe(404)
    await gcp.set({ procurement: { rejected: 'cancelled' } })
    const second = await gcp.bought({ billingAccount: GLOBEX })
    await gcp.call('POST', gcp.entitlement(second.id, ':reject'), {})
    expect((await gcp.read(second.id)).state).toBe('ENTITLEMENT_CANCELLED')
    const again = await gcp.call('POST', gcp.entitlement(second.id, ':reject'), {})
    expect(again.body).toEqual(PRECONDITION)
  })

  it('takes a message to the user only while it waits, and loses it when the state changes', async () => {
    const made = await gcp.bought()
    const patch = (mask: string, body: object) =>
      gcp.call('PATCH', gcp.entitlement(made.id, `?updateMask=${mask}`), body)
    const text = 'Ready in two hours'
    expect((await patch('plan', { plan: 'payg' })).body.error.status).toBe('INVALID_ARGUMENT')
    const patched = await patch('message_to_user', { message_to_user: text })
    expect(patched.body.messageToUser).toBe(text)
    expect(patched.body.updateTime > made.entitlement.updateTime).toBe(true)
    expect((await gcp.read(made.id)).messageToUser).toBe(text)
    await approveAccount(made.account)
    await approve(made.id)
    await gcp.advance('PT1M')
    expect((await gcp.read(made.id)).messageToUser).toBeUndefined()
    expect((await patch('messageToUser', { messageToUser: text })).body).toEqual(PRECONDITION)
  })

  it('ends the order that another was migrated from', async () => {
    await gcp.post(`/control/products/${ACME.service}`, { multipleOrders: true })
    const old = await gcp.active()
    const next = await gcp.bought()
    const entitlementMigrated = `providers/${ACME.id}/entitlements/${old.id}`
    await gcp.call('POST', gcp.entitlement(next.id, ':approve'), { entitlementMigrated })
    expect(await gcp.read(old.id)).toMatchObject({
      state: 'ENTITLEMENT_CANCELLED',
      cancellationReason: 'migrated',
    })
  })
})

describe('changes of plan', () => {
  it('wait for the seller, who names the plan, and then take place', async () => {
    const { id } = await gcp.active()
    await gcp.post('/buyer/change-plan', { entitlement: id, plan: 'payg' })
    const waiting = await gcp.read(id)
    expect(waiting).toMatchObject({
      state: 'ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL',
      plan: 'pro-P1Y',
      newPendingPlan: 'payg',
    })
    expect(waiting.newOfferStartTime).toBeUndefined()
    const act = (body: object) => gcp.call('POST', gcp.entitlement(id, ':approvePlanChange'), body)
    expect((await act({})).body.error.status).toBe('INVALID_ARGUMENT')
    expect((await act({ pendingPlanName: 'pro' })).body.error.status).toBe('INVALID_ARGUMENT')
    expect((await act({ pendingPlanName: 'payg' })).body).toEqual({})
    expect((await act({ pendingPlanName: 'payg' })).body).toEqual(PRECONDITION)
    expect(await gcp.read(id)).toMatchObject({
      state: 'ENTITLEMENT_PENDING_PLAN_CHANGE',
      newOfferStartTime: expect.any(String),
    })
    await gcp.advance('PT30S')
    const changed = await gcp.read(id)
    expect(changed).toMatchObject({ state: 'ENTITLEMENT_ACTIVE', plan: 'payg' })
    expect(changed.offerEndTime).toBeUndefined()
  })

  it('may wait for the end of the term, and may be refused or withdrawn', async () => {
    const { id } = await gcp.active({ plan: 'pro' })
    const ask = () =>
      gcp.post('/buyer/change-plan', { entitlement: id, plan: 'pro-P1Y', when: 'term_end' })
    const body = { pendingPlanName: 'pro-P1Y', reason: 'No' }
    await ask()
    await gcp.call('POST', gcp.entitlement(id, ':rejectPlanChange'), body)
    expect(await gcp.read(id)).toMatchObject({ state: 'ENTITLEMENT_ACTIVE', plan: 'pro' })
    await ask()
    await gcp.post('/buyer/withdraw-change', { entitlement: id })
    await ask()
    await gcp.call('POST', gcp.entitlement(id, ':approvePlanChange'), {
      pendingPlanName: 'pro-P1Y',
    })
    const { offerEndTime, newOfferStartTime } = await gcp.read(id)
    expect(newOfferStartTime).toBe(offerEndTime)
    await gcp.advance('P1M2D')
    expect(await gcp.read(id)).toMatchObject({ state: 'ENTITLEMENT_ACTIVE', plan: 'pro-P1Y' })
    const types = (await gcp.events()).map((event) => event.eventType)
    expect(types.filter((type) => type === 'ENTITLEMENT_PLAN_CHANGE_CANCELLED')).toHaveLength(2)
    expect(types).not.toContain('ENTITLEMENT_RENEWED')
  })
})

describe('lists', () => {
  it('are read page by page, each token only for its own list', async () => {
    await gcp.post(`/control/products/${ACME.service}`, { multipleOrders: true })
    for (let count = 0; count < 3; count += 1) await gcp.bought()
    const first = await list('pageSize=2')
    expect(first.entitlements).toHaveLength(2)
    const rest = await list(`pageSize=2&pageToken=${first.nextPageToken}`)
    expect(rest.entitlements).toHaveLength(1)
    expect(rest.nextPageToken).toBeUndefined()
    const other = await list(`pageToken=${first.nextPageToken}&filter=state%3Dactive`)
    expect(other.error.status).toBe('INVALID_ARGUMENT')
    expect((await list('pageSize=-1')).error.status).toBe('INVALID_ARGUMENT')
    await gcp.set({ procurement: { entitlementPageMax: 1 } })
    expect((await list('pageSize=500')).entitlements).toHaveLength(1)
  })

  it('may begin with a page that holds nothing', async () => {
    await gcp.bought()
    await gcp.set({ procurement: { emptyFirstPage: true } })
    const first = await list('')
    expect(first.entitlements).toBeUndefined()
    const rest = await list(`pageToken=${first.nextPageToken}`)
    expect(rest.entitlements).toHaveLength(1)
    expect(rest.nextPageToken).toBeUndefined()
  })

  it('cut accounts at 200 and have 25 usually', async () => {
    for (let count = 0; count < 26; count += 1) {
      const id = `0000${String(count).padStart(2, '0')}-AAAAAA-AAAAAA`
      await gcp.post('/control/billing-accounts', { id })
      await gcp.bought({ billingAccount: id })
    }
    const answer = await gcp.call('GET', `/v1/providers/${ACME.id}/accounts`)
    expect(answer.body.accounts).toHaveLength(25)
    expect(answer.body.nextPageToken).toEqual(expect.any(String))
  })

  it('are filtered by everything the grammar has', async () => {
    const active = await gcp.active()
    const payg = await gcp.bought({ plan: 'payg', billingAccount: GLOBEX })
    const offer = (await gcp.read(active.id)).offer
    expect(await found('state=active')).toEqual([active.id])
    expect(await found('state=ENTITLEMENT_ACTIVE')).toEqual([active.id])
    expect(await found('NOT state=Active')).toEqual([payg.id])
    expect(await found('plan!=payg')).toEqual([active.id])
    expect(await found(`account=${payg.account}`)).toEqual([payg.id])
    expect(await found(`account="providers/${ACME.id}/accounts/${payg.account}"`)).toEqual([
      payg.id,
    ])
    expect(await found(`customer_billing_account="billingAccounts/${GLOBEX}"`)).toEqual([payg.id])
    expect(await found(`product_external_name="${ACME.service}" plan=payg`)).toEqual([payg.id])
    expect(await found('(plan=payg OR state=active) AND NOT plan=payg')).toEqual([active.id])
    expect(await found(`change_history.new_offer:"${offer}"`)).toEqual([active.id])
    expect(await found(`offer="${offer}"`)).toEqual([active.id])
    const { consumers } = await gcp.read(active.id)
    expect(await found(`consumers.project:"${consumers[0].project}"`)).toEqual([active.id])
    expect(await found(`customer_billing_account="billingAccounts/${HOOLI}"`)).toEqual([])
  })

  it.each([
    'state',
    'state=',
    'colour=red',
    '(state=active',
    'state=active)',
    `product_external_name=${ACME.service}`,
    'consumers.project="projects/1"',
    'plan:pro',
    'state=active AND',
    'plan="pro',
  ])('refuse the filter %s', async (filter) => {
    const answer = await list(`filter=${encodeURIComponent(filter)}`)
    expect(answer.error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' })
  })
})

describe('terms', () => {
  it('renew, a subscription at Pacific midnight', async () => {
    const { id } = await gcp.active({ plan: 'pro' })
    expect((await gcp.read(id)).offerEndTime).toBe('2027-02-11T08:00:00Z')
    await gcp.advance('P1M2D')
    expect(await gcp.read(id)).toMatchObject({
      state: 'ENTITLEMENT_ACTIVE',
      offerEndTime: '2027-03-11T08:00:00Z',
    })
    await gcp.advance('P1M')
    expect((await gcp.read(id)).offerEndTime).toBe('2027-04-11T07:00:00Z')
  })

  it('that ended are forgotten as soon as the switch says', async () => {
    await gcp.set({ procurement: { purgeDays: 1 } })
    const { id } = await gcp.active({ plan: 'payg' })
    await gcp.post('/buyer/cancel', { entitlement: id })
    await gcp.advance('P1D')
    expect((await gcp.call('GET', gcp.entitlement(id))).status).toBe(404)
  })

  it('end where the buyer lets them, and what ended is deleted after 60 days', async () => {
    const { id } = await gcp.active({ plan: 'pro' })
    await gcp.post('/buyer/cancel', { entitlement: id })
    expect((await gcp.read(id)).state).toBe('ENTITLEMENT_PENDING_CANCELLATION')
    await gcp.post('/buyer/revert', { entitlement: id })
    expect((await gcp.read(id)).state).toBe('ENTITLEMENT_ACTIVE')
    await gcp.post('/buyer/cancel', { entitlement: id })
    await gcp.advance('P1M2D')
    expect(await gcp.read(id)).toMatchObject({
      state: 'ENTITLEMENT_CANCELLED',
      cancellationReason: 'user-cancelled',
      offerEndTime: '2027-02-11T08:00:00Z',
    })
    await gcp.advance('P60D')
    const gone = await gcp.call('GET', gcp.entitlement(id))
    expect(gone.body.error).toMatchObject({ code: 404, status: 'NOT_FOUND' })
    const types = (await gcp.events()).map((event) => event.eventType)
    expect(types.slice(-4)).toEqual([
      'ENTITLEMENT_CANCELLATION_REVERTED',
      'ENTITLEMENT_PENDING_CANCELLATION',
      'ENTITLEMENT_CANCELLED',
      'ENTITLEMENT_DELETED',
    ])
  })
})
