import { pick } from '../pick.ts'

/** What is wrong with one field of a change's details. `path` is below the details: `Terms[0].Type`. */
export type FieldFault = { readonly path: string; readonly message: string }

type Check = (details: any) => FieldFault[]

const ACCOUNT = /^\d{12}$/
const DATE = {
  test: (text: string) => {
    const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
    return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
  },
}
const DURATION = /^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?$/
const AMOUNT = /^\d+(\.\d{1,2})?$/
const DECIMAL = /^\d+(\.\d+)?$/
const CURRENCIES = ['USD', 'AUD', 'EUR', 'GBP', 'JPY']

/**
 * Rules StartChangeSet itself applies to the details of a change, beyond their shape ("AWS
 * Marketplace Catalog API reference", work with private offers, synchronous validations).
 */
export function syncFaults(entityType: string, changeType: string, details: any): FieldFault[] {
  return CHECKS[`${entityType}/${changeType}`]?.(details) ?? []
}

const CHECKS: Record<string, Check> = {
  'Offer@1.0/UpdateInformation': (d) =>
    Object.keys(d).length === 0 ? [{ path: '', message: 'Provide at least one property.' }] : [],
  'Offer@1.0/UpdateTargeting': targeting,
  'Offer@1.0/UpdateLegalTerms': (d) => [
    ...typed(d, ['LegalTerm'], 1, 1),
    ...each(d.Terms?.[0]?.Documents, 'Terms[0].Documents', (document) => {
      if (!['CustomEula', 'StandardEula'].includes(document?.Type)) {
        return [['Type', 'Use CustomEula or StandardEula.']]
      }
      if (document.Type === 'CustomEula' && !document.Url) return [['Url', 'Provide a Url.']]
      if (document.Type === 'StandardEula' && !document.Version) {
        return [['Version', 'Provide a Version.']]
      }
      return []
    }),
    ...(d.Terms?.[0]?.Documents?.length
      ? []
      : [{ path: 'Terms[0].Documents', message: 'Provide documents.' }]),
  ],
  'Offer@1.0/UpdateSupportTerms': (d) => [
    ...typed(d, ['SupportTerm'], 0, 1),
    ...each(d.Terms, 'Terms', (term) =>
      typeof term?.RefundPolicy === 'string' && term.RefundPolicy.length <= 500
        ? []
        : [['RefundPolicy', 'Provide a RefundPolicy of at most 500 characters.']],
    ),
  ],
  'Offer@1.0/UpdateAvailability': (d) =>
    DATE.test(d.AvailabilityEndDate ?? '')
      ? []
      : [{ path: 'AvailabilityEndDate', message: 'Provide a date as YYYY-MM-DD.' }],
  'Offer@1.0/UpdateValidityTerms': (d) => [
    ...typed(d, ['ValidityTerm'], 0, 1),
    ...each(d.Terms, 'Terms', (term) => [
      ...format(term, 'AgreementDuration', DURATION, 'Provide an ISO 8601 duration.'),
      ...format(term, 'AgreementStartDate', DATE, 'Provide a date as YYYY-MM-DD.'),
      ...format(term, 'AgreementEndDate', DATE, 'Provide a date as YYYY-MM-DD.'),
    ]),
  ],
  'Offer@1.0/UpdatePaymentScheduleTerms': (d) => [
    ...typed(d, ['PaymentScheduleTerm'], 0, 1),
    ...each(d.Terms, 'Terms', (term) => currency(term)),
    ...schedule(d.Terms?.[0]?.Schedule, d.Terms?.length ?? 0),
  ],
  'Offer@1.0/UpdateMarkup': (d) =>
    /^\d+(\.\d{1,9})?$/.test(d.Percentage ?? '')
      ? []
      : [{ path: 'Percentage', message: 'Provide a non-negative number with up to 9 decimals.' }],
  'Offer@1.0/UpdatePricingTerms': (d) =>
    each(
      d.Terms,
      'Terms',
      (term) => pick(PRICING, String(term?.Type))?.(term) ?? [['Type', 'Unknown term type.']],
    ),
  'SaaSProduct@1.0/UpdateDimensions': (d) => keyed(d),
  'SaaSProduct@1.0/RestrictDimensions': (d) => keyed(d),
  'OfferSet@1.0/AssociateOffers': (d) =>
    new Set(d.Offers?.map((one: any) => one.OfferId)).size === d.Offers?.length
      ? []
      : [{ path: 'Offers', message: 'Provide each offer once.' }],
}

const PRICING: Record<string, (term: any) => [string, string][]> = {
  UsageBasedPricingTerm: (term) => [...currency(term), ...cards(term, 1, 1, 800)],
  ConfigurableUpfrontPricingTerm: (term) => [
    ...currency(term),
    ...cards(term, 1, 5, 200),
    ...(term.RateCards ?? []).flatMap((card: any, at: number) => [
      ...(card?.Selector?.Type === 'Duration' && DURATION.test(card.Selector.Value ?? '')
        ? []
        : [[`RateCards[${at}].Selector`, 'Provide a Duration selector.'] as [string, string]]),
      ...(card?.Constraints
        ? []
        : [[`RateCards[${at}].Constraints`, 'Provide Constraints.'] as [string, string]]),
      ...(card?.RateCard ?? []).flatMap((rate: any, row: number): [string, string][] =>
        /^\d+(\.\d{1,3})?$/.test(rate?.Price ?? '')
          ? []
          : [[`RateCards[${at}].RateCard[${row}].Price`, 'Provide a price with up to 3 decimals.']],
      ),
    ]),
  ],
  FixedUpfrontPricingTerm: (term) => [
    ...currency(term),
    ...format({ Price: term.Price ?? '' }, 'Price', DECIMAL, 'Provide a non-negative price.'),
    ...format(term, 'Duration', DURATION, 'Provide an ISO 8601 duration.'),
    ...grants(term),
  ],
  FreeTrialPricingTerm: (term) => [
    ...format(
      { Duration: term.Duration ?? '' },
      'Duration',
      DURATION,
      'Provide an ISO 8601 duration.',
    ),
    ...grants(term),
  ],
  RecurringPaymentTerm: (term) => [
    ...currency(term),
    ...format({ Price: term.Price ?? '' }, 'Price', DECIMAL, 'Provide a non-negative price.'),
    ...(term.BillingPeriod === 'Monthly'
      ? []
      : [['BillingPeriod', 'Use Monthly.'] as [string, string]]),
  ],
  ByolPricingTerm: () => [],
}

