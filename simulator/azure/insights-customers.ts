import { common, stamp, yesNo } from './insights-facts.ts'
import type { Row } from './insights-select.ts'
import type { Subscription } from './purchases.ts'
import type { AzureState } from './state.ts'
import { dayOf } from './time.ts'

/** ISVCustomer: one row a purchase, with when it was won and lost. */
export function customerRows(state: AzureState, publisherId: string): Row[] {
  return owned(state, publisherId).map((subscription) => {
    const buyer = state.buyers.get(subscription.billingAccountId)
    const last = subscription.holdings.at(-1)
    return {
      ...facts(state, subscription),
      DateAcquired: stamp(subscription.purchasedAt),
      DateLost: stamp(subscription.endedAt),
      Email: subscription.beneficiary.emailId,
      PurchaserEmail: subscription.purchaser.emailId,
      CustomerCity: buyer?.city ?? '',
      CustomerPostalCode: buyer?.postalCode ?? '',
      CustomerState: buyer?.state ?? '',
      CustomerCountryRegion: buyer?.country ?? '',
      CustomerCommunicationCulture: 'en-US',
      PromotionalCustomers: yesNo(false),
      CommerceRootCustomer: subscription.purchaser.tenantId,
      CustomerType: 'Organization',
      ID: subscription.id,
      lastModifiedAt: stamp(last?.at ?? subscription.purchasedAt),
    }
  })
}

/** ISVOfferRetention: how many months each purchase has lasted, from its first day of use. */
export function retentionRows(state: AzureState, publisherId: string): Row[] {
  return owned(state, publisherId).flatMap((subscription) => {
    const from = subscription.activatedAt
    if (from === null) return []
    const until = subscription.endedAt ?? state.now()
    const buyer = state.buyers.get(subscription.billingAccountId)
    return [
      {
        ...facts(state, subscription),
        OfferCategory: 'SaaS',
        ProductId: subscription.product,
        SkuBillingType: 'Paid',
        CustomerCountryName: buyer?.country ?? '',
        CustomerCountryCode: buyer?.country ?? '',
        CustomerCurrencyCode: buyer?.currency ?? '',
        FirstUsageDate: dayOf(from),
        Offset: String(monthsBetween(from, until)),
      },
    ]
  })
}

/** ISVMarketplaceInsights: the visits that led to a purchase; the simulated storefront has no others. */
export function visitRows(state: AzureState, publisherId: string): Row[] {
  return owned(state, publisherId).map((subscription) => {
    const { OfferName = '', CustomerCountry = '' } = facts(state, subscription)
    return {
      Date: dayOf(subscription.purchasedAt),
      OfferName,
      ReferralDomain: 'portal.azure.com',
      CountryName: CustomerCountry,
      PageVisits: '1',
      GetItNow: '1',
      ContactMe: '0',
      TestDrive: '0',
      FreeTrial: subscription.isFreeTrial ? '1' : '0',
      Site: 'AZUREMARKETPLACE',
    }
  })
}

function owned(state: AzureState, publisherId: string): Subscription[] {
  const latest = state.now() - state.settings().analytics.refreshMs
  return state.subscriptions
    .values()
    .filter((one) => one.publisherId === publisherId && one.purchasedAt <= latest)
}

function facts(state: AzureState, subscription: Subscription): Row {
  const { planId, privateOffer } = subscription
  return common(state, subscription, { planId, privateOffer })
}

function monthsBetween(from: number, until: number): number {
  const [start, end] = [new Date(from), new Date(until)]
  const years = end.getUTCFullYear() - start.getUTCFullYear()
  return years * 12 + end.getUTCMonth() - start.getUTCMonth()
}
