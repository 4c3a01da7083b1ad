import {
  type Advanced,
  advance,
  close,
  type Posting as Due,
  type HeldBook,
  post,
  prices,
  type Rating,
  rate,
} from '../contracts/model.ts'
import * as contracts from '../contracts/service.ts'
import { type Deps, transact } from '../deps.ts'
import { type Decimal, isZero } from '../kernel/decimal.ts'
import { type Id, newId } from '../kernel/id.ts'
import { type Hour, hourStart, type Instant, later } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import { add, type Wish } from './add.ts'
import { move, saveFrozen } from './claims.ts'
import { deadlineOf, flushEnd, graceMs } from './hours.ts'
import { load, type Metered } from './metered.ts'
import type { Posting } from './parts.ts'
import { insertRatings, type Ripe, ripeAgreements, ripeRecords, unclosed } from './ratings.ts'
import { isRace } from './roll-up.ts'

const agreementsMax = 50
const passesMax = 200
const triesMax = 3
/**
 * So much of its last window before that closes an ended agreement's contract is closed: late usage may still come
 * until then, and what it comes to must still be taken. Of a long window an hour and more, since some marketplaces go by
 * when the last hour began.
 */
const closeLeadShare = 4
const closeLeadMaxMs = 75 * 60_000

/**
 * Prices what contracts price of one seller account: every hour that is over, in order, then what time alone does up
 * to there (true-ups, expiries, another version), and at last the contracts of agreements that are over. What it comes
 * to is added to the dimension that each contract bills to, in the same hour where that can still be sent. One
 * transaction for some agreements, each under its book's lock: whoever repeats it finds nothing left to do.
 */
export async function rateRipe(deps: Deps, connection: Id<'conn'>): Promise<void> {
  for (let pass = 0; pass < passesMax; pass++) {
    const ids = await ripeAgreements(deps.db, connection, deps.now(), agreementsMax)
    if (ids.length === 0) break
    await trying(deps, (tx) => rateSome(tx, connection, ids))
  }
  const looked = new Set<string>()
  for (let pass = 0; pass < passesMax; pass++) {
    const by = later(deps.now(), -graceMs)
    const ids = await contracts.dueBooks(deps.db, connection, by, agreementsMax)
    // Of an agreement that is over the book waits for its closing.
    if (ids.every((id) => looked.has(id))) break
    for (const id of ids) looked.add(id)
    await trying(deps, (tx) => rateSome(tx, connection, ids))
  }
  const ended = await unclosed(deps.db, connection, deps.now(), agreementsMax)
  if (ended.length > 0) await trying(deps, (tx) => rateSome(tx, connection, ended))
}

/** Somebody's events may lock the same records in another order. */
async function trying(deps: Deps, act: (tx: Deps) => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await transact(deps, act)
    } catch (error) {
      if (tries === triesMax || !isRace(error)) throw error
    }
  }
}

async function rateSome(
  tx: Deps,
  connection: Id<'conn'>,
  ids: readonly Id<'agr'>[],
): Promise<void> {
  const now = tx.now()
  const books = await contracts.holdBooks(tx.db, ids)
  const metered = await load(tx, ids, { fresh: true })
  const ripe = Map.groupBy(await ripeRecords(tx.db, connection, ids, now), (one) => one.agreement)
  const turns = [...books.values()].flatMap((held) => {
    const meter = metered.get(held.agreement)
    return meter ? [turnOf(held, meter, ripe.get(held.agreement) ?? [], now)] : []
  })
  const rated = turns.flatMap((turn) => turn.rated)
  await insertRatings(tx.db, rated, now)
  await saveFrozen(tx.db, rated.map(frozenOf(now)), now)
  const state = { is: 'due', waiting: null } as const
  const unpriced = turns.flatMap((turn) => turn.unpriced)
  await move(
    tx.db,
    unpriced.map(({ id }) => ({ id, state })),
    ['open', 'held', 'due'],
    now,
  )
  await add(
    tx,
    turns.flatMap((turn) => turn.wishes),
    now,
    true,
  )
  await contracts.saveBooks(
    tx.db,
    turns.map(({ held }) => held),
    now,
  )
  for (const { held, told } of turns)
    for (const due of told) await record(tx, 'contract.minimum', held.agreement, toldOf(due))
  for (const { held, isClosed } of turns)
    if (isClosed) await record(tx, 'contract.closed', held.agreement, { at: held.book.end })
}

