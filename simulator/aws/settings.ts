import type { World } from '../world.ts'

const HOUR_MS = 3_600_000

/** Every switch and delay of the simulated AWS, with its default. README.md says what each rests on. */
export const defaults = {
  timers: {
    preparingMs: 2_000,
    applyingMs: 3_000,
    /** How long AWS reviews a product that asks to become public. */
    reviewMs: 24 * HOUR_MS,
    createdEventMs: 11_000,
    licenseMs: 61_000,
    deprovisionMs: 31_000,
    finalWindowMs: HOUR_MS,
    registrationTokenMs: 4 * HOUR_MS,
  },
  quotas: {
    enforced: true,
    /** How many seconds' worth of calls may come at once. */
    burstSeconds: 1,
    openChangeSetsMax: 250,
    offersInWorkMax: 20,
  },
  catalog: {
    /** Accounts AWS does not accept as buyers. */
    ineligibleAccounts: ['000000000000'],
    /** Answers the first page of ListEntities and SearchAgreements empty, with a token. */
    emptyFirstPage: false,
    sellerCurrencies: ['USD', 'AUD', 'EUR', 'GBP', 'JPY'],
    sellerVerified: true,
    newestStandardEula: '2022-07-14',
    /** `s3`: AWS reads EULAs from S3 only; `any`: from any address. */
    legalDocumentHosts: 's3' as 's3' | 'any',
    agreementMonthsMax: 60,
    /** How long a ClientRequestToken is remembered. */
    tokenLifeDays: 3650,
    startWithinYears: 3,
  },
  agreement: {
    /** Older documents restrict the filters a proposer may combine; newer ones do not. */
    strictProposerFilters: false,
    /** Whether GetAgreementEntitlements answers proposers; AWS's documents do not say. */
    entitlementsForProposers: true,
  },
  metering: {
    duplicateSameQuantity: 'Success' as 'Success' | 'DuplicateRecord',
    mixedOnConcurrent: 'reject' as 'reject' | 'doubleCount' | 'accept',
    mixedOnLegacy: 'doubleCount' as 'reject' | 'doubleCount' | 'accept',
    /** What happens to usage of a dimension the agreement has no price for. */
    unpricedDimension: 'refuse' as 'refuse' | 'accept',
    lateWindowHours: 24,
    futureToleranceMs: 0,
    /** Chance that a record comes back unprocessed. */
    unprocessedRate: 0,
    shuffleResults: true,
    disabled: false,
  },
  events: {
    duplicateRate: 0.1,
    disorderRate: 0.1,
    disorderMs: 90_000,
    dropRate: 0,
    /** `documented`: 401, 407, 409, 429 and 5xx are sent again; `any`: every answer but 2xx is. */
    retry: 'documented' as 'documented' | 'any',
    attemptsMax: 185,
    retryForMs: 24 * HOUR_MS,
  },
  billing: {
    /** Listing fee of private offers by total contract value; the whole amount takes the tier's rate. */
    feeTiers: [
      { from: '0', rate: '0.03' },
      { from: '1000000', rate: '0.02' },
      { from: '10000000', rate: '0.015' },
    ],
    publicFeeRate: '0.03',
    renewalFeeRate: '0.015',
    /** Tax AWS collects and remits itself; null writes no tax rows. */
    taxRate: '0.08' as string | null,
    dueDays: 30,
    /** How long after an invoice the buyer pays by himself; null waits for `POST /aws/buyer/pay`. */
    payAfterDays: 30 as number | null,
    disburseAfterDays: 2,
    /** `1` on DISBURSED rows as one AWS document reads, `0` as its report queries read. */
    disbursedBalanceImpacting: '0' as '0' | '1',
    collectedRows: false,
  },
  feeds: {
    enabled: true,
    /** Whether a row lands in the month it was written in, or the month of the day it covers. */
    month: 'written' as 'written' | 'covered',
  },
  sessions: {
    /** Which clock session credentials expire by. Requests are signed in real time. */
    clock: 'real' as 'real' | 'simulated',
  },
}

export type Settings = typeof defaults

const NULLABLE = ['taxRate', 'payAfterDays']

/** The settings in force. */
export function readSettings(world: World): Settings {
  return world.table<Settings>('aws.settings').get('settings') ?? defaults
}

/** Changes some settings; returns what was wrong with the request, or nothing. */
export function changeSettings(world: World, patch: unknown): string | undefined {
  const next = structuredClone(readSettings(world)) as Record<string, any>
  if (patch === null || typeof patch !== 'object') return 'the body must be an object'
  for (const [group, values] of Object.entries(patch)) {
    if (!Object.hasOwn(next, group)) return `there is no group ${group}`
    if (values === null || typeof values !== 'object') return `${group} must be an object`
    for (const [name, value] of Object.entries(values)) {
      if (!Object.hasOwn(next[group], name)) return `there is no setting ${group}.${name}`
      const usual = (defaults as Record<string, any>)[group][name]
      const fits =
        usual === null || value === null ? NULLABLE.includes(name) : typeof value === typeof usual
      if (!fits) return `${group}.${name} must be like ${JSON.stringify(usual)}`
      next[group][name] = value
    }
  }
  world.table<Settings>('aws.settings').put('settings', next as Settings)
  return undefined
}
