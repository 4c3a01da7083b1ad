import type { Connection } from 'jsforce'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SCHEMA, type SimulatedOrg, startOrg } from './salesforce-org.ts'

const OFFER = 'Marketplace_Offer__c'
const KEY = 'Marketplace_Key__c'
let org: SimulatedOrg
let conn: Connection
beforeEach(async () => {
  org = await startOrg()
  await org.control('POST', 'install', SCHEMA)
  conn = await org.connect()
})
afterEach(() => org.stop())

const offer = (more: object) => conn.sobject(OFFER).create(more)
const refusal = (errorCode: string, text = '') => ({
  errorCode,
  message: expect.stringContaining(text),
})

describe('one row', () => {
  it('is created, read, changed and deleted', async () => {
    const Opportunity = conn.sobject('Opportunity')
    const made = await Opportunity.create({
      Name: ' Trimmed ',
      StageName: 'Qualification',
      CloseDate: '2026-12-31',
      NextStep: '',
    })
    expect(made).toEqual({ id: expect.stringMatching(/^006\w{15}$/), success: true, errors: [] })
    const id = made.id!
    const row = await Opportunity.retrieve(id)
    expect(row).toMatchObject({
      Name: 'Trimmed',
      NextStep: null,
      Probability: 10,
      IsClosed: false,
      CreatedDate: '2026-11-02T09:00:00.000+0000',
    })
    org.clock.advance(5_400)
    await Opportunity.update({ Id: id.slice(0, 15), StageName: 'Closed Won' })
    expect(
      await Opportunity.retrieve(id, { fields: ['IsWon', 'Probability', 'SystemModstamp'] }),
    ).toMatchObject({
      IsWon: true,
      Probability: 100,
      SystemModstamp: '2026-11-02T09:00:05.000+0000',
    })
    await Opportunity.destroy(id)
    await expect(Opportunity.destroy(id)).rejects.toMatchObject(refusal('ENTITY_IS_DELETED'))
    await expect(Opportunity.retrieve(id)).rejects.toMatchObject(refusal('ENTITY_IS_DELETED'))
    await expect(Opportunity.retrieve('006000000000000AAA')).rejects.toMatchObject(
      refusal('NOT_FOUND'),
    )
  })

  it.each([
    [{ Name: 'x' }, 'INVALID_FIELD_FOR_INSERT_UPDATE', 'Name'],
    [{ Nope__c: 'x' }, 'INVALID_FIELD', "No such column 'Nope__c' on sobject of type"],
    [
      { Cloud__c: 'aws' },
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      'Cloud: bad value for restricted picklist field: aws',
    ],
    [{ Needs__c: 'A;C' }, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', ': C'],
    [{ [KEY]: 'x'.repeat(121) }, 'STRING_TOO_LONG', '(max length=120)'],
    [{ Term_Months__c: 10_000 }, 'NUMBER_OUTSIDE_VALID_RANGE', 'Term Months'],
    [{ Total__c: 'much' }, 'JSON_PARSER_ERROR', 'Cannot deserialize instance of currency'],
    [{ Accept_By__c: '2026-02-30' }, 'JSON_PARSER_ERROR', 'Cannot deserialize instance of date'],
    [{ Synced_At__c: '2026-02-01' }, 'JSON_PARSER_ERROR', 'datetime'],
    [{ Owner_Email__c: 'nobody' }, 'INVALID_EMAIL_ADDRESS', 'invalid email address: nobody'],
    [{ Auto_Renew__c: null }, 'INVALID_TYPE_ON_FIELD_IN_RECORD', 'value not of required type'],
    [{ Account__c: 'x' }, 'MALFORMED_ID', 'Account: id value of incorrect type: x'],
    [{ Account__c: '006000000000000AAA' }, 'MALFORMED_ID', 'incorrect type'],
    [
      { Account__c: '001000000000000AAA' },
      'INVALID_CROSS_REFERENCE_KEY',
      'invalid cross reference id',
    ],
    [{ Left__c: 3 }, 'INVALID_FIELD_FOR_INSERT_UPDATE', 'Left__c'],
    [{ Account__r: { Name: 'x' } }, 'INVALID_FIELD', 'not an External ID or indexed field'],
    [
      { Account__r: { Marketplace_Domain__c: 'K' } },
      'INVALID_FIELD',
      'Foreign key external ID: k not found for field Marketplace_Domain__c in entity Account',
    ],
  ])('is refused with %j', async (row, errorCode, text) => {
    await expect(offer(row)).rejects.toMatchObject(refusal(errorCode, text))
  })

  it('names every required field that is missing, and several faults at once', async () => {
    await expect(conn.sobject('Opportunity').create({ Amount: 1 })).rejects.toMatchObject({
      message: 'Required fields are missing: [Name, StageName, CloseDate]',
      data: { fields: ['Name', 'StageName', 'CloseDate'] },
    })
    const two = offer({ Cloud__c: 'x', Owner_Email__c: 'x' })
    await expect(two).rejects.toMatchObject({
      errorCode: 'MULTIPLE_API_ERRORS',
      data: { length: 2 },
    })
  })

  it('computes formulas, numbers itself, and rounds half up', async () => {
    const { id } = await offer({ Total__c: 200.005, Drawn__c: 50, Term_Months__c: '12' })
    expect(await conn.sobject(OFFER).retrieve(id!)).toMatchObject({
      Name: 'MO-000001',
      Total__c: 200.01,
      Left__c: 150.01,
      Share__c: 25,
      Term_Months__c: 12,
      Auto_Renew__c: false,
    })
  })

  it('takes its children along, lets them go, or is held by them', async () => {
    const { id } = await conn.sobject('Account').create({ Name: 'Parent' })
    const deal = { Name: 'd', StageName: 'Qualification', CloseDate: '2026-12-31', AccountId: id }
    const child = await conn.sobject('Opportunity').create(deal)
    const loose = await offer({ Account__c: id })
    await conn.sobject('Account').destroy(id!)
    await expect(conn.sobject('Opportunity').retrieve(child.id!)).rejects.toThrow(
      'entity is deleted',
    )
    expect(await conn.sobject(OFFER).retrieve(loose.id!)).toMatchObject({ Account__c: null })
    await expect(offer({ Account__c: id })).rejects.toMatchObject(refusal('ENTITY_IS_DELETED'))
  })
})

describe('a key', () => {
  const upsert = (key: string, more: object = {}) =>
    conn.sobject(OFFER).upsert({ [KEY]: key, ...more } as any, KEY)

  it('creates once and changes after, minding case where the field does', async () => {
    const first = await upsert('aws:offer:1', { Cloud__c: 'AWS' })
    expect(first).toMatchObject({ created: true })
    expect(await upsert('aws:offer:1', { Cloud__c: 'Microsoft' })).toEqual({
      id: (first as any).id,
      success: true,
      errors: [],
      created: false,
    })
    expect(await upsert('AWS:offer:1')).toMatchObject({ created: true })
  })

  it('clashes on a plain create, and answers 300 when many rows carry it', async () => {
    const { id } = await offer({ [KEY]: 'k' })
    const text = `duplicate value found: ${KEY} duplicates value on record with id: ${id!.slice(0, 15)}`
    await expect(offer({ [KEY]: 'k' })).rejects.toMatchObject(refusal('DUPLICATE_VALUE', text))
    const Account = conn.sobject<any>('Account')
    const rows = [1, 2].map((n) => ({ Name: `${n}`, Marketplace_Domain__c: 'x.example' }))
    await Account.create(rows)
    const many = Account.upsert(
      { Marketplace_Domain__c: 'x.example', Name: 'y' },
      'Marketplace_Domain__c',
    )
    await expect(many).rejects.toMatchObject({ errorCode: 'MULTIPLE_CHOICES', data: { length: 2 } })
    const listed = await Account.upsert(
      [{ Marketplace_Domain__c: 'x.example', Name: 'y' }],
      'Marketplace_Domain__c',
    )
    expect(listed).toMatchObject([{ errors: [{ statusCode: 'DUPLICATE_EXTERNAL_ID' }] }])
  })

  it('may not be in the body, and only an external id will do', async () => {
    const patch = (path: string, body: object) =>
      org.raw(`/services/data/v68.0/sobjects/${OFFER}/${path}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const body = async (reply: Promise<Response>) => (await (await reply).json())[0]
    expect(await body(patch(`${KEY}/k`, { [KEY]: 'k' }))).toMatchObject({
      errorCode: 'INVALID_FIELD',
    })
    expect(await body(patch(`${KEY}/k`, { Id: 'k' }))).toMatchObject({ errorCode: 'INVALID_FIELD' })
    expect(await body(patch('Cloud__c/k', {}))).toMatchObject({
      errorCode: 'NOT_FOUND',
      message: 'Provided external ID field does not exist or is not accessible: Cloud__c',
    })
    expect((await patch(`${KEY}/k?updateOnly=true`, {})).status).toBe(404)
    expect((await patch(`${KEY}/a/b`, {})).status).toBe(404)
  })
})

describe('a collection', () => {
  it('keeps the good rows, names the bad ones, and keeps the order', async () => {
    const results = await conn
      .sobject(OFFER)
      .create([
        { [KEY]: 'a' },
        { Cloud__c: 'x' },
        { [KEY]: 'b', Account__c: '001000000000000AAA' },
        { [KEY]: 'c' },
      ])
    expect(results.map(({ success }) => success)).toEqual([true, false, false, true])
    expect(results[1]).toEqual({
      success: false,
      errors: [
        {
          statusCode: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
          message: 'Cloud: bad value for restricted picklist field: x',
          fields: ['Cloud__c'],
        },
      ],
    })
    expect(results[2]).toMatchObject({ errors: [{ statusCode: 'INVALID_CROSS_REFERENCE_KEY' }] })
  })

  it('undoes all when one fails and it was all or none', async () => {
    const rows = [{ [KEY]: 'a' }, { Cloud__c: 'x' }]
    const results = await conn.sobject(OFFER).create(rows, { allOrNone: true })
    expect(results).toMatchObject([
      { success: false, errors: [{ statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK' }] },
      { success: false, errors: [{ statusCode: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST' }] },
    ])
    expect((await conn.query(`SELECT COUNT() FROM ${OFFER}`)).totalSize).toBe(0)
    expect(await conn.sobject(OFFER).create({ [KEY]: 'a' })).toMatchObject({ success: true })
  })

  it('upserts by key with parents by key, and refuses a key given twice', async () => {
    const parent: any = { Name: 'P', Marketplace_Domain__c: 'p' }
    const { id } = (await conn.sobject('Account').create(parent)) as any
    const rows = [
      { [KEY]: 'a', Account__r: { Marketplace_Domain__c: 'p' } },
      { [KEY]: 'b', Account__r: { Marketplace_Domain__c: 'q' } },
      { [KEY]: 'c' },
      { [KEY]: 'c' },
      { [KEY]: ' ', Cloud__c: 'AWS' },
    ]
    const results = await conn.sobject(OFFER).upsert(rows as any, KEY)
    expect(results).toMatchObject([
      { success: true, created: true },
      { success: false, created: false, errors: [{ statusCode: 'INVALID_FIELD' }] },
      { success: false, errors: [{ statusCode: 'DUPLICATE_EXTERNAL_ID' }] },
      { success: false, errors: [{ statusCode: 'DUPLICATE_EXTERNAL_ID' }] },
      { success: false, errors: [{ statusCode: 'MISSING_ARGUMENT' }] },
    ])
    const { records } = await conn.query<any>(`SELECT Account__c, Account__r.Name FROM ${OFFER}`)
    expect(records).toMatchObject([{ Account__c: id, Account__r: { Name: 'P' } }])
    const again = await conn.sobject(OFFER).upsert([{ [KEY]: 'a', Id: 'x' }] as any, KEY)
    expect(again).toMatchObject([{ errors: [{ statusCode: 'INVALID_FIELD_FOR_INSERT_UPDATE' }] }])
  })

  it('updates, reads and deletes many, with null or a row error for what is not there', async () => {
    const ids = (await conn.sobject(OFFER).create([{}, {}])).map((row) => row.id!)
    const absent = `${ids[0]!.slice(0, 6)}000000009AAA`.slice(0, 15)
    const updated = await conn.sobject(OFFER).update([
      { Id: ids[0]!, Cloud__c: 'AWS' },
      { Id: absent, Cloud__c: 'AWS' },
    ])
    expect(updated).toMatchObject([
      { id: ids[0], success: true },
      { success: false, errors: [{ statusCode: 'INVALID_CROSS_REFERENCE_KEY', fields: [] }] },
    ])
    const read = await conn
      .sobject(OFFER)
      .retrieve([ids[0]!, absent], { fields: ['Id', 'Cloud__c'] })
    expect(read).toMatchObject([{ Cloud__c: 'AWS' }, null])
    const deleted = await conn.sobject(OFFER).destroy([ids[1]!, ids[1]!])
    expect(deleted).toMatchObject([
      { id: ids[1], success: true },
      { success: false, errors: [{ statusCode: 'ENTITY_IS_DELETED' }] },
    ])
  })

  it('takes 200 rows and no more, and every row must say what it is', async () => {
    const rows = Array.from({ length: 201 }, () => ({}))
    await expect(conn.sobject(OFFER).create(rows)).rejects.toMatchObject(
      refusal('EXCEEDED_ID_LIMIT'),
    )
    expect(await conn.sobject(OFFER).create(rows.slice(1))).toHaveLength(200)
    const bare = await conn.requestPatch<any>(`/composite/sobjects/${OFFER}/${KEY}`, {
      records: [{ [KEY]: 'x' }],
    } as any)
    expect(bare).toMatchObject([{ created: false, errors: [{ statusCode: 'JSON_PARSER_ERROR' }] }])
  })
})

describe('rules of the org', () => {
  it('lock every n-th write', async () => {
    await org.control('POST', 'switches', { lockEveryNth: 3 })
    const results = await conn.sobject(OFFER).create([{}, {}, {}, {}])
    expect(results.map(({ errors }: any) => errors[0]?.statusCode)).toEqual([
      undefined,
      undefined,
      'UNABLE_TO_LOCK_ROW',
      undefined,
    ])
  })

  it('refuse what an administrator forbids, in their own words', async () => {
    const rule = {
      object: OFFER,
      name: 'No_going_back',
      formula: 'AND(NOT(ISNEW()), Synced_At__c < PRIORVALUE(Synced_At__c))',
      message: 'A newer sync has been here',
      field: 'Synced_At__c',
    }
    await org.control('POST', 'switches', { validationRules: [rule] })
    const { id } = await offer({ Synced_At__c: '2026-11-02T09:00:00Z' })
    const back = { Id: id!, Synced_At__c: '2026-11-02T08:00:00Z' }
    await expect(conn.sobject(OFFER).update(back)).rejects.toMatchObject({
      errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
      message: 'A newer sync has been here',
      data: { fields: ['Synced_At__c'] },
    })
  })

  it('stop duplicates, unless an alert may be passed', async () => {
    const rule = { object: 'Account', name: 'Same_Name', fields: ['Name'], action: 'alert' }
    await org.control('POST', 'switches', { duplicateRules: [rule] })
    const again = (headers: object = {}) =>
      conn.sobject('Account').create({ Name: 'INITECH' }, { headers: headers as any })
    await expect(again()).rejects.toMatchObject({
      errorCode: 'DUPLICATES_DETECTED',
      data: { duplicateResut: { allowSave: true, matchResults: [{ size: 1 }] } },
    })
    const pass = { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' }
    expect(await again(pass)).toMatchObject({ success: true })
    await org.control('POST', 'switches', { duplicateRules: [{ ...rule, action: 'block' }] })
    await expect(again(pass)).rejects.toMatchObject(refusal('DUPLICATES_DETECTED'))
  })

  it('let a person edit, as themselves', async () => {
    const values = { Name: 'By hand' }
    const row = await org.control('PUT', 'rows', { object: 'Account', values })
    const { users } = await org.control('GET', '')
    const rep = users.find((user: any) => user.Username === 'riley.rep@acme.example')
    expect(row).toMatchObject({ Name: 'By hand', LastModifiedById: rep.Id, OwnerId: rep.Id })
    const bad = await org.control('PUT', 'rows', { object: 'Account', values: {} })
    expect(bad).toMatchObject({ status: 422, errors: [{ errorCode: 'REQUIRED_FIELD_MISSING' }] })
    const { rows } = await org.control('GET', 'rows?object=account')
    expect(rows.map((each: any) => each.Name)).toEqual(['Initech', 'Globex', 'By hand'])
  })
})
