import type { BrokenRow, ReportedRow } from './model.ts'

/** A report file; `fingerprint` changes whenever its content does. */
export type ReportFile = {
  readonly name: string
  readonly fingerprint: string
  readonly sizeBytes: number
}

/**
 * Revenue reports of one marketplace.
 *
 * - `files` lists every report file there is, oldest first; a listing is bounded and complete.
 * - `read` yields a file's rows in chunks of at most 1,000, good and broken, each with its row number (the header is 1).
 *   A file without a readable header is one broken row. It never loads a whole file into one string of rows.
 */
export interface RevenuePort {
  files(): Promise<readonly ReportFile[]>
  read(
    file: ReportFile,
  ): AsyncIterable<{ readonly rows: readonly ReportedRow[]; readonly broken: readonly BrokenRow[] }>
}
