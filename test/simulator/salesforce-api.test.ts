import type { Connection } from 'jsforce'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Init, SCHEMA, type SimulatedOrg, startOrg } from './salesforce-org.ts'

const OFFER = 'Marketplace_Offer__c'
let org: SimulatedOrg
let conn: Connection
beforeEach(async () => {
  org = await startOrg()
  conn = await org.connect()
})
afterEach(() => org.stop())

const post = (path: string, body: object) =>
  org.raw(`/services/data/v68.0${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

describe('describe', () => {
  it('shows the standard objects, and nothing of ours before it is installed', async () => {
    const { sobjects, maxBatchSize } = await conn.describeGlobal()
    expect(maxBatchSize).toBe(200)
    expect(sobjects.map(({ name }) => name)).toContain('Opportunity')
    await expect(conn.sobject(OFFER).describe()).rejects.toMatchObject({ errorCode: 'NOT_FOUND' })
    await expect(conn.sobject(OFFER).create({})).rejects.toMatchObject({ errorCode: 'NOT_FOUND' })
    const rows = await conn.requestPost<any>('/composite/sobjects', {
      records: [{ attributes: { type: OFFER } }],
    })
    expect(rows).toMatchObject([{ errors: [{ statusCode: 'INVALID_TYPE' }] }])
    await org.control('POST', 'install', SCHEMA)
    const offer = await conn.sobject(OFFER).describe()
    expect(offer).toMatchObject({ custom: true, createable: true, keyPrefix: 'a00' })
  })

  it('shows each field with the figures a writer must keep to', async () => {
    await org.control('POST', 'install', SCHEMA)
    const { fields, childRelationships } = await conn.sobject(OFFER).describe()
    const of = (name: string) => fields.find((field) => field.name === name)
    expect(of('Name')).toMatchObject({ autoNumber: true, createable: false, nameField: true })
    expect(of('Marketplace_Key__c')).toMatchObject({
      type: 'string',
      length: 120,
      byteLength: 360,
      externalId: true,
      idLookup: true,
      unique: true,
      caseSensitive: true,
      nillable: true,
    })
    expect(of('Cloud__c')).toMatchObject({
      type: 'picklist',
      restrictedPicklist: true,
      picklistValues: [
        { value: 'AWS', active: true },
        { value: 'Microsoft', active: true },
      ],
    })
    expect(of('Account__c')).toMatchObject({
      type: 'reference',
      referenceTo: ['Account'],
      relationshipName: 'Account__r',
    })
    expect(of('Total__c')).toMatchObject({ type: 'currency', precision: 18, scale: 2 })
    expect(of('Left__c')).toMatchObject({ calculated: true, createable: false, updateable: false })
    expect(of('Sync_Error__c')).toMatchObject({ type: 'textarea', filterable: false })
    expect(childRelationships).toEqual([])
    const account = await conn.sobject('Account').describe()
    expect(account.childRelationships).toContainEqual(
      expect.objectContaining({ childSObject: OFFER, relationshipName: 'Marketplace_Offers__r' }),
    )
  })

  it('is not sent again to a caller who has it', async () => {
    const path = '/services/data/v68.0/sobjects/Account/describe'
    const first = await org.raw(path)
    const etag = first.headers.get('etag')!
    const since = first.headers.get('last-modified')!
    expect((await org.raw(path, { headers: { 'if-none-match': etag } })).status).toBe(304)
    expect((await org.raw(path, { headers: { 'if-modified-since': since } })).status).toBe(304)
    org.clock.advance(2_000)
    await org.control('POST', 'install', SCHEMA)
    expect((await org.raw(path, { headers: { 'if-modified-since': since } })).status).toBe(200)
    expect((await org.raw(path, { headers: { 'if-none-match': etag } })).status).toBe(200)
  })
})

describe('field-level security', () => {
  it('hides a field everywhere', async () => {
    await org.control('POST', 'switches', { hiddenFields: ['Account.Website'] })
    const { fields } = await conn.sobject('Account').describe()
    expect(fields.map(({ name }) => name)).not.toContain('Website')
    const hidden = { errorCode: 'INVALID_FIELD' }
    await expect(conn.query('SELECT Website FROM Account')).rejects.toMatchObject(hidden)
    await expect(conn.sobject('Account').create({ Name: 'x', Website: 'y' })).rejects.toMatchObject(
      hidden,
    )
  })

  it('lets a field be read and not written', async () => {
    await org.control('POST', 'switches', { readOnlyFields: ['Account.Website'] })
    const { fields } = await conn.sobject('Account').describe()
    expect(fields.find(({ name }) => name === 'Website')).toMatchObject({ updateable: false })
    expect((await conn.query('SELECT Website FROM Account')).totalSize).toBe(2)
    await expect(conn.sobject('Account').create({ Name: 'x', Website: 'y' })).rejects.toMatchObject(
      {
        errorCode: 'INVALID_FIELD_FOR_INSERT_UPDATE',
        data: { fields: ['Website'] },
      },
    )
  })

  it('shows new objects and fields to nobody before a permission set grants them', async () => {
    await org.control('POST', 'install', { ...SCHEMA, grant: false })
    const type = { errorCode: 'INVALID_TYPE' }
    await expect(conn.query(`SELECT Id FROM ${OFFER}`)).rejects.toMatchObject(type)
    const column = { errorCode: 'INVALID_FIELD' }
    await expect(conn.query('SELECT ACE_Id__c FROM Opportunity')).rejects.toMatchObject(column)
    await org.control('POST', 'install', SCHEMA)
    expect((await conn.query(`SELECT Id FROM ${OFFER}`)).totalSize).toBe(0)
    expect((await conn.query('SELECT ACE_Id__c FROM Opportunity')).totalSize).toBe(2)
    const user = conn.sobject('User').create({ LastName: 'x' })
    await expect(user).rejects.toMatchObject({ errorCode: 'INVALID_TYPE_FOR_OPERATION' })
    const assign = conn.sobject('PermissionSetAssignment').create({})
    await expect(assign).rejects.toMatchObject({ errorCode: 'INSUFFICIENT_ACCESS_OR_READONLY' })
  })
})

describe('the daily limit', () => {
  it('is told on every data resource, and not on sign-in resources', async () => {
    const info = async (path: string) => (await org.raw(path)).headers.get('sforce-limit-info')
    expect(await info('/services/data/v68.0/limits')).toBe('api-usage=1/15000')
    expect(await info('/services/data/v68.0/query?q=nonsense')).toBe('api-usage=2/15000')
    expect(await info('/services/data/v68.0/sobjects/Nothing')).toBe('api-usage=3/15000')
    expect(await info('/services/data')).toBeNull()
    expect(await info('/services/oauth2/userinfo')).toBeNull()
    await conn.limits()
    expect(conn.limitInfo).toMatchObject({ apiUsage: { used: 4, limit: 15_000 } })
  })

  it('shuts the door when it is used up, and opens it as a day passes', async () => {
    await org.control('POST', 'switches', { dailyRequestsMax: 2, sessionMinutes: 10_000 })
    await conn.limits()
    org.clock.advance(3_600_000)
    expect((await conn.limits()).DailyApiRequests).toEqual({ Max: 2, Remaining: 0 })
    await expect(conn.query('SELECT Id FROM Account')).rejects.toMatchObject({
      errorCode: 'REQUEST_LIMIT_EXCEEDED',
      message: 'TotalRequests Limit exceeded.',
    })
    org.clock.advance(23 * 3_600_000 + 300_000)
    expect((await conn.query('SELECT Id FROM Account')).totalSize).toBe(2)
  })

  it('counts a composite once, and the control endpoint counts by kind', async () => {
    const get = (referenceId: string) => ({
      method: 'GET',
      url: '/services/data/v68.0/query?q=SELECT+Id+FROM+Account',
      referenceId,
    })
    await post('/composite', { compositeRequest: [get('a'), get('b')] })
    expect((await conn.limits()).DailyApiRequests?.Remaining).toBe(14_998)
    expect((await org.control('GET', 'calls')).calls).toMatchObject({
      composite: 1,
      query: 2,
      token: 2,
    })
  })
})

describe('a composite', () => {
  const base = '/services/data/v68.0/sobjects'
  const account = {
    method: 'POST',
    url: `${base}/Account`,
    referenceId: 'acc',
    body: { Name: 'A' },
  }
  const contact = (LastName?: string) => ({
    method: 'POST',
    url: `${base}/Contact`,
    referenceId: 'con',
    body: { AccountId: '@{acc.id}', LastName },
  })
  const count = async () =>
    (await conn.query("SELECT COUNT() FROM Account WHERE Name = 'A'")).totalSize

  it('lets a part use the answer of an earlier one', async () => {
    const read = {
      method: 'GET',
      url: `${base}/Contact/@{con.id}?fields=Name,AccountId`,
      referenceId: 'read',
    }
    const reply = await post('/composite', { compositeRequest: [account, contact('B'), read] })
    const { compositeResponse } = await reply.json()
    expect(compositeResponse).toMatchObject([
      { httpStatusCode: 201, referenceId: 'acc', body: { success: true }, httpHeaders: {} },
      { httpStatusCode: 201, referenceId: 'con' },
      { httpStatusCode: 200, body: { Name: 'B', AccountId: compositeResponse[0].body.id } },
    ])
    expect(compositeResponse[0].httpHeaders.Location).toMatch(/\/sobjects\/Account\/001/)
  })

  it('is undone when all or none was asked, and a graph always is', async () => {
    const failing = { compositeRequest: [account, contact()] }
    const some = await (await post('/composite', failing)).json()
    expect(some.compositeResponse.map((each: any) => each.httpStatusCode)).toEqual([201, 400])
    expect(await count()).toBe(1)
    const all = await (await post('/composite', { ...failing, allOrNone: true })).json()
    expect(all.compositeResponse).toMatchObject([
      { httpStatusCode: 400, body: [{ errorCode: 'PROCESSING_HALTED' }] },
      { httpStatusCode: 400, body: [{ errorCode: 'REQUIRED_FIELD_MISSING' }] },
    ])
    const graphs = [
      { graphId: 'g', ...failing },
      { graphId: 'h', compositeRequest: [account] },
    ]
    const graph = await (await post('/composite/graph', { graphs })).json()
    expect(graph.graphs).toMatchObject([
      { graphId: 'g', isSuccessful: false },
      { graphId: 'h', isSuccessful: true, graphResponse: { compositeResponse: [{}] } },
    ])
    expect(await count()).toBe(2)
  })

  it('has limits, and a part that leans on a failed one does not run', async () => {
    const many = Array.from({ length: 26 }, (_, n) => ({ ...account, referenceId: `a${n}` }))
    expect((await post('/composite', { compositeRequest: many })).status).toBe(400)
    const bad = { ...account, body: {} }
    const reply = await (await post('/composite', { compositeRequest: [bad, contact('B')] })).json()
    expect(reply.compositeResponse).toMatchObject([
      { body: [{ errorCode: 'REQUIRED_FIELD_MISSING' }] },
      { body: [{ errorCode: 'PROCESSING_HALTED' }] },
    ])
  })
})

describe('the edge', () => {
  it('answers wrong addresses, verbs, bodies and versions as a client meets them', async () => {
    const ask = async (path: string, init?: Init) => {
      const reply = await org.raw(`/services/data/${path}`, init)
      const text = await reply.text()
      return [reply.status, text ? JSON.parse(text)[0].errorCode : null]
    }
    const json = { 'content-type': 'application/json' }
    expect(await ask('v68.0/nothing')).toEqual([404, 'NOT_FOUND'])
    expect(await ask('v99.0/limits')).toEqual([404, 'NOT_FOUND'])
    expect(await ask('v30.0/limits')).toEqual([410, 'UNSUPPORTED_API_VERSION'])
    expect(await ask('v68.0/limits', { method: 'PUT' })).toEqual([405, 'METHOD_NOT_ALLOWED'])
    const create = (init: Init) => ask('v68.0/sobjects/Account', { method: 'POST', ...init })
    expect(await create({ headers: json, body: '{' })).toEqual([400, 'JSON_PARSER_ERROR'])
    expect(await create({ headers: json, body: '[]' })).toEqual([400, 'JSON_PARSER_ERROR'])
    expect(await create({ body: 'Name=x' })).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
    await org.control('POST', 'switches', { apiDisabled: true })
    expect(await ask('v68.0/limits')).toEqual([403, 'API_DISABLED_FOR_ORG'])
  })

  it('lists its versions to anybody', async () => {
    const versions = await (await fetch(`${org.url}/services/data`)).json()
    expect(versions[0]).toEqual({
      label: "Summer '14",
      url: '/services/data/v31.0',
      version: '31.0',
    })
    expect(versions.at(-3).label).toBe("Spring '26")
    expect(versions.at(-1)).toEqual({
      label: "Winter '27",
      url: '/services/data/v68.0',
      version: '68.0',
    })
  })

  it('fails in Salesforce’s own words when a fault plan strikes', async () => {
    org.addFault({ kinds: ['throttle'], match: 'collections.create', times: 1 })
    const create = () => conn.sobject('Account').create([{ Name: 'x' }])
    await expect(create()).rejects.toMatchObject({
      errorCode: 'REQUEST_LIMIT_EXCEEDED',
      message: 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
    })
    expect(await create()).toMatchObject([{ success: true }])
    org.addFault({ kinds: ['error'], match: 'collections', times: 1 })
    await expect(create()).rejects.toMatchObject({ errorCode: 'SERVER_UNAVAILABLE' })
    org.addFault({ kinds: ['lost'], match: 'collections', times: 1 })
    await expect(create()).rejects.toThrow()
    const { totalSize } = await conn.query("SELECT COUNT() FROM Account WHERE Name = 'x'")
    expect(totalSize).toBe(2)
    org.addFault({ kinds: ['throttle'], match: 'token', times: 1 })
    await expect(org.connect()).rejects.toThrow('login rate exceeded')
  })

  it('takes no switch it does not have', async () => {
    expect(await org.control('POST', 'switches', { pagesize: 2 })).toMatchObject({ status: 422 })
    expect(await org.control('POST', 'switches', { pageSize: '2' })).toMatchObject({ status: 422 })
  })
})
