import type { CrmFields, CrmKind, CrmLinks } from '../../src/crm/model.ts'

/** How a value of ours is written into one Salesforce field. */
export type Column = { readonly field: string } & (
  | { readonly as: 'text'; readonly max: number; readonly long?: 'cut' | 'refused' }
  | { readonly as: 'lines'; readonly max: number }
  | { readonly as: 'url' | 'day' | 'instant' }
  /** Currency(18,2): only when the row's currency is the one the field is in. */
  | { readonly as: 'amount' }
  | { readonly as: 'number' | 'percent'; readonly precision: number; readonly scale: number }
  | {
      readonly as: 'choice'
      readonly values: Readonly<Record<string, string>>
      readonly open?: boolean
    }
)

/** A lookup: to a record by its own Salesforce id, or to one of ours by external id through its relationship. */
export type Lookup = { readonly field: string; readonly to: CrmKind | 'Account' | 'Opportunity' }

export type Mapping<Kind extends CrmKind = CrmKind> = {
  readonly object: string
  /** `Id`: the object is Salesforce's own and is updated, never made. */
  readonly key: 'Marketplace_Key__c' | 'Id'
  readonly columns: {
    readonly [Name in keyof CrmFields[Kind]]: Column | readonly Column[] | null
  }
  readonly links: { readonly [Name in keyof Required<CrmLinks[Kind]>]: Lookup }
}

/** When we last wrote the row; on every object of ours. */
export const writtenAt = 'Last_Synced_At__c'
/** ISO code of the row's amounts in an org with several currencies; Salesforce's own field. */
export const currencyField = 'CurrencyIsoCode'

const cloud: Column = {
  field: 'Cloud__c',
  as: 'choice',
  values: { aws: 'AWS', azure: 'Microsoft', gcp: 'Google' },
  open: true,
}
const text = (field: string, max: number): Column => ({ field, as: 'text', max, long: 'cut' })
/** An identifier: cut short it would be another, so Salesforce may refuse the row. */
const reference = (field: string, max = 120): Column => ({ field, as: 'text', max })
const amount = (field: string): Column => ({ field, as: 'amount' })
const day = (field: string): Column => ({ field, as: 'day' })
const instant = (field: string): Column => ({ field, as: 'instant' })
/** The same amount whatever the org's currency, with room for every ISO exponent. */
const sourceAmount: Column = {
  field: 'Source_Amount__c',
  as: 'number',
  precision: 18,
  scale: 4,
}
const sourceCurrency = reference('Source_Currency__c', 3)
const changedAt = instant('Source_Modified_At__c')
const account: Lookup = { field: 'Account__c', to: 'Account' }
const opportunity: Lookup = { field: 'Opportunity__c', to: 'Opportunity' }

const offerStatus = {
  draft: 'Draft',
  awaiting_approval: 'Draft',
  approved: 'Draft',
  submitting: 'Publishing',
  publishing: 'Publishing',
  handed_off: 'Publishing',
  live: 'Pending Acceptance',
  withdrawing: 'Pending Acceptance',
  extending: 'Pending Acceptance',
  accepted: 'Accepted',
  expired: 'Expired',
  withdrawn: 'Withdrawn',
  refused: 'Failed',
} as const satisfies Record<CrmFields['offer']['status'], string>

const agreementStatus = {
  pending: 'Pending',
  active: 'Active',
  suspended: 'Suspended',
  cancelling: 'Cancelling',
  cancelled: 'Cancelled',
  expired: 'Expired',
  replaced: 'Replaced',
  renewed: 'Renewed',
  terminated: 'Terminated',
  unknown: 'Unknown',
} as const satisfies Record<CrmFields['agreement']['status'], string>

