import * as z from 'zod'
import type { AccountPort, Check } from '../../src/connections/port.ts'
import { asProblem, Problem } from '../../src/kernel/problem.ts'
import type { SalesforceClient } from './client.ts'
import { type Mapping, mappings } from './mapping.ts'
import { gaps, permissionSet } from './schema.ts'

const versions = z.array(z.object({ version: z.string() }))
const user = z.object({ preferred_username: z.string(), organization_id: z.string() })
const limits = z.object({
  DailyApiRequests: z.object({ Max: z.number(), Remaining: z.number() }).optional(),
})

/** Tries the token, the version, the user and every object and field that the mirror writes. */
export const account = (client: SalesforceClient): AccountPort => ({
  async check() {
    const token = await attempt('oauth2/token', 'API Enabled', async () => {
      const orgId = await client.organisation()
      return `org ${orgId}`
    })
    if (token.outcome !== 'ok') return [token]
    return [
      token,
      await attempt('services/data', 'none', () => version(client)),
      await optional('oauth2/userinfo', 'openid scope', () => whoAmI(client)),
      await optional('limits', 'View Setup and Configuration', () => calls(client)),
      ...(await objects(client)),
    ]
  },
})

async function version(client: SalesforceClient): Promise<string> {
  const { apiVersion } = client.settings
  const call = { what: 'the list of versions', method: 'GET', path: '/services/data' } as const
  const served = await client.send(call, versions)
  if (served.some((v) => v.version === apiVersion)) return `version ${apiVersion}`
  const newest = served.at(-1)?.version ?? 'none'
  throw new Problem(
    'rejected',
    `the org does not serve version ${apiVersion}; its newest is ${newest}`,
  )
}

async function whoAmI(client: SalesforceClient): Promise<string> {
  const path = '/services/oauth2/userinfo'
  const me = await client.send({ what: 'userinfo', method: 'GET', path }, user)
  return `acts as ${me.preferred_username} in org ${me.organization_id}`
}

async function calls(client: SalesforceClient): Promise<string> {
  const read = await client.send({ what: 'limits', method: 'GET', path: '/limits' }, limits)
  const daily = read.DailyApiRequests
  return daily ? `${daily.Remaining} of ${daily.Max} calls left today` : 'no daily limit shown'
}

async function objects(client: SalesforceClient): Promise<Check[]> {
  const found: Check[] = []
  for (const mapping of Object.values(mappings))
    found.push(...(await objectChecks(client, mapping)))
  return found
}

/** One row for the object, and one for each field that cannot be written. */
async function objectChecks(client: SalesforceClient, mapping: Mapping): Promise<Check[]> {
  const { object } = mapping
  const call = `describe ${object}`
  const rights = mapping.key === 'Id' ? 'Read, Edit' : 'Read, Create, Edit'
  const permission = `${object}: ${rights}`
  try {
    const gap = gaps(mapping, await client.describe(object, true))
    const fields = gap.fields.map(
      (field): Check => ({
        call,
        permission: `${object}.${field}: Edit`,
        outcome: 'missing',
        detail: `absent, hidden or read-only; ${gap.remedy}`,
      }),
    )
    const outcome = gap.object === 'ok' ? 'ok' : 'missing'
    return [
      { call, permission, outcome, ...(outcome === 'missing' && { detail: gap.remedy }) },
      ...fields,
    ]
  } catch (error) {
    return [failed(call, `${permission} (${permissionSet})`, asProblem(error))]
  }
}

async function attempt(
  call: string,
  permission: string,
  act: () => Promise<string>,
): Promise<Check> {
  try {
    return { call, permission, outcome: 'ok', detail: await act() }
  } catch (error) {
    return failed(call, permission, asProblem(error))
  }
}

/** What is good to know and not needed: a refusal for want of a permission is no fault. */
async function optional(
  call: string,
  permission: string,
  act: () => Promise<string>,
): Promise<Check> {
  const check = await attempt(call, permission, act)
  return check.outcome === 'missing' ? { ...check, outcome: 'skipped' } : check
}

const failed = (call: string, permission: string, problem: Problem): Check => ({
  call,
  permission,
  outcome: problem.code === 'forbidden' ? 'missing' : 'failed',
  detail: problem.message,
})
