import * as z from 'zod'
import { agreementId } from '../agreements/model.ts'
import { type Decimal, total } from '../kernel/decimal.ts'
import { currencyField, instantField } from '../kernel/fields.ts'
import { available, drawnOf, isOpen, type Lot } from './grants.ts'
import { trueUp } from './minimum.ts'
import { type Book, billable, type Contract, nextAt, type Posting, type Version } from './model.ts'
import { periodKinds } from './period.ts'
import type { Preview, Priced } from './preview.ts'
import { contractId } from './requests.ts'
import type { Standing } from './service.ts'
import { contractTerms } from './terms.ts'

const exact = (description: string, example = '0') => z.string().meta({ description, example })
const text = (description: string, example: string) => z.string().meta({ description, example })

const own = {
  id: contractId,
  agreement: agreementId,
  currency: currencyField('What its amounts are in'),
  revision: z.int().meta({ description: 'Counts changes; also the ETag', example: 1 }),
  createdAt: instantField('When it was entered'),
  updatedAt: instantField('When its terms last changed'),
}
const versioned = {
  version: z.int().meta({ description: 'Counts versions', example: 1 }),
  from: instantField('From which hour it is so'),
  recordedAt: instantField('When it was written down here'),
  terms: contractTerms.meta({ description: 'What usage costs from then on' }),
}

export const contractView = z.object({ ...own, ...versioned }).meta({ id: 'Contract' })
export const versionView = z.object(versioned).meta({ id: 'ContractVersion' })

const balanceView = z
  .object({
    id: text('Name of the grant, or the release of the commit by its day', 'commit:2027-01-01'),
    kind: z
      .enum(['grant', 'commit', 'rollover'])
      .meta({ description: 'What it is', example: 'commit' }),
    state: z
      .enum(['coming', 'open', 'ended'])
      .meta({ description: 'Whether it can be drawn on where the book is', example: 'open' }),
    from: instantField('From when it can be used'),
    until: instantField('Until when, exclusive').nullable(),
    granted: exact('All of it', '120000.00'),
    drawn: exact('Used', '18000'),
    left: exact('Still there', '102000'),
    forfeited: exact('Gone unused'),
    rolledOver: exact('Gone on as another balance'),
  })
  .meta({ id: 'ContractBalance' })

const minimumView = z
  .object({
    period: z.enum(periodKinds).meta({ description: 'Of what kind of period', example: 'month' }),
    start: instantField('From when it counts'),
    end: instantField('When it is over'),
    minimum: exact('What is owed at least', '1000.00'),
    spent: exact('Worth of the usage so far, whether drawn or billed', '310.4'),
    missing: exact('What would be billed if nothing more was used', '689.6'),
  })
  .meta({ id: 'ContractMinimum' })

const positionView = z
  .object({
    at: instantField('How far the book has come: usage before this hour is in it'),
    isOver: z.boolean().meta({ description: 'Whether the contract has ended', example: false }),
    balances: z.array(balanceView).meta({ description: 'In the order in which they are used' }),
    available: exact('What can be drawn on now', '102000'),
    drawn: exact('Drawn on all balances', '18000'),
    overage: exact('Billed for units that no balance covered'),
    credited: exact('Owed to the buyer for usage taken back of balances that were over'),
    trueUps: exact('Billed for what was missing of minimums'),
    owed: exact('Overage and true-ups less credits: exact, of any length'),
    posted: exact('Units of the billed dimension that were reported for it'),
    minimums: z.array(minimumView).meta({ description: 'The periods in progress' }),
    next: z
      .object({
        at: instantField('When'),
        what: z
          .array(z.enum(['balance_ends', 'period_ends', 'contract_ends', 'version_begins']))
          .meta({ description: 'What happens then', example: ['period_ends'] }),
      })
      .nullable()
      .meta({ description: 'What time alone does next' }),
  })
  .meta({ id: 'ContractPosition', description: 'Exact amounts in the contract’s currency' })

export const standingView = z
  .object({ ...own, ...versioned, position: positionView })
  .meta({ id: 'ContractStanding' })

/** A contract with its newest version. */
export function viewContract(contract: Contract): z.infer<typeof contractView> {
  const { versions, ...rest } = contract
  return { ...rest, ...viewVersion(versions.at(-1) as Version) }
}

export const viewVersion = ({ number, ...rest }: Version): z.infer<typeof versionView> => ({
  version: number,
  ...rest,
})

export const viewStanding = ({ contract, held }: Standing): z.infer<typeof standingView> => ({
  ...viewContract(contract),
  position: viewPosition(held.book),
})