const offer: Mapping<'offer'> = {
  object: 'Marketplace_Offer__c',
  key: 'Marketplace_Key__c',
  columns: {
    provider: cloud,
    name: text('Offer_Name__c', 255),
    offerRef: reference('Offer_Id__c'),
    listingRef: reference('Product_Id__c'),
    listingName: text('Product_Name__c', 255),
    status: { field: 'Status__c', as: 'choice', values: offerStatus },
    nativeStatus: text('Native_Status__c', 255),
    buyUrl: { field: 'Offer_URL__c', as: 'url' },
    type: { field: 'Offer_Type__c', as: 'choice', values: { new: 'New', renewal: 'Renewal' } },
    acceptBy: day('Accept_By__c'),
    startsOn: day('Starts_On__c'),
    endsOn: day('Ends_On__c'),
    termMonths: { field: 'Term_Months__c', as: 'number', precision: 4, scale: 0 },
    currency: sourceCurrency,
    value: [amount('Total_Contract_Value__c'), sourceAmount],
    feePercent: { field: 'Listing_Fee_Percent__c', as: 'percent', precision: 7, scale: 4 },
    netValue: amount('Net_Value__c'),
    buyerRefs: { field: 'Buyer_Account_Ids__c', as: 'lines', max: 4096 },
    payments: {
      field: 'Payment_Schedule__c',
      as: 'choice',
      values: { upfront: 'Upfront', schedule: 'Custom', usage: 'Usage' },
    },
    changedAt,
  },
  links: { account, opportunity },
}

const agreement: Mapping<'agreement'> = {
  object: 'Marketplace_Agreement__c',
  key: 'Marketplace_Key__c',
  columns: {
    provider: cloud,
    agreementRef: reference('Agreement_Id__c'),
    buyerRef: reference('Buyer_Account_Id__c'),
    status: { field: 'Status__c', as: 'choice', values: agreementStatus },
    nativeStatus: text('Native_Status__c', 80),
    acceptedAt: instant('Accepted_At__c'),
    startsAt: instant('Starts_At__c'),
    endsAt: instant('Ends_At__c'),
    currency: sourceCurrency,
    value: [amount('Contract_Value__c'), sourceAmount],
    drawn: amount('Drawn_To_Date__c'),
    // A formula there, so that reports can sum and filter it.
    remaining: null,
    drawnAsOf: instant('Drawdown_As_Of__c'),
    changedAt,
  },
  links: { account, opportunity, offer: { field: 'Offer__c', to: 'offer' } },
}

const commitment: Mapping<'commitment'> = {
  object: 'Marketplace_Commitment__c',
  key: 'Marketplace_Key__c',
  columns: {
    provider: cloud,
    instrument: text('Program__c', 80),
    currency: sourceCurrency,
    committed: [amount('Committed_Amount__c'), sourceAmount],
    startsOn: day('Starts_On__c'),
    endsOn: day('Ends_On__c'),
    drawnThroughUs: amount('Drawn_Through_Us__c'),
    drawn: amount('Drawn_To_Date__c'),
    remaining: amount('Remaining__c'),
    headroomAtMost: amount('Headroom_At_Most__c'),
    flags: text('Flags__c', 255),
    asOf: day('Drawdown_As_Of__c'),
    confidence: {
      field: 'Confidence__c',
      as: 'choice',
      values: { high: 'High', medium: 'Medium', low: 'Low' },
    },
    changedAt,
  },
  links: { account },
}

const onOpportunity: Mapping<'opportunity'> = {
  object: 'Opportunity',
  key: 'Id',
  columns: {
    status: { field: 'Marketplace_Offer_Status__c', as: 'choice', values: offerStatus, open: true },
    buyUrl: { field: 'Marketplace_Offer_URL__c', as: 'url' },
    acceptBy: day('Marketplace_Offer_Expires__c'),
    currency: null,
    netValue: amount('Marketplace_Net_Amount__c'),
  },
  links: { offer: { field: 'Marketplace_Primary_Offer__c', to: 'offer' } },
}

/** Our records in Salesforce: which object, which field takes which value. The package in this folder defines them. */
export const mappings: { readonly [Kind in CrmKind]: Mapping<Kind> } = {
  offer,
  agreement,
  commitment,
  opportunity: onOpportunity,
}

/** Every field we write on an object, lookups included. */
export const fieldsOf = (mapping: Mapping): string[] => [
  ...(mapping.key === 'Id' ? [] : [mapping.key, writtenAt]),
  ...Object.values(mapping.columns as Record<string, Column | readonly Column[] | null>)
    .flatMap((column) => column ?? [])
    .map(({ field }) => field),
  ...Object.values(mapping.links as Record<string, Lookup>).map(({ field }) => field),
]
