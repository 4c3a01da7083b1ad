import * as agreements from '../agreements/service.ts'
import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem, Problem } from '../kernel/problem.ts'
import { addDays, type Day, dayOf, hourMs, type Instant, startOf } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import { turn } from './pace.ts'
import type { MeteringPort } from './port.ts'
import * as readBacks from './read-backs.ts'
import { type Alarm, keyOf, type ReadBack, type Span } from './read-backs.ts'
import { type Counted, compareWith, type Held, type ReadBackVerdict, together } from './verdict.ts'

/** So many whole days are read again each time: a marketplace settles usage days later. */
const daysBack = 7
/** Agreements and dimensions of one day. */
const heldMax = 200_000
const retryMs = hourMs

/** Reads the next of the last days back, from `cursor` on, one day a turn; today is not over and is left out. */
export async function readNext(
  deps: Deps,
  connection: Id<'conn'>,
  cursor: string | null,
): Promise<{ readonly cursor: string | null; readonly more: boolean }> {
  const port = await connections.port(deps, connection, 'metering')
  if (!port.readBack) return { cursor: null, more: false }
  const today = dayOf(deps.now())
  const first = addDays(today, -daysBack)
  const day = cursor !== null && cursor > first ? (cursor as Day) : first
  if (day < today) await readDay(deps, connection, port, day).catch(soon)
  const next = addDays(day, 1)
  return next < today ? { cursor: next, more: true } : { cursor: null, more: false }
}

/** Trouble does not make it wait for the next day. */
function soon(error: unknown): never {
  const { code, message, details, cause } = asProblem(error)
  throw new Problem(code, message, { retryAfterMs: retryMs, ...details }, { cause })
}

async function readDay(
  deps: Deps,
  connection: Id<'conn'>,
  port: MeteringPort,
  day: Day,
): Promise<void> {
  const asOf = deps.now()
  const held = await heldOn(port, day)
  const [from, to] = [startOf(day), startOf(addDays(day, 1))]
  await take(deps, { connection, source: 'api', from, to }, held, { asOf })
}

type Key = { readonly agreementRef: string; readonly dimension: string }
export type HeldNow = Held & Key

/**
 * How something was read back. `asOf` is when it was asked; `lagMs` how long what was taken may be missing, a day where
 * nothing is said; `isPartial` that more is held than could be told apart, so that nothing can be missed.
 */
export type Asked = {
  readonly asOf: Instant
  readonly lagMs?: number | undefined
  readonly isPartial?: boolean | undefined
}

/** Compares what a marketplace holds of a period with what was accepted, keeps both and tells of trouble once. */
export async function take(
  deps: Deps,
  span: Span,
  heldNow: readonly HeldNow[],
  { asOf, lagMs, isPartial = false }: Asked,
): Promise<void> {
  const held = byKey(heldNow)
  await transact(deps, async (tx) => {
    const before = await readBacks.stored(tx.db, span)
    const ours = await readBacks.counted(tx.db, span, asOf)
    const keys = new Map<string, Key>(isPartial ? held : [...before, ...held, ...ours])
    const own = await ownAgreements(tx, span.connection, [...keys.values()])
    const rows = [...keys].map(([key, { agreementRef, dimension }]): ReadBack => {
      const agreement = own.get(agreementRef) ?? null
      const place = { ...span, day: dayOf(span.from), agreement, agreementRef, dimension }
      const [theirs, counted] = [held.get(key) ?? null, ours.get(key) ?? nothing]
      return { ...place, ...judge(theirs, counted, before.get(key), { asOf, lagMs }) }
    })
    await readBacks.save(tx.db, rows)
    for (const row of rows) await tell(tx, row, before.get(keyOf(row)))
  })
}

/** Over all plans. */
function byKey(rows: readonly HeldNow[]): ReadonlyMap<string, HeldNow> {
  const held = new Map<string, HeldNow>()
  for (const one of rows) {
    const other = held.get(keyOf(one))
    const { agreementRef, dimension } = one
    held.set(keyOf(one), other ? { ...together(other, one), agreementRef, dimension } : one)
  }
  return held
}

/** What a marketplace holds of one day. */
async function heldOn(port: MeteringPort, day: Day): Promise<readonly HeldNow[]> {
  const held: HeldNow[] = []
  await turn(port)
  for await (const chunk of port.readBack?.(day, day) ?? []) {
    held.push(...chunk.filter((one) => one.day === day))
    if (held.length > heldMax)
      throw new Problem('internal', `more than ${heldMax} rows of usage are held for ${day}`)
  }
  return held
}

/** Our ids of a seller account's agreements, by reference. */
async function ownAgreements(
  deps: Deps,
  connection: Id<'conn'>,
  keys: readonly Key[],
): Promise<ReadonlyMap<string, Id<'agr'>>> {
  const refs = [...new Set(keys.map(({ agreementRef }) => agreementRef))]
  const known = refs.length === 0 ? [] : [...(await agreements.find(deps, refs)).values()]
  return new Map(
    known
      .filter((agreement) => agreement.connection === connection)
      .map(({ agreementRef, id }) => [agreementRef, id]),
  )
}

const nothing: Counted = { accepted: '0', newestAt: null, isMoving: false }

function judge(
  held: Held | null,
  ours: Counted,
  before: ReadBack | undefined,
  { asOf: now, lagMs }: Pick<Asked, 'asOf' | 'lagMs'>,
): Omit<ReadBack, keyof Span | 'agreement' | 'agreementRef' | 'dimension' | 'day'> {
  const { verdict, difference } = compareWith(held, ours, now, lagMs)
  return {
    planRef: held?.planRef ?? null,
    nativeStatus: held?.nativeStatus ?? null,
    submitted: held?.submitted ?? null,
    processed: held?.processed ?? null,
    amount: held?.amount ?? null,
    currency: held?.currency ?? null,
    isBilled: held?.isBilled ?? false,
    accepted: ours.accepted,
    difference,
    verdict,
    since: before?.verdict === verdict ? before.since : now,
    alarm: alarmAfter(verdict, before?.alarm ?? null),
    readAt: now,
  }
}

/** What was last told of trouble stays until both sides agree. */
function alarmAfter(verdict: ReadBackVerdict, before: Alarm | null): Alarm | null {
  if (verdict === 'agreed') return null
  return verdict === 'pending' ? before : verdict
}

const events: Readonly<Record<Alarm, string>> = {
  differs: 'usage.read_back_differs',
  rejected: 'usage.read_back_rejected',
  missing_there: 'usage.read_back_missing',
  unknown_here: 'usage.read_back_unknown',
}

/** Records trouble once for each change of it, and that it is over. */
async function tell(tx: Deps, row: ReadBack, before: ReadBack | undefined): Promise<void> {
  const alarm = before?.alarm ?? null
  if (row.alarm === alarm) return
  const kind = row.alarm === null ? 'usage.read_back_agreed' : events[row.alarm]
  await record(tx, kind, row.agreement ?? row.connection, {
    agreementRef: row.agreementRef,
    dimension: row.dimension,
    day: row.day,
    from: row.from,
    to: row.to,
    source: row.source,
    submitted: row.submitted,
    processed: row.processed,
    accepted: row.accepted,
    difference: row.difference,
    nativeStatus: row.nativeStatus,
  })
}
