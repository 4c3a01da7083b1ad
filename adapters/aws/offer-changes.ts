import { Problem } from '../../src/kernel/problem.ts'
import type { Day } from '../../src/kernel/time.ts'
import { isRenewal, type OfferOrder } from '../../src/offers/model.ts'
import { catalogName } from './client.ts'
import { type NativeRenewal, readNative } from './offer-native.ts'
import { grantsOf, invoicesOf, lastDay, shapeOf, spanOf } from './offer-plan.ts'

/** A StartChangeSet request; `ClientRequestToken` and `ChangeSetName` are our key. */
export type ChangeSetRequest = {
  readonly Catalog: string
  readonly ChangeSetName: string
  readonly ClientRequestToken: string
  readonly ChangeSet: Change[]
}
type Change = {
  readonly ChangeType: string
  readonly ChangeName?: string
  readonly Entity: { readonly Type: string; readonly Identifier?: string }
  readonly DetailsDocument: Record<string, Json>
}
type Json = string | number | boolean | Json[] | { [key: string]: Json }

/** The newest Standard Contract for AWS Marketplace: no other is taken on new offers. */
const standardEula = { Type: 'StandardEula', Version: '2022-07-14' }
const offerType = 'Offer@1.0'
const createName = 'CreateOfferChange'

/** The change set that creates, fills and releases the private offer of an order: Catalog API, "Work with private offers". */
export function createRequest(order: OfferOrder, key: string): ChangeSetRequest {
  const change = (ChangeType: string, DetailsDocument: Change['DetailsDocument']): Change => ({
    ChangeType,
    Entity: { Type: offerType, Identifier: `$${createName}.Entity.Identifier` },
    DetailsDocument,
  })
  const create: Change = {
    ChangeType: 'CreateOffer',
    ChangeName: createName,
    Entity: { Type: offerType },
    DetailsDocument: { ProductId: order.listingRef },
  }
  const updates = Object.entries(updatesOf(order)).map(([type, details]) => change(type, details))
  return changeSet(key, [create, ...updates, change('ReleaseOffer', {})])
}

/** The change set that makes a live offer acceptable until a day; a day in the past ends it. */
export const availabilityRequest = (offerRef: string, until: Day, key: string): ChangeSetRequest =>
  changeSet(key, [
    {
      ChangeType: 'UpdateAvailability',
      Entity: { Type: offerType, Identifier: offerRef },
      DetailsDocument: { AvailabilityEndDate: until },
    },
  ])

function changeSet(key: string, changes: Change[]): ChangeSetRequest {
  if (!/^[\w+=.:@-]{1,64}$/.test(key))
    throw new Problem('internal', 'a key must have at most 64 letters, digits, - or _ for AWS')
  return {
    Catalog: catalogName,
    ChangeSetName: key,
    ClientRequestToken: key,
    ChangeSet: changes,
  }
}

function updatesOf(order: OfferOrder): Readonly<Record<string, Change['DetailsDocument']>> {
  const { terms } = order
  const { netPaymentDays, refundPolicy, renewal } = readNative(terms.native)
  const validity = validityTerm(order)
  const schedule = paymentScheduleTerm(order)
  return {
    UpdateInformation: information(order),
    UpdateTargeting: targeting(order),
    UpdatePricingTerms: {
      PricingModel: shapeOf(order).hasContract ? 'Contract' : 'Usage',
      Terms: pricingTerms(order),
    },
    ...(validity ? { UpdateValidityTerms: { Terms: [validity] } } : {}),
    ...(schedule ? { UpdatePaymentScheduleTerms: { Terms: [schedule] } } : {}),
    ...(terms.autoRenew && renewal
      ? { UpdateRenewalTerms: { Terms: [renewalTerm(renewal, terms.autoRenew.times, schedule)] } }
      : {}),
    UpdateLegalTerms: { Terms: [{ Type: 'LegalTerm', Documents: legalDocuments(order) }] },
    ...(refundPolicy
      ? { UpdateSupportTerms: { Terms: [{ Type: 'SupportTerm', RefundPolicy: refundPolicy }] } }
      : {}),
    ...(netPaymentDays
      ? {
          UpdateNetPaymentTerms: {
            Terms: [{ Type: 'NetPaymentTerm', PaymentDuePeriod: `P${netPaymentDays}D` }],
          },
        }
      : {}),
    UpdateAvailability: { AvailabilityEndDate: terms.acceptBy },
  }
}

function information(order: OfferOrder): Change['DetailsDocument'] {
  const { terms } = order
  const { preExistingAgreement } = readNative(terms.native)
  const known = preExistingAgreement ?? {
    acquisitionChannel: terms.renewal?.of === undefined ? 'External' : 'AwsMarketplace',
    pricingModel: shapeOf(order).hasContract ? 'Contract' : 'Usage',
  }
  return {
    Name: terms.name,
    Description: descriptionOf(order),
    ...(preExistingAgreement || isRenewal(terms)
      ? {
          PreExistingAgreement: {
            AcquisitionChannel: known.acquisitionChannel,
            PricingModel: known.pricingModel,
          },
        }
      : {}),
  }
}

