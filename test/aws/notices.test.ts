import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { failing, open } from './cloud.ts'

const events = JSON.parse(readFileSync(join(import.meta.dirname, 'data/events.json'), 'utf8'))
const { captured, documented } = events as Record<string, Record<string, any>>
const secret = 'a long secret'
const received = async (event: unknown) => {
  const body = JSON.stringify(event)
  const { notices } = open()
  const [notice] = await notices.receive(
    { headers: { 'x-tradepost-secret': secret }, body },
    secret,
  )
  return notice
}
const agreementRef = 'agmt-3xamp1ez9g7f2v6imgyj0001a'
const licenseRef =
  'arn:aws:license-manager::294406891311:license:l-0123456789abcdef0123456789abcdef'
const listingRef = 'prod-3xamp1eyj4eqg'

describe("AWS Marketplace's events", () => {
  it('an agreement event says which agreement, and nothing else is known', async () => {
    const event = captured!.purchase_agreement_created_proposer_new
    expect(await received(event)).toEqual({
      noticeRef: event.id,
      kind: 'Purchase Agreement Created - Proposer',
      at: '2026-08-20T14:23:22.000Z',
      about: { is: 'agreement', agreementRef, licenseRef: null, listingRef: null },
      native: event,
    })
  })

  it('a licence event brings licence and product; its end is an end', async () => {
    expect((await received(captured!.license_updated_manufacturer))?.about).toEqual({
      is: 'agreement',
      agreementRef,
      licenseRef,
      listingRef,
    })
    expect((await received(captured!.license_deprovisioned_manufacturer))?.about).toEqual({
      is: 'license_ended',
      agreementRef,
      licenseRef,
      at: '2026-08-20T14:25:28.000Z',
    })
  })

  it.each([
    ['purchase_agreement_amended_proposer', { is: 'agreement', agreementRef }],
    ['agreement_cancellation_request_pending_approval', { is: 'agreement', listingRef }],
    ['billing_adjustment_completed', { is: 'agreement', agreementRef }],
    ['offer_released', { is: 'offer', offerRef: 'offer-3xamp1e6jq7s1', operation: null }],
    ['change_set_failed', { is: 'offer', offerRef: null, operation: 'dtkkxeq7k0d40blrck9k27wm2' }],
    ['change_set_succeeded', { is: 'offer', operation: 'dtkkxeq7k0d40blrck9k27wm2' }],
  ])('%s', async (name, about) =>
    expect((await received(documented![name]))?.about).toMatchObject(about),
  )

  it('knows every sample, and leaves what it does not know alone', async () => {
    for (const event of [...Object.values(captured!), ...Object.values(documented!)])
      expect((await received(event))?.about.is).not.toBe('other')
    const other = { ...captured!.license_updated_manufacturer, source: 'aws.marketplace' }
    expect((await received(other))?.about).toEqual({ is: 'other' })
  })
})

describe('the sender', () => {
  const body = JSON.stringify(captured!.license_updated_manufacturer)
  it.each([
    [{}],
    [{ 'x-tradepost-secret': '' }],
    [{ 'x-tradepost-secret': 'a long secreT' }],
    [{ 'x-tradepost-secret': 'a long' }],
  ])('%j is not AWS', async (headers) => {
    const { notices } = open()
    const problem = await failing(notices.receive({ headers, body } as never, secret))
    expect(problem).toMatchObject({ code: 'unauthenticated', details: { whose: 'theirs' } })
  })

  it('is nobody while there is no secret', async () => {
    const { notices } = open()
    const headers = { 'x-tradepost-secret': '' }
    const problem = await failing(notices.receive({ headers, body }, ''))
    expect(problem.code).toBe('unauthenticated')
  })

  it('may use another header, if the settings say so', async () => {
    const { notices } = open({ settings: { notices: { header: 'x-other' } } })
    expect(await notices.receive({ headers: { 'x-other': secret }, body }, secret)).toHaveLength(1)
  })

  it.each([
    '',
    'x',
    '[]',
    '{}',
    '{"id":"1","detail-type":"x","source":"y","time":"z","detail":{}}',
  ])('a body of %j cannot be read, and is kept', async (text) => {
    const { notices } = open()
    const headers = { 'x-tradepost-secret': secret }
    expect(await notices.receive({ headers, body: text }, secret)).toMatchObject([
      { kind: 'unreadable', about: { is: 'other' }, native: { text } },
    ])
  })
})
