import type { Connection } from 'jsforce'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SCHEMA, type SimulatedOrg, START, startOrg } from './salesforce-org.ts'

let org: SimulatedOrg
let conn: Connection
beforeEach(async () => {
  org = await startOrg()
  await org.control('POST', 'install', SCHEMA)
  conn = await org.connect()
})
afterEach(() => org.stop())

const names = async (where: string) =>
  (await conn.query<{ Name: string }>(`SELECT Name FROM Account ${where}`)).records.map(
    (row) => row.Name,
  )

const accounts = (count: number) =>
  conn.sobject('Account').create(
    Array.from({ length: count }, (_, place) => ({
      Name: `Row ${place}`,
      NumberOfEmployees: place,
    })),
  )

describe('a query', () => {
  it('answers rows with attributes, parents nested, and columns in the order asked for', async () => {
    const { records, totalSize, done } = await conn.query<any>(
      "SELECT Name, Id, Account.Name, Account.Owner.Username FROM Opportunity WHERE Name = 'initech 2027'",
    )
    expect({ totalSize, done }).toEqual({ totalSize: 1, done: true })
    const [row] = records
    expect(Object.keys(row)).toEqual(['attributes', 'Name', 'Id', 'Account'])
    expect(row.attributes).toEqual({
      type: 'Opportunity',
      url: `/services/data/v68.0/sobjects/Opportunity/${row.Id}`,
    })
    expect(row.Account).toMatchObject({
      attributes: { type: 'Account' },
      Name: 'Initech',
      Owner: { Username: 'riley.rep@acme.example' },
    })
  })

  it('filters as the language says', async () => {
    await conn.sobject('Account').create([
      { Name: "O'Neil", Industry: 'Retail' },
      { Name: '100% Pure', NumberOfEmployees: 7 },
    ])
    expect(await names("WHERE Name = 'O\\'Neil'")).toEqual(["O'Neil"])
    expect(await names("WHERE Name LIKE 'init%'")).toEqual(['Initech'])
    expect(await names("WHERE Name LIKE '100\\%%'")).toEqual(['100% Pure'])
    expect(await names("WHERE Industry != 'Technology'")).toEqual(["O'Neil", '100% Pure'])
    expect(await names('WHERE Industry = null')).toEqual(['100% Pure'])
    expect(await names("WHERE NOT (Industry = null OR Industry = 'Retail')")).toHaveLength(2)
    expect(await names("WHERE Name IN ('Globex', 'initech') ORDER BY Name DESC")).toEqual([
      'Initech',
      'Globex',
    ])
    expect(await names('ORDER BY NumberOfEmployees DESC NULLS LAST, Name LIMIT 2')).toEqual([
      '100% Pure',
      'Globex',
    ])
    expect((await conn.query('SELECT COUNT() FROM Account')).totalSize).toBe(4)
  })

  it('compares datetimes, and knows rows by 15-character ids', async () => {
    org.clock.advance(60_000)
    const { id } = await conn.sobject('Account').create({ Name: 'Late' })
    expect(await names('WHERE SystemModstamp > 2026-11-02T09:00:00Z')).toEqual(['Late'])
    expect(await names('WHERE SystemModstamp >= 2026-11-02T10:01:00+01:00')).toEqual(['Late'])
    expect(await names(`WHERE Id IN ('${id!.slice(0, 15)}')`)).toEqual(['Late'])
    expect(
      await names(`WHERE SystemModstamp > 2026-11-02T09:00:00Z AND (Name = 'x' OR Id = '${id}')`),
    ).toEqual(['Late'])
  })

  it('shows children as a result of their own, or null', async () => {
    const { records } = await conn.query<any>(
      "SELECT Name, (SELECT Name FROM Opportunities LIMIT 5) FROM Account WHERE Name IN ('Initech')",
    )
    expect(records[0].Opportunities).toMatchObject({
      totalSize: 1,
      done: true,
      records: [{ Name: 'Initech 2027' }],
    })
    const none = await conn.query<any>('SELECT (SELECT Id FROM Marketplace_Offers__r) FROM Account')
    expect(none.records[0].Marketplace_Offers__r).toBeNull()
  })

  it.each([
    [
      'SELECT Id, Foo__c FROM Account',
      'INVALID_FIELD',
      "No such column 'Foo__c' on entity 'Account'",
    ],
    ['SELECT Id FROM Nothing__c', 'INVALID_TYPE', "sObject type 'Nothing__c' is not supported"],
    ['SELECT Id FORM Account', 'MALFORMED_QUERY', "unexpected token: 'FORM'"],
    [
      "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
      'MALFORMED_QUERY',
      'OR',
    ],
    [
      "SELECT Id FROM Account WHERE SystemModstamp > '2026-01-01T00:00:00Z'",
      'INVALID_FIELD',
      'dateTime',
    ],
    ['SELECT Id FROM Account WHERE Name = 3', 'INVALID_FIELD', 'must be of type string'],
    [
      "SELECT Id FROM Account WHERE Id = 'x'",
      'INVALID_QUERY_FILTER_OPERATOR',
      'invalid ID field: x',
    ],
    ["SELECT Id FROM Account WHERE Description = 'x'", 'INVALID_FIELD', 'can not be filtered'],
    ["SELECT Id FROM Account WHERE Name = '\\q'", 'MALFORMED_QUERY', 'Illegal character sequence'],
    ['SELECT Id FROM Account ORDER BY Description', 'INVALID_FIELD', 'can not be sorted'],
    ['SELECT Id, id FROM Account', 'INVALID_FIELD', 'duplicate field selected: id'],
    ['SELECT Owner.Shoe FROM Account', 'INVALID_FIELD', "No such column 'Shoe' on entity 'User'"],
    ['SELECT Boss.Name FROM Account', 'INVALID_FIELD', "Didn't understand relationship 'Boss'"],
  ])('refuses %s', async (soql, errorCode, text) => {
    await expect(conn.query(soql)).rejects.toMatchObject({
      errorCode,
      message: expect.stringContaining(text),
    })
  })

  it('points at the column it does not know', async () => {
    await expect(conn.query('SELECT Id, Foo__c FROM Account')).rejects.toThrow(
      '\nSELECT Id, Foo__c FROM Account\n           ^\nERROR at Row:1:Column:12\n',
    )
  })

  it('of an address too long is answered by the edge, in HTML', async () => {
    const reply = await org.raw(`/services/data/v68.0/query?q=${'x'.repeat(16_001)}`)
    expect([reply.status, reply.headers.get('content-type')]).toEqual([
      414,
      expect.stringContaining('text/html'),
    ])
  })
})