/** The plural forms have no published shape: a list of dimensions, or of keys. */
function keyed(details: any): FieldFault[] {
  const items = Array.isArray(details) ? details : (details?.Dimensions ?? details?.Keys)
  const good =
    Array.isArray(items) &&
    items.length > 0 &&
    items.every((one) => typeof (one?.Key ?? one) === 'string')
  return good ? [] : [{ path: '', message: 'Provide a list of dimensions with their keys.' }]
}

function grants(term: any): [string, string][] {
  if (!Array.isArray(term.Grants) || term.Grants.length === 0)
    return [['Grants', 'Provide Grants.']]
  const good = term.Grants.every(
    (one: any) =>
      typeof one?.DimensionKey === 'string' &&
      (one.MaxQuantity === undefined ||
        (Number.isSafeInteger(one.MaxQuantity) && one.MaxQuantity > 0)),
  )
  return good ? [] : [['Grants', 'Provide dimension keys and positive whole quantities.']]
}

function targeting(details: any): FieldFault[] {
  const buyers: unknown[] = details.PositiveTargeting?.BuyerAccounts ?? []
  const countries = [
    ...(details.PositiveTargeting?.CountryCodes ?? []),
    ...(details.NegativeTargeting?.CountryCodes ?? []),
  ]
  return [
    ...buyers.flatMap((id, at) =>
      ACCOUNT.test(String(id))
        ? []
        : [
            {
              path: `PositiveTargeting.BuyerAccounts[${at}]`,
              message: 'Provide a 12-digit account id.',
            },
          ],
    ),
    ...(countries.every((code) => /^[A-Z]{2}$/.test(code))
      ? []
      : [{ path: 'PositiveTargeting.CountryCodes', message: 'Provide ISO 3166-1 alpha-2 codes.' }]),
    ...(details.NegativeTargeting?.BuyerAccounts === undefined
      ? []
      : [
          {
            path: 'NegativeTargeting.BuyerAccounts',
            message: 'BuyerAccounts must not be provided.',
          },
        ]),
  ]
}

function schedule(rows: any, terms: number): FieldFault[] {
  if (terms === 0) return []
  if (!Array.isArray(rows) || rows.length < 1 || rows.length > 60) {
    return [{ path: 'Terms[0].Schedule', message: 'Provide 1 to 60 charges.' }]
  }
  return each(rows, 'Terms[0].Schedule', (row) => [
    ...format(
      { ChargeDate: row?.ChargeDate ?? '' },
      'ChargeDate',
      DATE,
      'Provide a date as YYYY-MM-DD.',
    ),
    ...format(
      { ChargeAmount: row?.ChargeAmount ?? '' },
      'ChargeAmount',
      AMOUNT,
      'Provide a non-negative amount with up to 2 decimals.',
    ),
  ])
}

function typed(details: any, types: readonly string[], min: number, max: number): FieldFault[] {
  const terms = details.Terms
  if (!Array.isArray(terms) || terms.length < min || terms.length > max) {
    return [{ path: 'Terms', message: `Provide ${min} to ${max} terms.` }]
  }
  return each(terms, 'Terms', (term) =>
    types.includes(term?.Type) ? [] : [['Type', `Use ${types.join(' or ')}.`]],
  )
}

function each(
  items: any,
  path: string,
  check: (item: any) => readonly (readonly [string, string])[],
): FieldFault[] {
  if (!Array.isArray(items)) return []
  return items.flatMap((item, at) =>
    check(item).map(([field, message]) => ({ path: `${path}[${at}].${field}`, message })),
  )
}

function format(
  term: any,
  field: string,
  pattern: { test(text: string): boolean },
  message: string,
): [string, string][] {
  const value = term?.[field]
  return value === undefined || pattern.test(value) ? [] : [[field, message]]
}

function currency(term: any): [string, string][] {
  return CURRENCIES.includes(term?.CurrencyCode)
    ? []
    : [['CurrencyCode', `Use one of ${CURRENCIES.join(', ')}.`]]
}

function cards(term: any, min: number, max: number, rowsMax: number): [string, string][] {
  const all = term.RateCards
  if (!Array.isArray(all) || all.length < min || all.length > max) {
    return [['RateCards', `Provide ${min} to ${max} rate cards.`]]
  }
  return all.flatMap((card: any, at: number): [string, string][] => {
    const rows = card?.RateCard
    if (!Array.isArray(rows) || rows.length < 1 || rows.length > rowsMax) {
      return [[`RateCards[${at}].RateCard`, `Provide 1 to ${rowsMax} rates.`]]
    }
    return rows.flatMap((row: any, place: number): [string, string][] =>
      typeof row?.DimensionKey === 'string' && DECIMAL.test(row?.Price ?? '')
        ? []
        : [
            [
              `RateCards[${at}].RateCard[${place}]`,
              'Provide DimensionKey and a non-negative Price.',
            ],
          ],
    )
  })
}
