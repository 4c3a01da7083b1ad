import { badRequest } from '../refusal.ts'

const PREDICATES_MAX = 20
const PREDICATE = /^(\w+)\s*(<=|>=|!=|=|<|>)\s*"?([^"\s]+)"?$/

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
}

/**
 * The items a filter over instants matches: `update_time > "2026-01-01T00:00:00Z" AND …` with the fields the
 * list knows (AIP-160). A time that is not set matches nothing but `!=`.
 */
export function filtered<T>(
  items: readonly T[],
  filter: string,
  times: Readonly<Record<string, (item: T) => number | null>>,
): T[] {
  if (filter.trim() === '') return [...items]
  const predicates = filter.split(/\s+AND\s+/).slice(0, PREDICATES_MAX)
  const tests = predicates.map((one) => predicate(one.trim(), times))
  return items.filter((item) => tests.every((test) => test(item)))
}

/** The items in the order asked for, as `update_time desc`; without one, as they are. */
export function ordered<T>(
  items: readonly T[],
  orderBy: string,
  times: Readonly<Record<string, (item: T) => number | null>>,
): T[] {
  if (orderBy.trim() === '') return [...items]
  const [, name = '', direction = ''] = /^\s*(\w+)(?:\s+(asc|desc))?\s*$/.exec(orderBy) ?? []
  const read = times[name]
  if (!read) {
    throw badRequest([{ field: 'order_by', description: `Cannot order by '${orderBy}'.` }])
  }
  const sign = direction === 'desc' ? -1 : 1
  return [...items].sort((a, b) => sign * ((read(a) ?? 0) - (read(b) ?? 0)))
}

function predicate<T>(
  text: string,
  times: Readonly<Record<string, (item: T) => number | null>>,
): (item: T) => boolean {
  const [, name = '', operator = '', value = ''] = PREDICATE.exec(text) ?? []
  const read = times[name]
  const compare = COMPARE[operator]
  const moment = Date.parse(value)
  if (!read || !compare || Number.isNaN(moment)) {
    throw badRequest([{ field: 'filter', description: `Invalid filter '${text}'.` }])
  }
  return (item) => {
    const time = read(item)
    return time === null ? operator === '!=' : compare(time, moment)
  }
}
