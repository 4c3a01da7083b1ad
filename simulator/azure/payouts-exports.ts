import { catalogTimers } from './catalog-timers.ts'
import { separated } from './insights-csv.ts'
import { storeFile } from './insights-files.ts'
import type { Publisher } from './parties.ts'
import { readFilter } from './payouts-filter.ts'
import { columnsOf, type ExportKind, historyRows, paymentRows } from './payouts-rows.ts'
import type { AzureState } from './state.ts'
import { dayOf } from './time.ts'

/** A queued export of earnings or payments. */
export type Export = {
  readonly id: string
  readonly publisherId: string
  readonly kind: ExportKind
  readonly filter: string
  readonly format: 'csv' | 'tsv'
  readonly requestedAt: number
  readonly status: 'Queued' | 'Processing' | 'Completed' | 'Failed'
  readonly file: string | null
}

export function exports(state: AzureState) {
  return state.world.table<Export>('azure.payoutExports')
}

/** Queues an export; its file is made later, of what holds then. */
export function queueExport(
  state: AzureState,
  publisher: Publisher,
  asked: Pick<Export, 'kind' | 'filter' | 'format'>,
): Export {
  const id = state.ids.guid()
  const due = state.now() + state.settings().payouts.startMs
  catalogTimers(state).set('export.run', due, { id })
  return exports(state).put(id, {
    ...asked,
    id,
    publisherId: publisher.id,
    requestedAt: state.now(),
    status: 'Queued',
    file: null,
  })
}

/** Timer: an export is being worked on. */
export function runExport(state: AzureState, { id }: { id: string }, at: number): undefined {
  const one = exports(state).get(id)
  if (one?.status !== 'Queued') return
  exports(state).put(id, { ...one, status: 'Processing' })
  catalogTimers(state).set('export.finish', at + state.settings().payouts.finishMs, { id })
}

/** Timer: an export's file is there. */
export function finishExport(state: AzureState, { id }: { id: string }, at: number): undefined {
  const one = exports(state).get(id)
  const publisher = one && state.publishers.get(one.publisherId)
  if (one?.status !== 'Processing' || !publisher) return
  const filter = readFilter(one.kind, one.filter, dayOf(at))
  if (!filter) {
    exports(state).put(id, { ...one, status: 'Failed' })
    return
  }
  const rows =
    one.kind === 'payments' ? paymentRows(state, publisher) : historyRows(state, publisher)
  const columns = columnsOf(state, one.kind)
  const table = [
    columns,
    ...rows.filter(filter).map((row) => columns.map((name) => row[name] ?? '')),
  ]
  const { linkLifeMs } = state.settings().payouts
  const file = storeFile(state, separated(table, one.format), one.format, linkLifeMs)
  exports(state).put(id, { ...one, status: 'Completed', file: file.id })
}
