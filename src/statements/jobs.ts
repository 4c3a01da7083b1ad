import { dayMs, hourMs } from '../kernel/time.ts'
import type { SyncDefinition } from '../sync.ts'
import { readNext as readInvoices } from './invoices.ts'
import { readNext as readReports } from './told.ts'

/** What reports tell of usage is compared a while after they were read; invoices are asked for once a day. */
export const syncs: readonly SyncDefinition[] = [
  { name: 'usage-reports', port: 'revenue', everyMs: 6 * hourMs, run: readReports },
  { name: 'usage-invoices', port: 'revenue', everyMs: dayMs, run: readInvoices },
]
