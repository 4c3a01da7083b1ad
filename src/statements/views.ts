import * as z from 'zod'
import { agreementId } from '../agreements/model.ts'
import { connectionId } from '../connections/model.ts'
import { currencyField, dayField, instantField, moneyField } from '../kernel/fields.ts'
import { type Figure, levels, partKinds, verdicts } from './model.ts'
import type { Reconciled } from './service.ts'
import { counted, type DimensionRow, ratedAmounts, type Statement } from './statement.ts'

const text = (description: string, example: string) => z.string().meta({ description, example })
const count = (description: string, example = 1) => z.int().meta({ description, example })
/** Sums may have more digits than one quantity. */
const exact = (description: string, example = '12.5') => text(description, example)

export const figureView = z
  .object({
    value: exact('The sum, exactly'),
    currency: currencyField('Of an amount; absent for a quantity').optional(),
    count: count('How many rows; null where nobody counted them', 40).nullable(),
    rows: text(
      'Answers exactly the rows it is the sum of',
      '/v1/usage-records?agreement=agr_example&state=accepted',
    ),
    sums: z.array(z.string()).meta({
      description: 'Of each row counts the first of these fields that is not null',
      example: ['sent', 'quantity'],
    }),
  })
  .meta({ id: 'Figure' })

const figures = <Name extends string>(names: readonly Name[]) =>
  z.object(
    Object.fromEntries(names.map((name) => [name, figureView])) as Record<Name, typeof figureView>,
  )

const parts = (description: string) => figures(partKinds).meta({ description })
const lostValue = figureView.nullable().meta({
  description:
    'Value of what is lost, as put down on each; null where it is not known or nothing is',
})

const dimensionView = z
  .object({
    dimension: text('Key of the dimension', 'api_calls'),
    parts: parts('What was told: events of it, what meters make of others, what a contract adds'),
    records: figureView.meta({ description: 'All that counts for hours of the month' }),
    states: figures(counted).meta({ description: 'Where it stands' }),
    included: figureView.meta({ description: 'What the price includes' }),
    rated: figureView.meta({ description: 'What the contract priced, billed elsewhere' }),
    carriedIn: figureView.meta({
      description: 'Parts of units each record got from the one before',
    }),
    carriedOut: figureView.meta({ description: 'Parts of units each record left to the next' }),
    late: z
      .object({
        parts: parts('What came after its deadline'),
        records: figureView.meta({ description: 'All of it' }),
        lost: figureView.meta({ description: 'What of it is lost' }),
        included: figureView.meta({ description: 'What of it the price includes' }),
        lostValue,
      })
      .meta({ description: 'What was reported too late in this month, of whatever hour' }),
    taken: z
      .array(
        z.object({
          source: z.enum(['api', 'report']).meta({ description: 'Who tells', example: 'api' }),
          held: figureView.meta({ description: 'What the marketplace holds' }),
        }),
      )
      .meta({ description: 'What the marketplace says it took; empty where it does not tell' }),
    rates: z
      .array(
        z.object({
          from: instantField('From then on, or from the month’s start'),
          price: exact('Of one unit', '0.01'),
          currency: currencyField(),
        }),
      )
      .meta({ description: 'What a unit costs; empty where it is not known' }),
    acceptedValue: moneyField('What was accepted at those rates, each rounded once').nullable(),
    lostValue,
  })
  .meta({ id: 'StatementDimension' })

export const comparisonView = z
  .object({
    level: z.enum(levels).meta({
      description:
        '`sent`: used and not taken; `taken`: what the marketplace holds; `billed`: what it charges; `invoice`: one invoice',
      example: 'taken',
    }),
    dimension: z
      .string()
      .nullable()
      .meta({ description: 'Null: all of them', example: 'api_calls' }),
    from: instantField('From then on'),
    to: instantField('Until then', '2027-02-01T00:00:00.000Z'),
    source: z
      .enum(['records', 'api', 'report', 'lines', 'invoice'])
      .nullable()
      .meta({ description: 'Where the other side comes from', example: 'report' }),
    ref: z.string().nullable().meta({ description: 'An invoice’s number', example: null }),
    ours: exact('What we count; null where it is no quantity').nullable(),
    theirs: exact('What the marketplace counts').nullable(),
    quantity: exact('Theirs above ours', '0').nullable(),
    oursValue: moneyField('What ours comes to').nullable(),
    theirsValue: moneyField('What theirs comes to').nullable(),
    value: moneyField('Theirs above ours').nullable(),
    verdict: z.enum(verdicts).meta({
      description: 'How they compare; `unknown` where one side cannot be told',
      example: 'agreed',
    }),
    rows: text('Opens the rows it is made of', '/v1/usage-read-backs?agreement=agr_example'),
  })
  .meta({ id: 'UsageComparison' })

