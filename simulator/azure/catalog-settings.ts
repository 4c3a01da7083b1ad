const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Switches and delays of ingestion, analytics, payouts and billing, with their defaults. */
export const catalogDefaults = {
  ingestion: {
    /** Where schema documents live; `$schema` of another host is refused. */
    schemaHost: 'https://schema.mp.microsoft.com/schema',
    jobStartMs: 20_000,
    /** How long a job with private offers takes, drawn between these two. */
    offerJobMinMs: 90_000,
    offerJobMaxMs: 4 * MINUTE_MS,
    /** A job that only changes drafts of products and plans. */
    draftJobMs: 15_000,
    previewJobMs: HOUR_MS,
    /** Certification stands before live. */
    liveJobMs: 48 * HOUR_MS,
    /** Jobs started while this holds stay `running` for ever. */
    neverFinish: false,
    /** Until when after its start a job can be cancelled; the documents only show the refusal. */
    cancelWithinMs: MINUTE_MS,
    /** Status of the answer to POST configure; the documents show only the body. */
    configureStatus: '202' as '202' | '200',
    /** What polling a job more than once a minute does. */
    pollTooOften: 'count' as 'count' | 'refuse',
    pollEveryMs: MINUTE_MS,
    /** How private-offer/query answers; unconfirmed. */
    queryEnvelope: 'value' as 'value' | 'bare',
    pageSize: 100,
    /** Whether lists begin with a page that holds nothing and a link, as token-paged services may. */
    emptyFirstPage: false,
    /** What the tree of a target that was never published answers; not documented. */
    unpublishedTree: '404' as '404' | 'empty',
    /** Whether an outdated `eTag` fails the job. */
    checkETag: true,
    /** Whether the preview-era answers spell `jobID`. */
    previewJobIdSpelling: false,
    installmentsMax: 70,
    pricingItemsMax: 10,
  },
  analytics: {
    /** `Value`, `TotalCount` … everywhere, nowhere, or as the samples have it: in answers about reports. */
    envelope: 'mixed' as 'lower' | 'upper' | 'mixed',
    executionStartMs: 2 * MINUTE_MS,
    executionMs: 5 * MINUTE_MS,
    /** How long a finished file can be downloaded. */
    linkLifeMs: 24 * HOUR_MS,
    /** Rows younger than this are not in any dataset yet. */
    refreshMs: 0,
    executeNowMax: 5,
    reportsMax: 50,
    queriesMax: 100,
    /** Blanks customers' names and addresses in revenue rows, as happens for privacy and CSP. */
    blankCustomers: false,
    /** Whose currency EarningCurrencyCode is: "the customer currency used for a transaction", whatever its name says. */
    earningCurrency: 'customer' as 'customer' | 'payout',
    /** Whether PrivateOfferId carries the `private-offer/` prefix; unconfirmed. */
    privateOfferPrefix: false,
  },
  payouts: {
    startMs: MINUTE_MS,
    finishMs: 10 * MINUTE_MS,
    linkLifeMs: 24 * HOUR_MS,
    /** Adds the column the dashboard's document names as join key and the column table lacks. */
    customerIdColumn: true,
    withholdingRate: '0',
    serviceFeeTaxRate: '0',
    minimumUsd: '50',
  },
  billing: {
    agencyFeePercent: '3',
    /** Fee of offers attested as renewals, for the whole term. */
    renewalFeePercent: '1.5',
    /** Day of the next month on which usage is final and invoiced. */
    usageFinalDay: 4,
    /** Months after the month of the charge in which the seller is paid. */
    payoutMonthsEnterprise: 2,
    payoutMonthsEnterpriseOrders: 1,
    payoutMonthsCustomerAgreement: 3,
    payoutDay: 15,
    /** How long before its payment an earning becomes Upcoming. */
    upcomingDays: 14,
    /** Months after an invoice until an unpaid enterprise invoice is taken back. */
    clawbackMonths: 4,
    /** Units of a currency one US dollar buys. */
    ratesPerUsd: { USD: '1', EUR: '0.92', GBP: '0.79', CAD: '1.36', JPY: '151.5' } as Record<
      string,
      string
    >,
    /** How far rates swing from month to month, in thousandths; 0 keeps them still. */
    rateSwingPermille: 3,
    /** Tax Microsoft collects and remits, by country of the customer, percent. */
    taxPercent: { US: '8', CA: '5' } as Record<string, string>,
    /** Days after an invoice the buyer pays by himself; null waits for the control endpoint. */
    payAfterDays: 30 as number | null,
    /** Cancelled within this long of its purchase, the flat fee is not billed. */
    freeCancellationMs: 72 * HOUR_MS,
  },
}
