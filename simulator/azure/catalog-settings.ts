/** Switches and delays of ingestion, analytics, payouts and billing, with their defaults. */
export const catalogDefaults = {
  ingestion: {},
  analytics: {},
  payouts: {},
  billing: {},
}
