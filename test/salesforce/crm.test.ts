import nock from 'nock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Mapping, mappings } from '../../adapters/salesforce/mapping.ts'
import { recordOf } from '../../adapters/salesforce/record.ts'
import { cutOff } from '../network.ts'
import {
  advance,
  base,
  described,
  describes,
  grantToken,
  host,
  notFound,
  offerRow,
  open,
  orgId,
  usage,
} from './org.ts'

cutOff()
beforeEach(() => advance(3_600_000))
afterEach(() => {
  const left = nock.pendingMocks()
  nock.cleanAll()
  expect(left).toEqual([])
})

const offers = `${base}/composite/sobjects/Marketplace_Offer__c/Marketplace_Key__c`
const ok = (id: string) => ({ id, success: true, errors: [], created: false })
const error = (statusCode: string, message = statusCode, fields: string[] = []) => ({
  success: false,
  errors: [{ statusCode, message, fields }],
  created: false,
})

/** Opens an org and answers one describe; collects the exact text of every save. */
function org(path = offers, kind: keyof typeof mappings = 'offer', extra: string[] = []) {
  const { crm } = open()
  grantToken()
  const mapping = mappings[kind] as Mapping
  nock(host)
    .get(`${base}/sobjects/${mapping.object}/describe`)
    .reply(200, described(mapping, extra), usage(18))
  const sent: string[] = []
  const answer = (status: number, body: any) =>
    nock(host)
      .patch(path, (request: any) => sent.push(JSON.stringify(request)) > 0)
      .reply(status, body, usage(19))
  return { crm, sent, answer }
}