function viewPosition(book: Book): z.infer<typeof positionView> {
  const { at, isOver, overage, credited, trueUps, posted } = book
  return {
    at,
    isOver,
    balances: book.lots.map((lot) => viewBalance(lot, book)),
    available: available(book.lots, at),
    drawn: total(book.lots.map(drawnOf)),
    overage,
    credited,
    trueUps,
    owed: billable(book),
    posted,
    minimums: book.minimums.map(({ period, start, end, minimum, spent }) => ({
      period,
      start,
      end,
      minimum,
      spent,
      missing: trueUp(minimum, spent),
    })),
    next: nextOf(book),
  }
}

const viewBalance = (lot: Lot, { at }: Book): z.infer<typeof balanceView> => ({
  id: lot.id,
  kind: lot.kind,
  state: isOpen(lot, at) ? 'open' : lot.from > at && !lot.hasEnded ? 'coming' : 'ended',
  from: lot.from,
  until: lot.until,
  granted: lot.granted,
  drawn: drawnOf(lot),
  left: lot.left,
  forfeited: lot.forfeited,
  rolledOver: lot.rolled,
})

function nextOf(book: Book): z.infer<typeof positionView>['next'] {
  const at = nextAt(book)
  if (at === null) return null
  const isThen = (moment: string | null) => moment === at
  const what = [
    book.lots.some((lot) => !lot.hasEnded && isThen(lot.until)) && ('balance_ends' as const),
    book.minimums.some(({ end }) => isThen(end)) && ('period_ends' as const),
    !book.isOver && isThen(book.end) && ('contract_ends' as const),
    book.coming.some((version) => isThen(version.at)) && ('version_begins' as const),
  ].filter((word) => word !== false)
  return { at, what }
}

const pricedView = z.object({
  dimension: text('What is used', 'requests'),
  quantity: exact('How much', '1200'),
  hour: text('As of which UTC hour', '2027-01-01T00:00Z'),
  included: exact('Units that cost nothing', '100'),
  committed: exact('Worth at committed prices', '110'),
  drawn: z
    .array(
      z.object({
        balance: text('Name of the grant or release', 'commit:2027-01-01'),
        amount: exact('How much of it; negative is put back', '110'),
      }),
    )
    .meta({ description: 'What it is drawn on' }),
  credited: exact('Owed to the buyer for what was taken back of balances that are over'),
  overage: exact('Billed because no balance covers it'),
  charge: exact('Overage less credits'),
  balance: exact('What can be drawn on afterwards', '119890'),
})
const postingView = z.object({
  period: z.enum(periodKinds).meta({ description: 'Whose minimum it is', example: 'month' }),
  start: instantField('From when it counted'),
  at: instantField('When it was over'),
  minimum: exact('What is owed at least', '1000.00'),
  spent: exact('Worth of the usage in it', '310.4'),
  amount: exact('What is missing', '689.6'),
})
const warningView = z.object({
  path: text('Where in the terms', 'rates.0.price'),
  message: text('What may surprise', '10000 units cost 800, and more units cost less'),
})
export const previewView = z
  .object({
    currency: currencyField('What the amounts are in'),
    usage: z.array(pricedView).meta({ description: 'What each would cost, in the order asked' }),
    trueUps: z.array(postingView).meta({ description: 'What minimums would add' }),
    total: z
      .object({
        drawn: exact('Of balances', '110'),
        owed: exact('Beyond them', '0'),
        units: exact('Units of the billed dimension', '0'),
      })
      .meta({ description: 'By the end of the last month that is used in' }),
    balances: z.array(balanceView).meta({ description: 'Where they stand then' }),
    warnings: z.array(warningView).meta({ description: 'What is allowed and yet may surprise' }),
  })
  .meta({ id: 'ContractPreview', description: 'Exact amounts in the contract’s currency' })

export const viewPreview = (found: Preview, units: Decimal): z.infer<typeof previewView> => ({
  currency: found.book.terms.currency,
  usage: found.usage.map(viewPriced),
  trueUps: found.postings.map(viewPosting),
  total: { drawn: found.drawn, owed: found.owed, units },
  balances: found.book.lots.map((lot) => viewBalance(lot, found.book)),
  warnings: found.warnings.map(({ path, message }) => ({ path, message })),
})

const viewPriced = ({ hour, rating, balance }: Priced): z.infer<typeof pricedView> => ({
  dimension: rating.dimension,
  quantity: rating.quantity,
  hour,
  included: rating.included,
  committed: rating.committed,
  drawn: rating.drawn.map(({ lot, amount }) => ({ balance: lot, amount })),
  credited: rating.credited,
  overage: rating.overage.amount,
  charge: rating.charge,
  balance,
})

const viewPosting = (one: Posting): z.infer<typeof postingView> => ({
  period: one.period,
  start: one.start,
  at: one.at,
  minimum: one.minimum,
  spent: one.spent,
  amount: one.amount,
})
