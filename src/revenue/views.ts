import * as z from 'zod'
import { currencyField, dayField, idField, instantField } from '../kernel/fields.ts'
import type { ResolvedLine } from './ledger.ts'
import { bases, importId } from './model.ts'
import { asReported } from './report.ts'
import type { ImportWithFiles } from './service.ts'
import { ageing, paymentTerm } from './status.ts'
import type { StoredFault } from './store.ts'

const connection = idField('conn', 'The seller account it was reported to')
const count = (description: string, example = 120) => z.int().meta({ description, example })

const fileView = z.object({
  name: z.string().meta({
    description: 'The file, as its marketplace names it',
    example: 'billingeventfeed_v1/year=2026/month=09/data.csv',
  }),
  state: z.enum(['waiting', 'reading', 'read', 'same', 'failed']).meta({
    description: '`same`: read before with this content, and not read again',
    example: 'read',
  }),
  fingerprint: z
    .string()
    .meta({ description: 'Changes with the content', example: '9b2cf535f27731c9' }),
  sizeBytes: count('Size in bytes', 48213),
  rowsRead: count('Rows that could be read'),
  rowsNew: count('Of them, rows that were not known yet'),
  rowsKnown: count('Of them, rows that were', 0),
  rowsBroken: count('Rows that could not be read', 0),
  lastRow: count('How far it is read; the header is row 1', 121),
  problem: z.unknown().meta({ description: 'Why it failed', example: null }),
})

export const importView = z
  .object({
    id: importId,
    connection,
    again: z.boolean().meta({ description: 'Reads known files again', example: false }),
    state: z.enum(['waiting', 'preparing', 'reading', 'done', 'partial', 'failed']).meta({
      description:
        '`preparing`: the marketplace makes the reports first. `partial`: some files failed, the others are in',
      example: 'done',
    }),
    waitsFor: z
      .string()
      .nullable()
      .meta({ description: 'What the marketplace has still to make', example: null }),
    waitsSince: instantField('Since when it waits for that').nullable(),
    problem: z.unknown().meta({ description: 'Why all of it failed', example: null }),
    progress: z
      .object({
        files: count('Files there are', 7),
        filesDone: count('Files dealt with', 7),
        rowsRead: count('Rows that could be read'),
        rowsNew: count('Rows that were not known yet'),
        rowsBroken: count('Rows that could not be read; see its faults', 0),
      })
      .meta({ description: 'How far it is' }),
    files: z.array(fileView).meta({ description: 'In the order they are read' }),
    createdAt: instantField('When it was asked for'),
    finishedAt: instantField('When it ended').nullable(),
  })
  .meta({ id: 'RevenueImport' })

export function viewImport(found: ImportWithFiles): z.input<typeof importView> {
  const { state, files, revision: _, held: __, ...rest } = found
  const waits = state.is === 'preparing' ? state : null
  const total = (of: (file: (typeof files)[number]) => number) =>
    files.reduce((n, file) => n + of(file), 0)
  return {
    ...rest,
    state: state.is,
    waitsFor: waits?.detail ?? null,
    waitsSince: waits?.since ?? null,
    problem: state.is === 'failed' ? state.problem : null,
    progress: {
      files: files.length,
      filesDone: files.filter((f) => f.state !== 'waiting' && f.state !== 'reading').length,
      rowsRead: total((file) => file.rowsRead),
      rowsNew: total((file) => file.rowsNew),
      rowsBroken: total((file) => file.rowsBroken),
    },
    files: files.map((file) => ({
      name: file.name,
      state: file.state,
      fingerprint: file.fingerprint,
      sizeBytes: file.sizeBytes,
      rowsRead: file.rowsRead,
      rowsNew: file.rowsNew,
      rowsKnown: file.rowsRead - file.rowsNew,
      rowsBroken: file.rowsBroken,
      lastRow: file.lastRow,
      problem: file.problem,
    })),
  }
}

export const faultView = z
  .object({
    file: z.string().meta({ description: 'The file', example: 'billingeventfeed_v1/data.csv' }),
    row: count('Its row; the header is row 1', 17),
    column: z.string().nullable().meta({ description: 'The column', example: 'amount' }),
    message: z.string().meta({ description: 'What is wrong', example: 'cannot be read: 12,5' }),
    raw: z
      .string()
      .meta({ description: 'The row as it stands in the file', example: 'a1,12,5,USD' }),
  })
  .meta({ id: 'RevenueImportFault' })

