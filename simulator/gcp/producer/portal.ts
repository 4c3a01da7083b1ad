import { Hono } from 'hono'
import { Impossible, plainErrors, readBody } from '../body.ts'
import type { Service } from '../parties.ts'
import type { GcpContext } from '../state.ts'
import { pacificMidnight } from '../zone.ts'
import { type GoogleMoney, moneyOf, nanosOfText } from './amount.ts'
import { skuName, standardOfferName } from './catalog.ts'
import { createPaper } from './documents.ts'
import { publish } from './offer-lifecycle.ts'
import { createOffer, deleteOffer } from './offers.ts'
import { dateTimeOf, plusDays } from './pacific.ts'

const AMOUNT = /^\d{1,10}(\.\d{1,2})?$/
const INTERVALS: Readonly<Record<number, string>> = {
  1: 'MONTHLY_NOT_PRORATED',
  3: 'QUARTERLY_NOT_PRORATED',
  12: 'YEARLY_NOT_PRORATED',
}

/**
 * A person of the seller's in Producer Portal, who types in a private offer and publishes it (Google: "Create a private
 * offer for a customer"). The portal sends nothing that can be seen from outside; what is typed here becomes a private
 * offer under the same rules as one of the API.
 */
export function portal(gcp: GcpContext): Hono {
  const routes = new Hono()
  routes.post('/offers', async (c) => {
    const form = await readBody(c)
    const service = gcp.services.get(String(form.service))
    if (!service) throw new Impossible(404, `there is no service ${String(form.service)}`)
    const offer = createOffer(gcp, service.provider, typed(service, form))
    try {
      createPaper(gcp, offer, { documentType: 'STANDARD_END_USER_LICENSE_AGREEMENT_V2' })
      publish(gcp, offer, false)
    } catch (refused) {
      deleteOffer(gcp, offer, true)
      throw refused
    }
    return c.json({ id: offer.id, name: offer.name, state: offer.state }, 201)
  })
  return plainErrors(routes)
}

/** The form's fields: `flatFee` for the whole term, `discounts` in percent by metric, days as Pacific ones. */
function typed(service: Service, form: Record<string, any>): object {
  const plan = service.plans.find(({ id }) => id === form.plan)
  const [base] = plan?.standardOffers ?? []
  if (!base) throw new Impossible(404, `there is no plan ${String(form.plan)}`)
  return {
    title: form.title,
    offerDealType: form.dealType ?? 'NEW',
    internalNote: form.internalNote ?? '',
    partnerContact: { contact: service.provider },
    customer: {
      entityTitle: form.customer,
      contact: form.contact,
      email: form.email,
      targetBillingAccount: `billingAccounts/${form.billingAccount}`,
    },
    acceptDeadlineTime: startOf(form.acceptBy, 1),
    term: {
      startPolicy: 'IMMEDIATE',
      endPolicy: 'AFTER_DURATION',
      durationMonths: Number(form.months),
    },
    singleProductOffer: {
      baseStandardOffer: standardOfferName(service, base.id),
      ...price(service, form),
      features: Object.entries(form.features ?? {}).map(([displayName, value]) => ({
        displayName,
        value: String(value),
      })),
    },
  }
}

/** One payment for all of the term, by whichever frequency is as long, or `instalments`: `[{on, amount}]`. */
function price(service: Service, form: Record<string, any>): object {
  const usage = usageOf(service, form.discounts ?? {})
  const model = (amount: unknown) => ({
    ...(amount === undefined ? {} : { flatFee: { flatFeeOverride: usd(amount) } }),
    ...(usage ? { usage } : {}),
  })
  const interval = INTERVALS[Number(form.months)]
  if (form.flatFee === undefined) return { standardIntervalPrice: { priceModel: model(undefined) } }
  if (interval && !form.instalments)
    return {
      standardIntervalPrice: { standardInterval: interval, priceModel: model(form.flatFee) },
    }
  const rows: any[] = form.instalments ?? [{ amount: form.flatFee }]
  return {
    customIntervalPrice: {
      installments: rows.map(({ on, amount }) => ({
        ...(on ? { startTime: startOf(on, 0) } : {}),
        priceModel: model(amount),
      })),
    },
  }
}

function usageOf(service: Service, discounts: Record<string, unknown>): object | undefined {
  const rows = Object.entries(discounts).map(([id, percent]) => {
    const metric = service.metrics.find((one) => one.id === id)
    if (!metric) throw new Impossible(404, `there is no metric ${id}`)
    return {
      sku: skuName(service, metric.skuId),
      discountPercent: { value: String(percent) },
    }
  })
  return rows.length === 0 ? undefined : { skuDiscounts: rows }
}

function usd(amount: unknown): GoogleMoney {
  if (typeof amount !== 'string' || !AMOUNT.test(amount))
    throw new Impossible(422, 'amounts must be like 1200.00')
  return moneyOf(nanosOfText(amount))
}

/** The first moment in Los Angeles of the day that many days later. */
function startOf(day: unknown, later: number): object {
  const at = pacificMidnight(String(day))
  if (Number.isNaN(at)) throw new Impossible(422, 'days must be like 2027-02-28')
  return dateTimeOf(plusDays(at, later))
}
