import * as z from 'zod'
import type { CrmKind, CrmMissing, CrmOutcome, CrmRow } from '../../src/crm/model.ts'
import type { CrmPort } from '../../src/crm/port.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { instant } from '../../src/kernel/time.ts'
import type { SalesforceClient } from './client.ts'
import { type Refusal, rowVerdict, wordsOf } from './failure.ts'
import { currencyField, mappings } from './mapping.ts'
import { recordOf } from './record.ts'
import { gaps } from './schema.ts'

const batchMax = 200

const results = z.array(
  z.object({
    id: z.string().nullish(),
    success: z.boolean(),
    errors: z
      .array(
        z.object({
          statusCode: z.string(),
          message: z.string(),
          fields: z.array(z.string()).nullish(),
        }),
      )
      .default([]),
  }),
)
type Result = z.infer<typeof results>[number]

/** The org as a mirror: sObject Collections, upsert by external id (REST API Developer Guide). */
export const crm = (client: SalesforceClient): CrmPort => ({
  batchMax,
  organisation: () => client.organisation(),
  budget: () => client.budget(),
  missing: () => missing(client),

  async save(kind, rows) {
    if (rows.length === 0) return []
    if (rows.length > batchMax)
      throw new Problem('internal', `${rows.length} rows in one call; at most ${batchMax}`)
    const described = await client.describe(mappings[kind].object)
    const manyCurrencies = described?.fields.some((f) => f.name === currencyField) ?? false
    const org = { manyCurrencies, currency: client.settings.currency }
    const now = instant(client.nowMs())
    return send(client, kind, rows, (row) => recordOf(row, org, now))
  },
})

async function missing(client: SalesforceClient): Promise<CrmMissing[]> {
  const found: CrmMissing[] = []
  for (const mapping of Object.values(mappings)) {
    const described = await client.describe(mapping.object, true)
    const gap = gaps(mapping, described)
    if (gap.object !== 'ok' || gap.fields.length > 0)
      found.push({ object: mapping.object, fields: gap.fields, remedy: gap.remedy })
  }
  return found
}

/**
 * One call. When Salesforce cannot read the request because of something in one row, it refuses them all: halves
 * then find that row, and the others are saved.
 */
async function send(
  client: SalesforceClient,
  kind: CrmKind,
  rows: readonly CrmRow[],
  record: (row: CrmRow) => object,
): Promise<CrmOutcome[]> {
  const { object, key } = mappings[kind]
  const call = {
    what: `saving ${rows.length} of ${object}`,
    method: 'PATCH',
    path: key === 'Id' ? '/composite/sobjects' : `/composite/sobjects/${object}/${key}`,
    body: JSON.stringify({ allOrNone: false, records: rows.map(record) }),
  } as const
  try {
    const answers = await client.send(call, results)
    if (answers.length !== rows.length)
      throw new Problem('internal', `${answers.length} results for ${rows.length} rows`)
    return rows.map((row, index) => outcome(row, answers[index]))
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'rejected') throw error
    const [first] = rows
    if (rows.length === 1 && first)
      return [{ key: first.key, is: 'refused', reason: error.message, lacking: false }]
    const half = Math.ceil(rows.length / 2)
    return [
      ...(await send(client, kind, rows.slice(0, half), record)),
      ...(await send(client, kind, rows.slice(half), record)),
    ]
  }
}

function outcome({ key }: CrmRow, result: Result | undefined): CrmOutcome {
  if (result?.success) return { key, is: 'saved', crmRef: result.id ?? null }
  const errors = (result?.errors ?? []).map(
    ({ statusCode, message, fields }): Refusal => ({
      code: statusCode,
      message,
      fields: fields ?? [],
    }),
  )
  const reason = errors.map(wordsOf).join('; ') || 'no reason given'
  const verdicts = errors.map(rowVerdict)
  if (verdicts.length > 0 && verdicts.every((v) => v === 'later'))
    return { key, is: 'later', reason }
  return { key, is: 'refused', reason, lacking: verdicts.includes('lacking') }
}
