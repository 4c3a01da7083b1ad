/** Switches of Service Control. README.md says what each rests on. */
export const serviceControlDefaults = {
  serviceControl: {
    /** Whether a repeated operation id of one consumer counts once. */
    dedupe: 'operationId' as 'operationId' | 'none',
    /** What usage that comes too late gets: nothing, a warning in the ledger, or a report error. */
    late: 'warn' as 'ignore' | 'warn' | 'reject',
    lateHours: 1,
    /** How far ahead of the clock an end time may lie. */
    futureToleranceMs: 60_000,
    /** A metric sent as the other number type: a report error, or taken. */
    wrongType: 'reject' as 'reject' | 'accept',
    /** Code of `reportErrors` for usage after a cancellation or of a consumer that may not be served. */
    inactiveCode: 7,
    /** Check errors to answer by consumer id: `{"project_number:1": "BILLING_STATUS_UNAVAILABLE"}`. */
    checkErrors: {} as Record<string, string>,
    /** Report errors to answer by consumer id, with the number of a google.rpc.Code. */
    reportErrors: {} as Record<string, number>,
  },
}