export type Rated = Ripe & { readonly rating: Rating }
type Turn = {
  readonly held: HeldBook
  readonly rated: readonly Rated[]
  /** No version in force prices them: they are sent as they are. */
  readonly unpriced: readonly Ripe[]
  readonly wishes: readonly Wish[]
  readonly told: readonly Due[]
  readonly isClosed: boolean
}

/** Takes one contract's book through its ripe hours, by hour and dimension, and then as far as all usage is rated. */
function turnOf(held: HeldBook, meter: Metered, ripe: readonly Ripe[], now: Instant): Turn {
  let { book } = held
  const rated: Rated[] = []
  const unpriced: Ripe[] = []
  const wishes: Wish[] = []
  const told: Due[] = []
  const wish = (posting: Omit<Posting, 'agreement' | 'dimension' | 'at'>, hour: Hour) => {
    if (isZero(posting.quantity)) return
    const { dimension } = book.terms.bills
    const at = postedAt(hour, meter, now)
    const whole = { ...posting, agreement: meter.agreement, dimension, at }
    const { quantity } = posting
    wishes.push({ meter, dimension, quantity, at, part: { is: 'contract', posting: whole } })
  }
  const come = ({ book: next, postings }: Advanced) => {
    book = next
    for (const due of postings) {
      told.push(due)
      wish({ id: newId('pst'), quantity: due.quantity, reason: due.reason, detail: due }, due.hour)
    }
  }
  for (const one of ripe.toSorted(inOrder)) {
    const { id, dimension, hour, quantity } = one
    come(advance(book, hourStart(hour)))
    if (!prices(book, dimension, hour, quantity)) {
      unpriced.push(one)
      continue
    }
    const done = rate(book, { dimension, hour, quantity })
    const posted = post(done.book)
    book = posted.book
    rated.push({ ...one, rating: done.rating })
    const detail = { record: id, dimension, charge: done.rating.charge }
    wish({ id: newId('pst'), quantity: posted.quantity, reason: 'usage', detail }, hour)
  }
  come(advance(book, earliest(later(now, -graceMs), meter.endedAt)))
  const isClosed = !book.isOver && meter.endedAt !== null && closesAt(meter) <= now
  if (isClosed && meter.endedAt !== null) come(close(book, meter.endedAt))
  return { held: { ...held, book }, rated, unpriced, wishes, told, isClosed }
}

const inOrder = (a: Ripe, b: Ripe) =>
  a.hour < b.hour ? -1 : a.hour > b.hour ? 1 : a.dimension < b.dimension ? -1 : 1
const earliest = (a: Instant, b: Instant | null) => (b !== null && b < a ? b : a)

/** When the contract of an agreement that is over may be closed. */
function closesAt({ traits, endedAt }: Metered): Instant {
  if (endedAt === null || traits === null) return endedAt ?? ('9999-12-31T00:00:00.000Z' as Instant)
  const leadMs = Math.min((traits.flushMinutes * 60_000) / closeLeadShare, closeLeadMaxMs)
  const last = later(flushEnd(traits, endedAt), -leadMs)
  const first = later(endedAt, graceMs)
  return last > first ? last : first
}

/**
 * For which hour it is billed: its own while that is taken, else, as long as the agreement runs, the present one. A
 * charge does not expire with its hour.
 */
function postedAt(hour: Hour, { traits, endedAt }: Metered, now: Instant): Instant {
  const start = hourStart(hour)
  if (traits === null || deadlineOf(traits, hour, endedAt) > now) return start
  return endedAt === null ? now : start
}

const frozenOf =
  (at: Instant) =>
  ({ id, quantity }: Rated) => ({
    id,
    split: {
      carriedIn: '0',
      covered: '0',
      rated: quantity as Decimal,
      sent: '0',
      carriedOut: '0',
    },
    report: null,
    state: { is: 'rated', at } as const,
  })

const toldOf = ({ period, start, at, minimum, spent, amount }: Due) => ({
  period,
  start,
  end: at,
  minimum,
  spent,
  amount,
})