describe('pages', () => {
  it('follow each other by locator, at the size the switch says', async () => {
    await accounts(5)
    await org.control('POST', 'switches', { pageSize: 2 })
    const first = await conn.query('SELECT Id, Name FROM Account ORDER BY Id')
    expect(first).toMatchObject({ totalSize: 7, done: false })
    expect(first.nextRecordsUrl).toMatch(/\/services\/data\/v68\.0\/query\/0r8\w{15}-2$/)
    const all = await conn.query('SELECT Id FROM Account', { autoFetch: true, maxFetch: 50_000 })
    expect(all.records).toHaveLength(7)
    const deleted = await conn.query('SELECT Id FROM Account', { autoFetch: true, scanAll: true })
    expect(deleted.records).toHaveLength(7)
  })

  it('hold 2,000 rows, or as many as asked for within 200 and 2,000', async () => {
    for (let batch = 0; batch < 2; batch += 1) await accounts(200)
    const page = async (size?: number) => {
      const headers = size ? { 'Sforce-Query-Options': `batchSize=${size}` } : {}
      return (await conn.query('SELECT Id FROM Account', { headers })).records.length
    }
    expect([await page(), await page(250), await page(10)]).toEqual([402, 250, 200])
  })

  it('end when their locator has expired, is foreign, or is the eleventh oldest', async () => {
    await accounts(3)
    await org.control('POST', 'switches', { pageSize: 2 })
    const open = async () => (await conn.query('SELECT Id FROM Account')).nextRecordsUrl!
    const gone = { errorCode: 'INVALID_QUERY_LOCATOR' }
    const expired = await open()
    await org.control('POST', 'expire', { what: 'locators' })
    await expect(conn.queryMore(expired)).rejects.toMatchObject(gone)
    const oldest = await open()
    for (let more = 0; more < 10; more += 1) await open()
    await expect(conn.queryMore(oldest)).rejects.toMatchObject(gone)
    const slow = await open()
    expect((await conn.queryMore(slow)).records).toHaveLength(2)
    org.clock.advance(49 * 3_600_000)
    await org.control('POST', 'switches', { sessionMinutes: 10_000 })
    conn = await org.connect()
    await expect(conn.queryMore(slow)).rejects.toMatchObject(gone)
  })
})

