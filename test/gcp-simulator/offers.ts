import { ACME, INITECH } from './open.ts'

const parent = `projects/${ACME.id}/locations/global`
export const SERVICE = `${parent}/services/${ACME.service}`
export const EULA = { documentType: 'STANDARD_END_USER_LICENSE_AGREEMENT_V2' }

/** The first moment of a day in Los Angeles, as google.type.DateTime. */
export function midnight(day: string) {
  const [year, month, date] = day.split('-').map(Number)
  return { year, month, day: date, timeZone: { id: 'America/Los_Angeles' } }
}

/** A whole amount of US dollars. */
export const usd = (units: string, nanos = 0) => ({ currencyCode: 'USD', units, nanos })

/** A publishable offer to Initech: 120,000 USD once a year, for a year, to be accepted by 9 February 2027. */
export function flatOffer(change: object = {}): any {
  return {
    title: 'Acme for Initech',
    offerDealType: 'NEW',
    partnerContact: { contact: 'Jane Seller', email: 'jane@acme.example' },
    customer: {
      entityTitle: 'Initech',
      contact: 'Bo Buyer',
      email: 'bo@initech.example',
      targetBillingAccount: `billingAccounts/${INITECH}`,
    },
    acceptDeadlineTime: midnight('2027-02-10'),
    term: { startPolicy: 'IMMEDIATE', endPolicy: 'AFTER_DURATION', durationMonths: 12 },
    singleProductOffer: {
      baseStandardOffer: `${SERVICE}/standardOffers/pro-P1Y`,
      standardIntervalPrice: {
        standardInterval: 'YEARLY_NOT_PRORATED',
        priceModel: { flatFee: { flatFeeOverride: usd('120000') } },
      },
    },
    ...change,
  }
}

/** The same with another price. */
export function priced(single: object, base = 'pro-P1Y', change: object = {}): any {
  return flatOffer({
    singleProductOffer: { baseStandardOffer: `${SERVICE}/standardOffers/${base}`, ...single },
    ...change,
  })
}
