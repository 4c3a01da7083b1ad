import { type Exact, exact, sum, text, unit } from './exact.ts'
import type { Rules } from './places.ts'
import type { PlannedEvent } from './plan-events.ts'

const hourMs = 3_600_000
/** How long the service waits for an hour's events after its end. */
const graceMs = 5 * 60_000
/** Clocks of processes follow each other; a little. */
const marginMs = 60_000

/** What became of one series of events, told by the proof, by the cloud and by the service. Times in milliseconds. */
export type Case = {
  readonly name: string
  readonly rules: Rules
  readonly dimension: string
  /** Each with when it happened and when the service had said for sure that it keeps it. */
  readonly events: readonly (Pick<PlannedEvent, 'quantity' | 'reverses'> & {
    readonly at: number
    readonly acceptedAt: number
  })[]
  /** When its buyer cancelled; null: never. */
  readonly cancelledAt: number | null
  /** Moments at which nothing was left that was due. */
  readonly settledAt: readonly number[]
  /** What the cloud holds, by hour. */
  readonly held: ReadonlyMap<string, string>
  /** What the cloud says was against its rules. */
  readonly violations: readonly string[]
  /** What the service says: its row of the report, and its records. */
  readonly row: Readonly<Record<string, any>> | undefined
  readonly records: readonly any[]
}

/** Everything that does not add up, in words; empty when all does. */
export function differences(one: Case): string[] {
  const truth = sum(one.events.map(signed))
  if (one.row === undefined)
    return one.events.length === 0 ? [] : [`${one.name}: the report has no row for it`]
  const { row } = one
  const told = (column: string): Exact => exact(row[column] ?? '0')
  const held = sum([...one.held.values()].map(exact))
  const found: string[] = []
  const claim = (holds: boolean, what: string) => void (holds || found.push(`${one.name}: ${what}`))
  claim(row.holds === true, 'the service’s own invariant does not hold')
  for (const column of ['events', 'records'])
    claim(told(column) === truth, `${column} are ${row[column]}, true is ${text(truth)}`)
  claim(
    told('accepted') === held,
    `it counts ${row.accepted} accepted, the cloud holds ${text(held)}`,
  )
  claim(told('due') === 0n, `${row.due} is still due: ${unsettled(one)}`)
  const rest = truth - told('included') - told('lost') - told('refused') - told('rated')
  const carried = told('carried')
  claim(
    held + carried === rest,
    `held ${text(held)} and carried ${text(carried)} are not ${text(rest)}`,
  )
  claim(carried < unit && (one.rules.isWhole || carried <= 0n), `${text(carried)} is carried`)
  if (!hasReversals(one)) {
    claim(carried >= 0n, `${text(carried)} is carried`)
    claim(
      held === (one.rules.isWhole ? floor(rest) : rest),
      `the cloud holds ${text(held)} of ${text(rest)}`,
    )
  }
  for (const violation of one.violations) found.push(`${one.name}: ${violation}`)
  return [...found, ...hours(one), ...losses(one), ...includedUnits(one, told('included'))]
}

const signed = ({ quantity, reverses }: Case['events'][number]): Exact =>
  reverses === null ? exact(quantity) : -exact(quantity)
/** Records that did not come to rest, in words. */
const unsettled = ({ records }: Case): string =>
  records
    .filter(({ state }) => ['open', 'due', 'held', 'sending'].includes(state.is))
    .map(
      ({ hour, state, dueAt, deadline }) => `${hour} ${JSON.stringify(state)} ${dueAt} ${deadline}`,
    )
    .join(', ')
const floor = (value: Exact): Exact =>
  value >= 0n ? (value / unit) * unit : -((-value + unit - 1n) / unit) * unit
const hasReversals = ({ events }: Case) => events.some(({ reverses }) => reverses !== null)

/** Each hour that the cloud holds is one accepted record of that quantity, and the other way round. */
function hours({ name, held, records, dimension }: Case): string[] {
  const accepted = records.filter(({ state }) => state.is === 'accepted')
  const ours = new Map<string, string>()
  const found: string[] = []
  for (const { hour, sent } of accepted) {
    const key = `${dimension} ${hour.slice(0, 13)}`
    if (ours.has(key)) found.push(`${name}: two records of ${key} were accepted`)
    ours.set(key, sent)
  }
  const keys = [...new Set([...ours.keys(), ...held.keys()])]
  const wrong = keys.filter((key) => exact(ours.get(key) ?? '0') !== exact(held.get(key) ?? '0'))
  return [
    ...found,
    ...wrong.map(
      (key) => `${name}: ${key} is held as ${held.get(key)}, accepted as ${ours.get(key)}`,
    ),
  ]
}