describe('what has changed', () => {
  it('shows in queryAll, getUpdated and getDeleted, and leaves the bin after 15 days', async () => {
    const Account = conn.sobject('Account')
    org.clock.advance(3_600_000)
    const kept = await Account.create({ Name: 'Kept' })
    const gone = await Account.create({ Name: 'Gone' })
    await Account.destroy(gone.id!)
    const soql = "SELECT Id, IsDeleted FROM Account WHERE Name = 'Gone'"
    expect((await conn.query(soql)).totalSize).toBe(0)
    expect((await conn.query(soql, { scanAll: true })).records).toMatchObject([{ IsDeleted: true }])
    const [from, to] = [new Date(START + 1_800_000), new Date(START + 7_200_000)]
    expect(await Account.updated(from, to)).toEqual({
      ids: [kept.id],
      latestDateCovered: '2026-11-02T10:00:00.000+0000',
    })
    expect((await Account.deleted(from, to)).deletedRecords).toEqual([
      { id: gone.id, deletedDate: '2026-11-02T10:00:00.000+0000' },
    ])
    await expect(Account.updated(new Date(START - 31 * 86_400_000), to)).rejects.toMatchObject({
      errorCode: 'INVALID_REPLICATION_DATE',
    })
    await expect(Account.updated(from, from)).rejects.toMatchObject({
      errorCode: 'INVALID_REPLICATION_DATE',
    })
    org.clock.advance(16 * 86_400_000)
    conn = await org.connect()
    expect((await conn.query(soql, { scanAll: true })).totalSize).toBe(0)
  })

  it('may be seen later than its stamp says', async () => {
    const { records } = await conn.query<any>("SELECT Id FROM Opportunity WHERE Name LIKE 'Init%'")
    const edit = {
      object: 'Opportunity',
      id: records[0].Id,
      values: { Amount: 5 },
      commitAfterMs: 300_000,
    }
    org.clock.advance(60_000)
    expect((await org.control('PUT', 'rows', edit)).status).toBe(200)
    const read = () =>
      conn.query<any>('SELECT Amount, SystemModstamp FROM Opportunity WHERE Amount = 5')
    expect((await read()).totalSize).toBe(0)
    expect(org.nextDue()).toBe(START + 360_000)
    org.clock.advance(300_000)
    await org.tick()
    expect((await read()).records).toMatchObject([
      { Amount: 5, SystemModstamp: '2026-11-02T09:01:00.000+0000' },
    ])
    expect(org.nextDue()).toBeNull()
  })

  it('is hidden from those without View All when the object is private', async () => {
    const none = {
      content:
        '<PermissionSet><label>x</label><objectPermissions><object>Account</object><allowRead>true</allowRead></objectPermissions></PermissionSet>',
      path: 'permissionsets/Standard_Sales_Objects.permissionset-meta.xml',
    }
    // Without the schema, whose permission set grants View All.
    await org.control('POST', 'reset')
    expect((await org.control('POST', 'install', { files: [none] })).success).toBe(true)
    conn = await org.connect()
    expect(await names('')).toHaveLength(2)
    await org.control('POST', 'switches', { privateObjects: ['Account'] })
    expect(await names('')).toEqual([])
  })
})
