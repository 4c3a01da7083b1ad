/** A report query template of a publisher. */
export type SavedQuery = {
  readonly queryId: string
  readonly publisherId: string
  readonly name: string
  readonly description: string
  readonly query: string
  readonly user: string
  readonly createdAt: number
}

/** A report, scheduled or run once. Instants are simulated milliseconds. */
export type Report = {
  readonly reportId: string
  readonly publisherId: string
  readonly reportName: string
  readonly description: string
  readonly queryId: string
  readonly query: string
  readonly user: string
  readonly createdAt: number
  readonly modifiedAt: number | null
  readonly startAt: number
  readonly status: 'Active' | 'Paused' | 'Inactive'
  readonly executeNow: boolean
  /** Hours; null for a report that runs once. */
  readonly recurrenceInterval: number | null
  /** Runs still to come; null is without end. */
  readonly recurrenceCount: number | null
  readonly runsLeft: number | null
  readonly callbackUrl: string | null
  readonly callbackMethod: 'GET' | 'POST'
  readonly format: 'csv' | 'tsv'
  readonly period: { readonly from: number; readonly until: number } | null
}

export type Execution = {
  readonly executionId: string
  readonly reportId: string
  readonly startedAt: number
  readonly status: 'Pending' | 'Running' | 'Paused' | 'Completed'
  /** Name of the finished file. */
  readonly file: string | null
  readonly generatedAt: number | null
}

/** A file at an address that needs no bearer token, until it expires. */
export type StoredFile = {
  readonly id: string
  readonly signature: string
  readonly content: string
  readonly format: 'csv' | 'tsv'
  readonly expiresAt: number
}