export const reconciledView = comparisonView
  .extend({
    agreement: agreementId,
    agreementRef: text('The marketplace’s id', 'agmt-1'),
    connection: connectionId,
  })
  .meta({ id: 'UsageReconciled' })

export const statementView = z
  .object({
    agreement: agreementId,
    agreementRef: text('The marketplace’s id', 'agmt-1'),
    connection: connectionId,
    month: text('Month', '2027-01'),
    from: instantField('The month is one of UTC hours'),
    to: instantField('Until then', '2027-02-01T00:00:00.000Z'),
    asOf: dayField('Invoice lines as they were valid on this day'),
    known: dayField('… and known'),
    dimensions: z.array(dimensionView).meta({ description: 'By dimension' }),
    contract: z
      .object({
        ratings: z
          .array(
            z.object({
              dimension: text('Dimension', 'api_calls'),
              figures: figures(ratedAmounts).meta({ description: 'What it was priced as' }),
            }),
          )
          .meta({ description: 'What it priced, by dimension' }),
        postings: z
          .array(
            z.object({
              dimension: text('The dimension it bills to', 'usage_cents'),
              reason: text('Why', 'minimum'),
              posted: figureView,
            }),
          )
          .meta({ description: 'What it added to what is billed, by reason' }),
      })
      .meta({ description: 'What the agreement’s contract made of it; empty without one' }),
    lines: z
      .array(
        z.object({
          of: z.enum(['usage', 'invoices']).meta({
            description:
              '`usage`: charging use of this month, whenever invoiced; `invoices`: invoiced in the marketplace’s own month',
            example: 'usage',
          }),
          action: text('What happened to it', 'invoiced'),
          kind: text('What it is', 'gross'),
          currency: currencyField(),
          amount: figureView,
        }),
      )
      .meta({ description: 'Invoice lines, and what of them was collected and paid out' }),
    differences: z.array(comparisonView).meta({ description: 'Everything that does not agree' }),
    agreed: count('How many comparisons agree', 31),
    addsUp: z
      .array(
        z.object({
          dimension: text('Dimension', 'api_calls'),
          what: text('`parts`: told = recorded; `records`: recorded = what became of it', 'parts'),
          left: exact('One side'),
          right: exact('The other'),
          holds: z.boolean().meta({ description: 'They are equal', example: true }),
        }),
      )
      .meta({ description: 'What must be equal, told from both sides' }),
    holds: z.boolean().meta({ description: 'All of it adds up', example: true }),
  })
  .meta({ id: 'Statement' })

const figure = ({ sums, currency, ...rest }: Figure) => ({
  ...rest,
  sums: [...sums],
  ...(currency !== undefined && { currency }),
})
const record = <Name extends string>(
  of: Readonly<Record<Name, Figure>>,
): Record<Name, ReturnType<typeof figure>> =>
  Object.fromEntries(
    Object.entries<Figure>(of).map(([name, one]) => [name, figure(one)]),
  ) as Record<Name, ReturnType<typeof figure>>

const viewDimension = (row: DimensionRow) => ({
  ...row,
  parts: record(row.parts),
  records: figure(row.records),
  states: record(row.states),
  included: figure(row.included),
  rated: figure(row.rated),
  carriedIn: figure(row.carriedIn),
  carriedOut: figure(row.carriedOut),
  late: {
    parts: record(row.late.parts),
    records: figure(row.late.records),
    lost: figure(row.late.lost),
    included: figure(row.late.included),
    lostValue: row.late.lostValue && figure(row.late.lostValue),
  },
  taken: row.taken.map(({ source, held }) => ({ source, held: figure(held) })),
  rates: row.rates.map(({ from, rate: { price, currency } }) => ({ from, price, currency })),
  lostValue: row.lostValue && figure(row.lostValue),
})

export const viewStatement = (statement: Statement): z.input<typeof statementView> => {
  const { agreement, at, comparisons, ...rest } = statement
  const differences = comparisons.filter(({ verdict }) => verdict !== 'agreed')
  return {
    ...rest,
    agreement: agreement.id,
    agreementRef: agreement.agreementRef,
    connection: agreement.connection,
    asOf: at.asOf,
    known: at.known,
    dimensions: rest.dimensions.map(viewDimension),
    contract: {
      ratings: rest.contract.ratings.map((row) => ({
        dimension: row.dimension,
        figures: record(row.figures),
      })),
      postings: rest.contract.postings.map((row) => ({ ...row, posted: figure(row.posted) })),
    },
    lines: rest.lines.map((line) => ({ ...line, amount: figure(line.amount) })),
    differences: differences.map((row) => ({ ...row })),
    agreed: comparisons.length - differences.length,
    addsUp: rest.addsUp.map((row) => ({ ...row })),
  }
}

export const viewReconciled = ({ place: _, ...row }: Reconciled) => row
