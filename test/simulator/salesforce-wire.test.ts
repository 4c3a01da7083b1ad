import { afterAll, beforeAll, expect, it } from 'vitest'
import { SCHEMA, type SimulatedOrg, startOrg } from './salesforce-org.ts'

/**
 * Requests as jsforce 3.10.26 puts them on the wire, byte for byte but for ids and names, and the shape
 * of the reply the REST API documents or has been seen to give: the same keys, holding the same kinds.
 */
type Case = {
  readonly name: string
  readonly request: readonly [method: string, path: string, body?: string]
  readonly headers?: Record<string, string>
  readonly status: number
  readonly reply?: unknown
}

const V = '/services/data/v68.0'
const O = 'Marketplace_Offer__c'
const K = 'Marketplace_Key__c'
const SAVED = { id: 'x', success: true, errors: [] }
const ERROR = { message: 'x', errorCode: 'x' }
const ROW = { attributes: { type: 'x', url: 'x' }, Id: 'x' }

const CASES: readonly Case[] = [
  {
    name: 'versions',
    request: ['GET', '/services/data'],
    status: 200,
    reply: [{ label: 'x', url: 'x', version: 'x' }],
  },
  {
    name: 'limits',
    request: ['GET', `${V}/limits`],
    status: 200,
    reply: { DailyApiRequests: { Max: 1, Remaining: 1 } },
  },
  {
    name: 'describe global',
    request: ['GET', `${V}/sobjects`],
    status: 200,
    reply: {
      encoding: 'x',
      maxBatchSize: 1,
      sobjects: [{ name: 'x', keyPrefix: 'x', custom: true }],
    },
  },
  {
    name: 'describe',
    request: ['GET', `${V}/sobjects/Account/describe`],
    status: 200,
    reply: { name: 'x', fields: [{ name: 'x', nillable: true }], urls: { sobject: 'x' } },
  },
  {
    name: 'query, first page',
    request: ['GET', `${V}/query?q=SELECT%20Id%20FROM%20Account`],
    headers: { 'sforce-query-options': 'batchSize=2000' },
    status: 200,
    reply: { totalSize: 1, done: true, nextRecordsUrl: 'x', records: [ROW] },
  },
  {
    name: 'queryAll',
    request: ['GET', `${V}/queryAll?q=SELECT%20Id%2C%20IsDeleted%20FROM%20Opportunity`],
    status: 200,
    reply: { totalSize: 1, done: true, records: [{ ...ROW, IsDeleted: true }] },
  },
  {
    name: 'create one',
    request: ['POST', `${V}/sobjects/Account`, '{"Name":"a"}'],
    status: 201,
    reply: SAVED,
  },
  {
    name: 'create many',
    request: [
      'POST',
      `${V}/composite/sobjects`,
      '{"allOrNone":false,"records":[{"attributes":{"type":"Account"}},{"attributes":{"type":"Account"},"Name":"a"}]}',
    ],
    headers: { 'sforce-duplicate-rule-header': 'allowSave=true' },
    status: 200,
    reply: [{ success: true, errors: [{ statusCode: 'x', message: 'x', fields: ['x'] }] }, SAVED],
  },
  {
    name: 'update one',
    request: ['PATCH', `${V}/sobjects/Account/ACCOUNT`, '{"Name":"b"}'],
    status: 204,
  },
  {
    name: 'update many, the id before the attributes',
    request: [
      'PATCH',
      `${V}/composite/sobjects`,
      '{"allOrNone":false,"records":[{"id":"ACCOUNT","attributes":{"type":"Account"},"Name":"b"}]}',
    ],
    status: 200,
    reply: [SAVED],
  },
  {
    name: 'upsert one, with a slash in the key',
    request: ['PATCH', `${V}/sobjects/${O}/${K}/a/b%20c`, '{"Cloud__c":"AWS"}'],
    status: 404,
    reply: [ERROR],
  },
  {
    name: 'upsert one, created',
    request: ['PATCH', `${V}/sobjects/${O}/${K}/k1`, '{"Cloud__c":"AWS"}'],
    status: 201,
    reply: { ...SAVED, created: true },
  },
  {
    name: 'upsert one, changed',
    request: ['PATCH', `${V}/sobjects/${O}/${K}/k1`, '{"Cloud__c":"AWS"}'],
    status: 200,
    reply: { ...SAVED, created: true },
  },
  {
    name: 'upsert many, the key before the attributes, a parent by key',
    request: [
      'PATCH',
      `${V}/composite/sobjects/${O}/${K}`,
      `{"allOrNone":false,"records":[{"${K}":"k1","attributes":{"type":"${O}"},"Account__r":{"Marketplace_Domain__c":"1"}}]}`,
    ],
    status: 200,
    reply: [{ ...SAVED, created: true }],
  },
  {
    name: 'upsert one, matching two',
    request: ['PATCH', `${V}/sobjects/Account/Marketplace_Domain__c/two`, '{}'],
    status: 300,
    reply: ['x'],
  },
  {
    name: 'retrieve one',
    request: ['GET', `${V}/sobjects/Account/ACCOUNT?fields=Id,Name`],
    status: 200,
    reply: { ...ROW, Name: 'x' },
  },
  {
    name: 'retrieve many',
    request: [
      'POST',
      `${V}/composite/sobjects/Account`,
      '{"ids":["ACCOUNT","001000000000000AAA"],"fields":["Id","Name"]}',
    ],
    status: 200,
    reply: [{ ...ROW, Name: 'x' }, null],
  },
  {
    name: 'updated',
    request: [
      'GET',
      `${V}/sobjects/Account/updated?start=2026-11-01T00%3A00%3A00%2B00%3A00&end=2026-11-03T00%3A00%3A00%2B00%3A00`,
    ],
    status: 200,
    reply: { ids: ['x'], latestDateCovered: 'x' },
  },
  {
    name: 'delete one',
    request: ['DELETE', `${V}/sobjects/Account/DELETED`],
    status: 204,
  },
  {
    name: 'delete many',
    request: ['DELETE', `${V}/composite/sobjects?ids=OTHER,DELETED`],
    status: 200,
    reply: [SAVED, { success: false, errors: [{ statusCode: 'x', message: 'x', fields: [] }] }],
  },
  {
    name: 'deleted',
    request: [
      'GET',
      `${V}/sobjects/Account/deleted?start=2026-11-01T00%3A00%3A00%2B00%3A00&end=2026-11-04T00%3A00%3A00%2B00%3A00`,
    ],
    status: 200,
    reply: {
      deletedRecords: [{ id: 'x', deletedDate: 'x' }],
      earliestDateAvailable: 'x',
      latestDateCovered: 'x',
    },
  },
  {
    name: 'composite',
    request: [
      'POST',
      `${V}/composite`,
      '{"allOrNone":true,"compositeRequest":[{"method":"GET","url":"/services/data/v68.0/limits","referenceId":"l"}]}',
    ],
    status: 200,
    reply: {
      compositeResponse: [
        { body: { DailyApiRequests: {} }, httpHeaders: {}, httpStatusCode: 1, referenceId: 'x' },
      ],
    },
  },
  {
    name: 'an error',
    request: ['GET', `${V}/query?q=SELECT%20x%20FROM%20Account`],
    status: 400,
    reply: [ERROR],
  },
  {
    name: 'an error that names fields',
    request: ['POST', `${V}/sobjects/Account`, '{}'],
    status: 400,
    reply: [{ ...ERROR, fields: ['x'] }],
  },
]