/** Only the seller ever sees it, yet no offer is released without one. */
export const descriptionOf = ({ terms }: OfferOrder): string =>
  terms.note?.trim() || `Private offer ${terms.name}`

function targeting({ buyerRefs, terms }: OfferOrder): Change['DetailsDocument'] {
  const { countryCodes } = readNative(terms.native)
  const countries = countryCodes ? { CountryCodes: countryCodes } : {}
  return { PositiveTargeting: { BuyerAccounts: [...buyerRefs], ...countries } }
}

function pricingTerms(order: OfferOrder): Json[] {
  const { hasContract, hasUsage, isConfigurable } = shapeOf(order)
  const upfront = isConfigurable ? configurableTerm(order) : fixedTerm(order)
  return [...(hasUsage ? [usageTerm(order)] : []), ...(hasContract ? [upfront] : [])]
}

const usageTerm = ({ terms }: OfferOrder): Json => ({
  Type: 'UsageBasedPricingTerm',
  CurrencyCode: terms.currency,
  RateCards: [
    {
      RateCard: (terms.pricing.usage ?? []).map(({ dimension, rate }) => ({
        DimensionKey: dimension,
        Price: rate,
      })),
    },
  ],
})

const fixedTerm = (order: OfferOrder): Json => ({
  Type: 'FixedUpfrontPricingTerm',
  CurrencyCode: order.terms.currency,
  // The payment schedule carries the price; beside one AWS takes nothing but zero here.
  Price: '0.0',
  Grants: grantsOf(order).map(({ dimension, quantity }) => ({
    DimensionKey: dimension,
    MaxQuantity: Number(quantity),
  })),
})

const configurableTerm = ({ terms }: OfferOrder): Json => ({
  Type: 'ConfigurableUpfrontPricingTerm',
  CurrencyCode: terms.currency,
  RateCards: [
    {
      Selector: { Type: 'Duration', Value: `P${terms.term?.months ?? 0}M` },
      Constraints: { MultipleDimensionSelection: 'Allowed', QuantityConfiguration: 'Allowed' },
      RateCard: (terms.pricing.contract ?? []).map(({ dimension, price = '0' }) => ({
        DimensionKey: dimension,
        Price: price,
      })),
    },
  ],
})

function validityTerm(order: OfferOrder): { [key: string]: Json } | undefined {
  const { terms } = order
  const span = spanOf(order)
  if (!span) return undefined
  if (terms.start !== 'acceptance')
    return {
      Type: 'ValidityTerm',
      AgreementStartDate: span.start,
      AgreementEndDate: lastDay(span.endExclusive),
    }
  // The duration that the buyer chooses is the agreement's; AWS takes no other beside it.
  if (shapeOf(order).isConfigurable) return undefined
  return { Type: 'ValidityTerm', AgreementDuration: `P${terms.term?.months ?? 0}M` }
}

function paymentScheduleTerm(order: OfferOrder): { [key: string]: Json } | undefined {
  const { hasContract, isConfigurable } = shapeOf(order)
  if (!hasContract || isConfigurable) return undefined
  return {
    Type: 'PaymentScheduleTerm',
    CurrencyCode: order.terms.currency,
    Schedule: invoicesOf(order).map(({ on, amount }) => ({ ChargeDate: on, ChargeAmount: amount })),
  }
}

function renewalTerm(renewal: NativeRenewal, times: number, schedule: unknown): Json {
  const { priceIncrease, lockoutDays, adjustmentDeadlineDays } = renewal
  const payments = renewal.payments ?? [{ offset: 'P0M', percent: '100.00' }]
  const template = {
    Type: 'PaymentScheduleTermTemplate',
    Schedule: payments.map(({ offset, percent, dayOfMonth }) => ({
      ChargeDateOffset: offset,
      ChargePercentage: percent,
      ...(dayOfMonth ? { DayOfMonth: dayOfMonth } : {}),
    })),
  }
  return {
    Type: 'RenewalTerm',
    ...(lockoutDays ? { LockoutPeriod: `P${lockoutDays}D` } : {}),
    ...(adjustmentDeadlineDays ? { AdjustmentDeadline: `P${adjustmentDeadlineDays}D` } : {}),
    MaxRenewals: times,
    PriceIncrease: increaseOf(priceIncrease),
    ...(schedule ? { TermTemplates: [template] } : {}),
  }
}

const increaseOf = (increase: NativeRenewal['priceIncrease']): Json =>
  'percent' in increase
    ? { Type: 'FixedPercentage', Value: increase.percent }
    : {
        Type: 'PercentageRange',
        Range: {
          MinValue: increase.min,
          MaxValue: increase.max,
          DefaultValue: increase.default,
        },
      }

function legalDocuments({ terms, documents }: OfferOrder): Json[] {
  const own = documents.map((Url) => ({ Type: 'CustomEula', Url }))
  return terms.legal.kind === 'standard' ? [standardEula] : own
}
