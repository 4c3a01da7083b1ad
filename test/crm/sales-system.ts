import * as z from 'zod'
import { type Adapter, adapter } from '../../src/adapter.ts'
import type { CrmBudget, CrmKind, CrmMissing, CrmOutcome, CrmRow } from '../../src/crm/model.ts'
import type { CrmPort } from '../../src/crm/port.ts'
import type { Id } from '../../src/kernel/id.ts'
import type { World } from '../world.ts'

/** A sales system in memory, that counts calls and fails when told to. */
export class SalesSystem {
  organisation = 'org-1'
  lacks: CrmMissing[] = []
  budget: CrmBudget | undefined
  batchMax = 200
  /** Every call of `save`. */
  readonly calls: { kind: CrmKind; rows: readonly CrmRow[] }[] = []
  readonly records = new Map<string, { ref: string; fields: any; links: any }>()
  checks = 0
  /** What happens to a row instead of being saved. */
  answer: (row: CrmRow) => Omit<CrmOutcome, 'key'> | undefined = () => undefined
  /** Runs before the rows of a call are saved; may throw. */
  before: () => void | Promise<void> = () => {}
  /** Runs after they are; may throw: a reply that never came. */
  after: () => void | Promise<void> = () => {}
  #refs = 0

  readonly port: CrmPort = {
    batchMax: 200,
    organisation: async () => this.organisation,
    missing: async () => {
      this.checks++
      return this.lacks
    },
    budget: () => this.budget,
    save: async (kind, rows) => {
      this.calls.push({ kind, rows })
      await this.before()
      const outcomes = rows.map((row): CrmOutcome => {
        const other = this.answer(row)
        if (other) return { ...other, key: row.key } as CrmOutcome
        const known = this.records.get(row.key)
        const record = {
          ref: known?.ref ?? `ref-${++this.#refs}`,
          fields: row.fields,
          links: { ...known?.links, ...row.links },
        }
        this.records.set(row.key, record)
        return { key: row.key, is: 'saved', crmRef: record.ref }
      })
      await this.after()
      return outcomes
    },
  }

  /** Keys of the rows of each call, sorted: a batch has no order. */
  keys(): string[][] {
    return this.calls.map((call) => call.rows.map((row) => row.key).toSorted())
  }
}

/** An adapter whose connections reach whatever system is the present one when they are opened. */
export const salesAdapter = (present: () => SalesSystem): Adapter =>
  adapter({
    provider: 'sales',
    title: 'Sales System',
    settings: z.strictObject({}),
    credentials: z.strictObject({}),
    example: { settings: {}, credentials: {} },
    client: present,
    ports: { crm: (system) => system.port },
  })

let connections = 0
export async function connect(world: World): Promise<Id<'conn'>> {
  const answer = await world.as('admin').post('/v1/connections', {
    provider: 'sales',
    name: `Sales ${++connections}`,
    settings: {},
    credentials: {},
  })
  if (answer.status !== 201) throw new Error(answer.text)
  return answer.body.id
}

/** A row of the mirror with as little as it needs. */
export const wanted = (n: number, fields: object = {}, links: object = {}) => ({
  rank: '1970-01-01T00:00:00.000Z' as const,
  row: {
    kind: 'offer',
    key: `offer_${n}`,
    fields: { name: `Offer ${n}`, status: 'live', ...fields },
    links,
  } as unknown as CrmRow,
})