let org: SimulatedOrg
const ids: Record<string, string> = {}
beforeAll(async () => {
  org = await startOrg()
  await org.control('POST', 'install', SCHEMA)
  await org.control('POST', 'switches', { pageSize: 2 })
  const make = async (values: object) =>
    (await org.control('PUT', 'rows', { object: 'Account', values })).Id as string
  ids.ACCOUNT = await make({ Name: 'x', Marketplace_Domain__c: '1' })
  ids.DELETED = await make({ Name: 'y', Marketplace_Domain__c: 'two' })
  ids.OTHER = await make({ Name: 'z', Marketplace_Domain__c: 'two' })
  org.clock.advance(86_400_000)
})
afterAll(() => org.stop())

const filled = (text: string) => text.replace(/ACCOUNT|DELETED|OTHER/g, (name) => ids[name] ?? name)

it.each(CASES)('answers $name', async ({ request, headers, status, reply }) => {
  const [method, path, body] = request
  const answer = await org.raw(filled(path), {
    method,
    headers: { accept: '*/*', ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(body ? { body: filled(body) } : {}),
  })
  const text = await answer.text()
  expect(answer.status).toBe(status)
  if (reply === undefined) return expect(text).toBe('')
  expect(answer.headers.get('content-type')).toBe('application/json;charset=UTF-8')
  expect(differences(reply, JSON.parse(text), '')).toEqual([])
})

/** Where the reply lacks a key, or holds another kind of thing; more keys than wanted are welcome. */
function differences(wanted: unknown, actual: unknown, at: string): string[] {
  if (kind(wanted) !== kind(actual)) return [`${at} is ${kind(actual)}, not ${kind(wanted)}`]
  if (Array.isArray(wanted)) {
    return wanted.flatMap((each, place) =>
      differences(each, (actual as unknown[])[place], `${at}[${place}]`),
    )
  }
  if (wanted === null || typeof wanted !== 'object') return []
  return Object.entries(wanted).flatMap(([key, each]) =>
    differences(each, (actual as Record<string, unknown>)[key], `${at}.${key}`),
  )
}

const kind = (value: unknown) =>
  value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