/** Whatever is lost, or refused by the cloud, says how much and why, and could not have been saved. */
function losses(one: Case): string[] {
  const lost = one.records.filter(({ state }) => state.is === 'lost')
  const refused = one.records.filter(({ state }) => state.is === 'refused')
  const found = lost
    .filter(({ state }) => !state.reason || state.quantity === undefined || state.value === null)
    .map(({ id }) => `${one.name}: the loss of ${id} is not named`)
  const quantity = sum([
    ...lost.map(({ state }) => exact(state.quantity)),
    ...refused.map(({ sent }) => exact(sent)),
  ])
  const isOver = one.cancelledAt !== null
  const excused = sum(
    one.events.filter((event) => mayBeLost(one, event)).map(({ quantity }) => exact(quantity)),
  )
  const most = excused + (isOver ? unit : 0n)
  if (quantity > most)
    found.push(
      `${one.name}: ${text(quantity)} is lost, at most ${text(most)} had to be: ${named([...lost, ...refused])}`,
    )
  return found
}

const named = (records: readonly any[]): string =>
  records
    .map(
      ({ hour, kind, quantity, state }) =>
        `${hour} ${kind} ${quantity} ${state.is} ${state.reason}`,
    )
    .join('; ')

/** Whether the service could not have got it there: it came too late, or time jumped before it was due and settled. */
export function mayBeLost(
  { rules, cancelledAt, settledAt }: Pick<Case, 'rules' | 'cancelledAt' | 'settledAt'>,
  { at, acceptedAt }: Pick<Case['events'][number], 'at' | 'acceptedAt'>,
): boolean {
  if (cancelledAt !== null && Math.max(at, acceptedAt) >= cancelledAt - marginMs) return true
  const own = startOf(at)
  if (acceptedAt >= deadlineOf(rules, own) - marginMs) return true
  const reportable = [own, startOf(acceptedAt)]
  return reportable.some((hour) => {
    const due = Math.max(acceptedAt, hour + hourMs + graceMs)
    const deadline = deadlineOf(rules, hour)
    const wasSettled = (from: number, until: number) =>
      settledAt.some((moment) => moment > from && moment < until)
    if (cancelledAt === null) return !wasSettled(due, deadline)
    const flushed = Math.min(deadline, cancelledAt + rules.flushMinutes * 60_000)
    return !wasSettled(due, flushed) && !wasSettled(Math.max(acceptedAt, cancelledAt), flushed)
  })
}

const startOf = (at: number): number => Math.floor(at / hourMs) * hourMs

/** Until when a cloud takes the hour that begins then. */
export function deadlineOf({ lateHours, monthClose }: Rules, hour: number): number {
  const late = hour + hourMs + lateHours * hourMs
  if (monthClose === null) return late
  return Math.min(late, monthStart(hour, monthClose.zone) + monthClose.hour * hourMs)
}

/** The first moment of the month after this one, in that zone. */
function monthStart(at: number, zone: string): number {
  const monthAt = (moment: number) =>
    new Date(moment).toLocaleDateString('en-CA', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
    })
  const month = monthAt(at)
  let hour = startOf(at)
  while (monthAt(hour) === month) hour += 24 * hourMs
  while (monthAt(hour - hourMs) !== month) hour -= hourMs
  return hour
}

/** All that the price includes is used up first, whatever order events came in. */
function includedUnits(one: Case, told: Exact): string[] {
  const limit = exact(one.rules.included[one.dimension] ?? '0')
  if (hasReversals(one))
    return told >= 0n && told <= limit
      ? []
      : [`${one.name}: ${text(told)} of ${text(limit)} included`]
  const over = (events: Case['events']) => {
    const all = sum(events.map(signed))
    return all < limit ? all : limit
  }
  const end = one.cancelledAt
  const surely =
    end === null
      ? one.events
      : one.events.filter(({ at, acceptedAt }) => Math.max(at, acceptedAt) < end - marginMs)
  const perhaps =
    end === null ? one.events : one.events.filter(({ at }) => startOf(at) <= end + marginMs)
  const [least, most] = [over(surely), over(perhaps)]
  return told >= least && told <= most
    ? []
    : [`${one.name}: ${text(told)} is included, it should be ${text(least)} to ${text(most)}`]
}