export const viewFault = ({ file, row, column, message, raw }: StoredFault) => ({
  file,
  row,
  column,
  message,
  raw,
})

const ref = (description: string, example: string) =>
  z.string().nullable().meta({ description, example })

const otherAmount = z.object({
  role: z.enum(['payout', 'usd']).meta({
    description: '`payout`: what the seller is paid in. `usd`: for comparison',
    example: 'payout',
  }),
  currency: currencyField(),
  amount: z.string().meta({ description: 'Exact as reported', example: '92.1234' }),
  rate: ref('What one unit of the line’s currency was taken for', '0.921234'),
  rateOn: dayField('The day of that rate', '2026-08-31').nullable(),
})

export const lineView = z
  .object({
    lineRef: z
      .string()
      .meta({ description: 'The marketplace’s id of the line', example: 'be-0001' }),
    parentRef: ref('The line it refunds, pays out or corrects', 'be-0000'),
    connection,
    action: z.string().meta({
      description: 'invoiced, collected, disbursed, forgiven or unknown',
      example: 'invoiced',
    }),
    kind: z.string().meta({ description: 'What it is', example: 'gross' }),
    nativeKind: z.string().meta({
      description: 'The marketplace’s own words',
      example: 'INVOICED SELLER_REV_SHARE',
    }),
    amount: z
      .object({
        currency: currencyField(),
        amount: z.string().meta({
          description: 'Exact as reported, up to 12 decimals; positive is owed to the seller',
          example: '100.00',
        }),
      })
      .meta({ description: 'What was reported' }),
    others: z.array(otherAmount).meta({
      description: 'The same in the other currencies it is told in; no sum mixes them',
      example: [],
    }),
    facts: z.record(z.string(), z.union([z.string(), z.boolean()])).meta({
      description: 'What it tells of what the drawdown rules ask about',
      example: { 'line.country': 'DE' },
    }),
    invoiceRef: ref('The buyer’s invoice', '781216640'),
    invoicedOn: dayField('Day of the invoice', '2026-08-31'),
    dueOn: dayField('Day it is due', '2026-09-30').nullable(),
    paymentTerm: ref('From invoice to due day', 'Net 30 days'),
    age: ref('How late it is on the day looked from, as if nothing was paid', 'Not due'),
    usage: z
      .object({ from: instantField('From'), to: instantField('To') })
      .nullable()
      .meta({ description: 'The use it charges' }),
    basis: z.enum(bases).optional().meta({
      description: 'Whether it charges for use or for the term; absent where that is not told',
      example: 'usage',
    }),
    agreement: ref('Our agreement', 'agr_example'),
    agreementRef: ref('The marketplace’s agreement', 'agmt-3xamp1ez9g7f2v6imgyj0001a'),
    offerRef: ref('The marketplace’s offer', 'offer-3xamp1e6jq7s1'),
    listing: ref('Our listing', 'lst_example'),
    buyer: ref('The buyer, where we know it', 'buyer_example'),
    account: ref('The buyer’s account', '111122223333'),
    payoutRef: ref('The payout it was part of', 'be-0009'),
    validFrom: instantField('True since'),
    knownFrom: instantField('Known to the marketplace since'),
    recordedAt: instantField('Written down here'),
    file: z
      .string()
      .meta({ description: 'Where it was read', example: 'billingeventfeed_v1/data.csv' }),
    fileRow: count('The row there', 2),
  })
  .meta({ id: 'RevenueLine' })

export function viewLine(
  line: ResolvedLine,
  asOf: ResolvedLine['invoicedOn'],
): z.input<typeof lineView> {
  const { seq: _, amount, currency, others, ...rest } = line
  return {
    ...rest,
    others: others.map((other) => ({
      ...other,
      amount: asReported(other.currency, other.amount),
    })),
    amount: { currency, amount: asReported(currency, amount) },
    paymentTerm: line.dueOn && paymentTerm(line.invoicedOn, line.dueOn),
    age: line.dueOn && ageing(line.dueOn, asOf),
  }
}
