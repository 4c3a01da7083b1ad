import { refuse } from '../refusal.ts'
import { allRows } from '../rows.ts'
import { parseDateTime, stamp } from '../stamp.ts'
import { type Call, objectAt, type Reply } from './call.ts'
import { mayRead } from './rows.ts'

const DAY_MS = 86_400_000
const SPAN_MS_MIN = 60_000

/** `GET /sobjects/T/updated?start=&end=` (REST API, sObject Get Updated): ids changed in the span, at most 30 days back. */
export function updated(call: Call): Reply {
  const object = objectAt(call, call.path[1])
  const { isInside, latestDateCovered } = span(call, 30)
  const rows = allRows(call.org, object).filter((row) => isInside(row.SystemModstamp))
  const ids = rows.filter((row) => mayRead(call, object, row)).map((row) => row.Id)
  return { status: 200, body: { ids, latestDateCovered } }
}

/** `GET /sobjects/T/deleted?start=&end=`: rows deleted in the span, at most 15 days back. */
export function deleted(call: Call): Reply {
  const object = objectAt(call, call.path[1])
  const { isInside, latestDateCovered } = span(call, 15)
  const rows = allRows(call.org, object, true).filter(
    (row) => row.IsDeleted && isInside(row.SystemModstamp) && mayRead(call, object, row),
  )
  const deletedRecords = rows.map((row) => ({ id: row.Id, deletedDate: row.SystemModstamp }))
  const earliestDateAvailable = stamp(call.org.world.clock.now() - 15 * DAY_MS)
  return { status: 200, body: { deletedRecords, earliestDateAvailable, latestDateCovered } }
}

function span(call: Call, days: number) {
  const start = instant(call, 'start')
  const end = instant(call, 'end')
  const now = call.org.world.clock.now()
  if (start < now - days * DAY_MS || start > now) {
    refuse(
      'INVALID_REPLICATION_DATE',
      'startDate before org replication enabled date or outside the allowed window',
    )
  }
  if (end - start <= SPAN_MS_MIN) {
    refuse('INVALID_REPLICATION_DATE', 'endDate must be at least one minute greater than startDate')
  }
  return {
    isInside: (at: unknown) => {
      const ms = parseDateTime(String(at)) ?? 0
      return ms >= start && ms < end
    },
    latestDateCovered: stamp(Math.min(end, now)),
  }
}

function instant(call: Call, name: string): number {
  // A plus sign left bare in a query reads as a space.
  const text = (call.query.get(name) ?? '').replace(' ', '+')
  return (
    parseDateTime(text) ??
    refuse('INVALID_REPLICATION_DATE', `${name} is not a date with a time and an offset: ${text}`)
  )
}
