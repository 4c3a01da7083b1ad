import type { CrmKind, CrmRow } from '../../src/crm/model.ts'
import { round } from '../../src/kernel/decimal.ts'
import type { Instant } from '../../src/kernel/time.ts'
import {
  type Column,
  currencyField,
  type Lookup,
  type Mapping,
  mappings,
  writtenAt,
} from './mapping.ts'

declare global {
  interface JSON {
    /** ECMAScript "JSON.parse source text access": a value that is written exactly as this JSON text. */
    rawJSON(text: string): object
  }
}

/** What the org is like, as far as it decides how a row is written. */
export type OrgShape = {
  /** The object has CurrencyIsoCode: several currencies are switched on. */
  readonly manyCurrencies: boolean
  /** The org's only currency, when it was told. */
  readonly currency: string | undefined
}

type Value = string | object | null
export type SalesforceRecord = Readonly<Record<string, Value>>

/** Ours as one record of a collection request. Amounts leave as JSON numbers with exactly our digits. */
export function recordOf(row: CrmRow, org: OrgShape, now: Instant): SalesforceRecord {
  const mapping = mappings[row.kind] as Mapping
  const own = mapping.key !== 'Id'
  const fields: Record<string, string | null> = row.fields
  const currency = fields.currency ?? null
  const fits = inFieldsCurrency(currency, org, own)
  const columns = mapping.columns as Record<string, Column | readonly Column[] | null>
  const written = Object.entries(columns).flatMap(([name, column]) =>
    [column ?? []].flat().map((c) => [c.field, write(c, fields[name] ?? null, fits)] as const),
  )
  return {
    attributes: { type: mapping.object },
    [own ? mapping.key : 'id']: row.key,
    ...Object.fromEntries(written),
    ...linksOf(mapping, row.links),
    ...(own && { [writtenAt]: now }),
    ...(own && org.manyCurrencies && currency !== null && { [currencyField]: currency }),
  }
}

/** An amount may only stand in a Currency field that is in its currency; an Opportunity's own is not ours to change. */
const inFieldsCurrency = (currency: string | null, org: OrgShape, own: boolean): boolean =>
  org.manyCurrencies ? own : currency !== null && currency === org.currency

const urlMax = 255
const amountScale = 2

function write(column: Column, value: string | null, fits: boolean): Value {
  if (value === null) return null
  switch (column.as) {
    case 'text':
      return column.long === 'cut' ? cut(value, column.max) : value
    case 'lines':
      return wholeLines(value, column.max)
    case 'url':
      // A Url field has 255 characters, and half an address leads nowhere.
      return value.length > urlMax ? null : value
    case 'choice':
      return column.values[value] ?? (column.open ? value : null)
    case 'amount':
      return fits ? number(value, amountScale) : null
    case 'number':
    case 'percent':
      return number(value, column.scale)
    default:
      return value
  }
}

/**
 * A number with the digits of its text. A JSON number is what the REST API documents for Currency, Number and
 * Percent; a JS number on the way there would lose digits from 2^53 on.
 */
const number = (value: string, scale: number): object => JSON.rawJSON(round(value, scale))

const cut = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`

const wholeLines = (text: string, max: number): string =>
  text.length <= max ? text : text.slice(0, text.lastIndexOf('\n', max))

/** Salesforce's own records by id; ours by external id, so that a parent need not be looked up (REST API, upsert). */
function linksOf(
  mapping: Mapping,
  links: Readonly<Record<string, string | null>>,
): SalesforceRecord {
  const lookups = mapping.links as Record<string, Lookup>
  const written: Record<string, Value> = {}
  for (const [name, target] of Object.entries(links)) {
    const lookup = lookups[name]
    if (!lookup) continue
    const theirs = lookup.to === 'Account' || lookup.to === 'Opportunity'
    if (target === null || theirs) written[lookup.field] = target
    else {
      const { key } = mappings[lookup.to as CrmKind]
      written[lookup.field.replace(/__c$/, '__r')] = { [key]: target }
    }
  }
  return written
}