describe('saving', () => {
  it('is one upsert by external id, as recorded', async () => {
    const { crm, sent, answer } = org()
    answer(200, [ok('a0BdM0000000001AAA')])
    const row = offerRow(1, {}, { account: '001dM00003kS2ndQAC', opportunity: null })
    expect(await crm.save('offer', [row])).toEqual([
      { key: 'offer_1', is: 'saved', crmRef: 'a0BdM0000000001AAA' },
    ])
    const body = JSON.parse(sent[0]!)
    expect(body.allOrNone).toBe(false)
    expect(body.records[0]).toEqual({
      attributes: { type: 'Marketplace_Offer__c' },
      Marketplace_Key__c: 'offer_1',
      Cloud__c: 'AWS',
      Offer_Name__c: 'Acme 2027',
      Offer_Id__c: 'offer-abc',
      Product_Id__c: 'prod-1',
      Product_Name__c: 'Widgets',
      Status__c: 'Pending Acceptance',
      Native_Status__c: null,
      Offer_URL__c: 'https://aws.amazon.com/marketplace/saas/ordering?offerId=offer-abc',
      Offer_Type__c: 'New',
      Accept_By__c: '2027-02-01',
      Starts_On__c: null,
      Ends_On__c: null,
      Term_Months__c: 36,
      Source_Currency__c: 'USD',
      Total_Contract_Value__c: 360000.1,
      Source_Amount__c: 360000.1,
      Listing_Fee_Percent__c: 3,
      Net_Value__c: 349200.1,
      Buyer_Account_Ids__c: '012345678901',
      Payment_Schedule__c: 'Custom',
      Source_Modified_At__c: '2027-01-01T00:00:00.000Z',
      Last_Synced_At__c: expect.stringMatching(/^2027-.*Z$/),
      Account__c: '001dM00003kS2ndQAC',
      Opportunity__c: null,
    })
    expect(crm.budget()).toEqual({ used: 19, limit: 15000 })
  })

  it('sends a parent of ours by external id, and leaves absent links alone', async () => {
    const path = `${base}/composite/sobjects/Marketplace_Agreement__c/Marketplace_Key__c`
    const { crm, sent, answer } = org(path, 'agreement')
    answer(200, [ok('a0C')])
    const fields = { provider: 'aws', status: 'active', currency: 'USD', value: '10.00' }
    const row = { kind: 'agreement', key: 'agr_1', fields, links: { offer: 'offer_1' } }
    await crm.save('agreement', [row as any])
    const record = JSON.parse(sent[0]!).records[0]
    expect(record.Offer__r).toEqual({ Marketplace_Key__c: 'offer_1' })
    expect(record).not.toHaveProperty('Account__c')
    expect(record).not.toHaveProperty('Offer__c')
  })

  it('updates an opportunity by its own id and makes none', async () => {
    const { crm, sent, answer } = org(`${base}/composite/sobjects`, 'opportunity')
    answer(200, [ok('006dM00000Mw7VtQAJ')])
    const fields = {
      status: 'live',
      buyUrl: null,
      acceptBy: '2027-02-01',
      currency: 'USD',
      netValue: '1.00',
    }
    const row = {
      kind: 'opportunity',
      key: '006dM00000Mw7VtQAJ',
      fields,
      links: { offer: 'offer_1' },
    }
    await crm.save('opportunity', [row as any])
    expect(JSON.parse(sent[0]!).records).toEqual([
      {
        attributes: { type: 'Opportunity' },
        id: '006dM00000Mw7VtQAJ',
        Marketplace_Offer_Status__c: 'Pending Acceptance',
        Marketplace_Offer_URL__c: null,
        Marketplace_Offer_Expires__c: '2027-02-01',
        Marketplace_Net_Amount__c: 1,
        Marketplace_Primary_Offer__r: { Marketplace_Key__c: 'offer_1' },
      },
    ])
  })

  it('writes amounts with exactly our digits, beyond what a JS number holds', () => {
    const row = offerRow(1, { value: '9007199254740993.07', netValue: '0.005', feePercent: '2.5' })
    const record = recordOf(
      row,
      { manyCurrencies: false, currency: 'USD' },
      '2027-01-01T00:00:00.000Z',
    )
    const text = JSON.stringify(record)
    expect(text).toContain('"Total_Contract_Value__c":9007199254740993.07,')
    expect(text).toContain('"Source_Amount__c":9007199254740993.0700,')
    expect(text).toContain('"Net_Value__c":0.01,')
    expect(text).toContain('"Listing_Fee_Percent__c":2.5000,')
  })

  it('leaves Currency fields empty when the org has another currency, and keeps the source amount', async () => {
    const { crm, sent, answer } = org()
    answer(200, [ok('a')])
    await crm.save('offer', [offerRow(1, { currency: 'EUR' })])
    expect(JSON.parse(sent[0]!).records[0]).toMatchObject({
      Total_Contract_Value__c: null,
      Net_Value__c: null,
      Source_Amount__c: 360000.1,
      Source_Currency__c: 'EUR',
    })
  })

  it('gives the record its currency in an org with several', async () => {
    const { crm, sent, answer } = org(offers, 'offer', ['CurrencyIsoCode'])
    answer(200, [ok('a')])
    await crm.save('offer', [offerRow(1, { currency: 'EUR' })])
    expect(JSON.parse(sent[0]!).records[0]).toMatchObject({
      CurrencyIsoCode: 'EUR',
      Total_Contract_Value__c: 360000.1,
    })
  })

  it('shortens names, not identifiers, and drops an address that does not fit', async () => {
    const { crm, sent, answer } = org()
    answer(200, [ok('a')])
    const long = 'x'.repeat(300)
    const buyUrl = `https://aws.amazon.com/${long}`
    const buyerRefs = Array.from({ length: 400 }, (_, i) => String(100000000000 + i)).join('\n')
    await crm.save('offer', [offerRow(1, { name: long, offerRef: long, buyUrl, buyerRefs })])
    const record = JSON.parse(sent[0]!).records[0]
    expect(record.Offer_Name__c).toHaveLength(255)
    expect(record.Offer_Id__c).toHaveLength(300)
    expect(record.Offer_URL__c).toBeNull()
    expect(record.Buyer_Account_Ids__c.length).toBeLessThanOrEqual(4096)
    expect(record.Buyer_Account_Ids__c.split('\n').at(-1)).toMatch(/^\d{12}$/)
  })

  it('answers one outcome per row, in order', async () => {
    const { crm, answer } = org()
    answer(200, [
      ok('a1'),
      error('UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record'),
      error('FIELD_CUSTOM_VALIDATION_EXCEPTION', 'Close date is required', ['CloseDate']),
      error(
        'INVALID_FIELD',
        'Foreign key external ID: offer_9 not found for field Marketplace_Key__c',
      ),
      error('INVALID_FIELD_FOR_INSERT_UPDATE', 'Unable to create/update fields', ['Net_Value__c']),
    ])
    const outcomes = await crm.save(
      'offer',
      [1, 2, 3, 4, 5].map((n) => offerRow(n)),
    )
    expect(outcomes.map((o) => o.key)).toEqual([
      'offer_1',
      'offer_2',
      'offer_3',
      'offer_4',
      'offer_5',
    ])
    expect(outcomes.map((o) => o.is)).toEqual(['saved', 'later', 'refused', 'later', 'refused'])
    expect(outcomes[2]).toMatchObject({
      reason: 'FIELD_CUSTOM_VALIDATION_EXCEPTION: Close date is required (CloseDate)',
      lacking: false,
    })
    expect(outcomes[4]).toMatchObject({ lacking: true })
  })

  it('finds the one row that Salesforce cannot read, and saves the others', async () => {
    const { crm, answer } = org()
    const unreadable = [
      { errorCode: 'JSON_PARSER_ERROR', message: 'Cannot deserialize instance of date' },
    ]
    answer(400, unreadable)
    answer(400, unreadable)
    answer(400, unreadable)
    answer(200, [ok('a2')])
    answer(200, [ok('a3')])
    const outcomes = await crm.save(
      'offer',
      [1, 2, 3].map((n) => offerRow(n)),
    )
    expect(outcomes.map((o) => [o.key, o.is])).toEqual([
      ['offer_1', 'refused'],
      ['offer_2', 'saved'],
      ['offer_3', 'saved'],
    ])
  })

  it('refuses more rows than one call may have', async () => {
    const { crm } = open()
    const rows = Array.from({ length: 201 }, (_, n) => offerRow(n))
    await expect(crm.save('offer', rows)).rejects.toMatchObject({ code: 'internal' })
  })

  it('throws not_found when the object is gone', async () => {
    const { crm, answer } = org()
    answer(404, [notFound])
    await expect(crm.save('offer', [offerRow()])).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('what is missing', () => {
  it('is nothing in an org that has the package', async () => {
    const { crm } = open()
    grantToken()
    describes()
    expect(await crm.missing()).toEqual([])
    expect(await crm.organisation()).toBe(orgId)
  })

  it('is named: an object, hidden fields, rights', async () => {
    const { crm } = open()
    grantToken()
    describes((object, reply) => {
      if (object === 'Marketplace_Agreement__c') return undefined
      if (object === 'Opportunity') return { ...reply, updateable: false }
      if (object !== 'Marketplace_Offer__c') return reply
      return {
        ...reply,
        fields: reply.fields.map((f: any) =>
          f.name === 'Status__c' ? { ...f, updateable: false } : f,
        ),
      }
    })
    expect(await crm.missing()).toEqual([
      {
        object: 'Marketplace_Offer__c',
        fields: ['Status__c'],
        remedy: expect.stringContaining('permission set'),
      },
      { object: 'Marketplace_Agreement__c', fields: [], remedy: expect.stringContaining('deploy') },
      { object: 'Opportunity', fields: [], remedy: expect.stringContaining('Edit') },
    ])
  })
})
