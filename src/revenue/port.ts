import type { Instant } from '../kernel/time.ts'
import type { AgreementInvoice, BrokenRow, ReportedRow } from './model.ts'

/** A report file; `fingerprint` changes whenever its content does. */
export type ReportFile = {
  readonly name: string
  readonly fingerprint: string
  readonly sizeBytes: number
}

/** What `prepare` has got so far: `held` is the port's own note, kept between calls and handed to `files` and `read`. */
export type Preparation =
  | { readonly is: 'ready'; readonly held: unknown }
  | {
      readonly is: 'preparing'
      readonly held: unknown
      readonly retryAfterMs: number
      readonly detail: string
    }

/**
 * Revenue reports of one marketplace.
 *
 * - `prepare` is there where reports are made on demand: it asks for them, under a key that makes a repeat safe, and is
 *   called with its own last note (null at first) until it is ready, for at most two days. The note is JSON. A key it
 *   has seen asks for nothing again, also when the note of the last call was lost. Quotas are waited for as
 *   `preparing`; a marketplace that is busy throws `throttled` as everywhere.
 * - `files` lists every report file there is, oldest first; a listing is bounded and complete. Where two files tell
 *   the same undated line, the later goes before. `held` is null where there is no `prepare`.
 * - `read` yields a file's rows in chunks of at most 1,000, good and broken, each with its row number (the header is 1);
 *   what one row tells is in one chunk. A file without a readable header is one broken row. It never loads a
 *   whole file into one string of rows.
 * - `invoices` is there where a marketplace can be asked what it invoiced of an agreement: all of them, bounded, or those
 *   issued after a moment. It throws `not_found` for an agreement that is not the seller's.
 */
export interface RevenuePort {
  prepare?(key: string, held: unknown): Promise<Preparation>
  files(held: unknown): Promise<readonly ReportFile[]>
  read(
    file: ReportFile,
    held: unknown,
  ): AsyncIterable<{ readonly rows: readonly ReportedRow[]; readonly broken: readonly BrokenRow[] }>
  invoices?(agreementRef: string, issuedAfter: Instant | null): Promise<readonly AgreementInvoice[]>
}
