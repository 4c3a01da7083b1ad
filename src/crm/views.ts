import * as z from 'zod'
import { connectionId } from '../connections/model.ts'
import { idField, instantField } from '../kernel/fields.ts'
import { type MirrorRow, mirrorStates, rowStates } from './mirror.ts'
import { crmKinds } from './model.ts'
import type { Status } from './service.ts'

export const rowId = idField('crm', 'A row of the mirror')

export const rowView = z
  .object({
    id: rowId,
    connection: connectionId,
    kind: z.enum(crmKinds).meta({ description: 'What it shows', example: 'offer' }),
    key: z.string().meta({
      description: 'External id in the sales system; of an opportunity, its own id there',
      example: 'offer_example',
    }),
    state: z.enum(rowStates).meta({
      description: '`refused`: nothing happens until its content changes or somebody retries',
      example: 'clean',
    }),
    attempts: z.int().meta({ description: 'How often it was put off', example: 0 }),
    dueAt: instantField('When it is sent next').nullable(),
    problem: z
      .string()
      .nullable()
      .meta({ description: 'What the sales system said, in its own words', example: null }),
    crmRef: z
      .string()
      .nullable()
      .meta({ description: 'Its id in the sales system', example: 'a0BdM0000000001AAA' }),
    fields: z
      .record(z.string(), z.unknown())
      .meta({ description: 'As it ought to be there', example: { status: 'live' } }),
    links: z
      .record(z.string(), z.string().nullable())
      .meta({ description: 'What it points to', example: { account: '001Dn00000ExAmPlE1' } }),
    sentAt: instantField('When it was last saved there').nullable(),
    updatedAt: instantField('When it last came to be otherwise here'),
  })
  .meta({ id: 'CrmRow' })

export const statusView = z
  .object({
    connection: connectionId,
    state: z.enum(mirrorStates).meta({
      description:
        '`missing`: the sales system lacks what is named; `waiting`: nothing is sent until then; `moved`: the credentials lead to another organisation',
      example: 'ready',
    }),
    missing: z
      .array(
        z.object({
          object: z.string().meta({ description: 'Which object', example: 'Offer__c' }),
          fields: z
            .array(z.string())
            .meta({ description: 'Which fields; empty for the object itself', example: [] }),
          remedy: z.string().meta({ description: 'What to do', example: 'deploy the package' }),
        }),
      )
      .meta({ description: 'What it lacks or hides from us' }),
    reason: z.string().nullable().meta({ description: 'Why nothing is sent', example: null }),
    until: instantField('Not before then').nullable(),
    organisation: z
      .string()
      .nullable()
      .meta({ description: 'Where it is kept', example: '00D000000000001EAA' }),
    budget: z
      .object({
        used: z.int().meta({ description: 'By every program that uses it', example: 55 }),
        limit: z.int().meta({ description: 'Calls a day', example: 15000 }),
      })
      .nullable()
      .meta({ description: 'Calls of the day, as last told; null when it tells none' }),
    rows: z
      .array(
        z.object({
          kind: z.enum(crmKinds).meta({ description: 'Of what', example: 'offer' }),
          state: z.enum(rowStates).meta({ description: 'In which state', example: 'clean' }),
          count: z.int().meta({ description: 'How many', example: 12 }),
        }),
      )
      .meta({ description: 'How many rows are in which state' }),
    checkedAt: instantField('When what it lacks was last asked').nullable(),
    savedAt: instantField('When a row was last saved there').nullable(),
  })
  .meta({ id: 'CrmStatus' })

export function viewRow({ row, ...mirrored }: MirrorRow): z.input<typeof rowView> {
  const { id, connection, state, attempts, dueAt, problem, crmRef, sentAt, updatedAt } = mirrored
  const { kind, key, fields, links } = row
  return {
    id,
    connection,
    kind,
    key,
    state,
    attempts,
    dueAt,
    problem,
    crmRef,
    sentAt,
    updatedAt,
    fields: { ...fields },
    links: { ...links },
  }
}

export const viewStatus = (status: Status): z.input<typeof statusView> => ({
  connection: status.connection,
  state: status.state.is,
  missing:
    status.state.is === 'missing'
      ? status.state.missing.map(({ fields, ...gap }) => ({ ...gap, fields: [...fields] }))
      : [],
  reason: reasonOf(status),
  until: status.until,
  organisation: status.organisation,
  budget: status.budget,
  rows: status.counts.map(({ kind, state, rows }) => ({ kind, state, count: rows })),
  checkedAt: status.checkedAt,
  savedAt: status.savedAt,
})

function reasonOf({ state }: Status): string | null {
  if (state.is === 'waiting') return state.reason
  if (state.is === 'missing') return 'the sales system lacks objects or fields'
  if (state.is === 'moved')
    return `the credentials lead to organisation ${state.to}, and everything was sent to ${state.from}; set the connection right, or have everything sent anew`
  return null
}
