/** Switches of the seller's reports. README.md says what each rests on. */
export const reportDefaults = {
  reports: {
    /** Whether closed months are reported by themselves, on their business day. */
    auto: true,
    businessDay: 10,
    /** A folder that receives a copy of every file; none when empty. */
    folder: '',
    /** What the tables look like: as sampled, with a column nobody knows, in another order, respelled, or with one less. */
    columns: 'usual' as 'usual' | 'extra' | 'reordered' | 'renamed' | 'dropped',
    /** The column that is respelled or left out. */
    column: 'Due Vendor',
    /** Charges and usage: by account too, and by location too. */
    breakdown: 'account' as 'resource' | 'account' | 'location',
    /** Which account id detailed disbursements carry: an obfuscated one, or the procurement account. */
    accountIds: 'obfuscated' as 'obfuscated' | 'procurement',
    /** Billing accounts whose payments Google withholds from the vendor. */
    withheld: [] as string[],
    /** What becomes of what was withheld for them: it stays, is released or abandoned in the month's reports. */
    withheldThen: {} as Record<string, 'released' | 'abandoned'>,
    /** How the row of abandoned payouts is signed. */
    abandonedSign: 'negative' as 'negative' | 'positive',
    /** Detailed disbursements: with columns of amounts and status, whose names are unconfirmed, or without. */
    detailed: 'amounts' as 'amounts' | 'confirmed',
    paymentType: 'new' as 'new' | 'old',
  },
}
