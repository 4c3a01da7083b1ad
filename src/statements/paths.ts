import type { UsageState } from '../metering/model.ts'
import type { PartKind } from './model.ts'
import type { Window } from './sums.ts'

type Query = Readonly<Record<string, string | undefined>>

/** A path of this API that answers exactly the rows it names. */
function pathOf(resource: string, query: Query): string {
  const told = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  return `/v1/${resource}?${told.join('&')}`
}

export type Place = { readonly agreement: string; readonly dimension?: string | undefined } & Window

/** Records of the window's hours that did not come too late. */
export const recordsPath = ({ agreement, dimension, from, to }: Place, state?: UsageState['is']) =>
  pathOf('usage-records', { agreement, dimension, state, from, to, late: 'false' })

/** Records of what came too late, made in the window. */
export const latePath = ({ agreement, dimension, from, to }: Place, state?: UsageState['is']) =>
  pathOf('usage-records', {
    agreement,
    dimension,
    state,
    late: 'true',
    createdFrom: from,
    createdTo: to,
  })

export const partsPath = ({ agreement, dimension, from, to }: Place, kind?: PartKind) =>
  pathOf('usage-parts', { agreement, dimension, kind, from, to, late: 'false' })

export const latePartsPath = ({ agreement, dimension, from, to }: Place, kind?: PartKind) =>
  pathOf('usage-parts', {
    agreement,
    dimension,
    kind,
    late: 'true',
    createdFrom: from,
    createdTo: to,
  })

export const readBacksPath = (
  { agreement, dimension, from, to }: Place,
  connection: string,
  source?: 'api' | 'report',
) =>
  pathOf('usage-read-backs', {
    agreement,
    connection,
    dimension,
    source,
    from: from.slice(0, 10),
    to: to.slice(0, 10),
  })

export const ratingsPath = ({ agreement, dimension, from, to }: Place) =>
  pathOf('contract-ratings', { agreement, dimension, from, to })
export const postingsPath = ({ agreement, dimension, from, to }: Place, reason: string) =>
  pathOf('contract-postings', { agreement, dimension, reason, from, to })

export const linesPath = (query: Query) => pathOf('revenue-lines', query)
export const invoicesPath = (query: Query) => pathOf('agreement-invoices', query)
