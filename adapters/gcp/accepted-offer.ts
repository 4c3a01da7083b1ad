import { z } from 'zod'
import type { Charge } from '../../src/agreements/model.ts'
import { isCurrency, type MoneyJson, post, toJson } from '../../src/kernel/money.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { Instant } from '../../src/kernel/time.ts'
import { zoneStart } from '../../src/kernel/zone.ts'
import type { GcpClient } from './client.ts'
import { amountOf, discounted, googleDecimal, googleMoney, moneyOf } from './google-money.ts'
import { dayOfMidnight, googleTime, pacific } from './offer-day.ts'
import { segment, shaped } from './reply.ts'

const priceModel = z.looseObject({
  flatFee: z.looseObject({ flatFeeOverride: googleMoney.nullish() }).nullish(),
  commitment: z
    .looseObject({
      commitmentAmount: googleMoney.nullish(),
      discountPercent: googleDecimal.nullish(),
    })
    .nullish(),
  usage: z
    .looseObject({
      defaultDiscountPercent: googleDecimal.nullish(),
      skuDiscounts: z
        .array(
          z.looseObject({ sku: z.string().nullish(), discountPercent: googleDecimal.nullish() }),
        )
        .nullish(),
    })
    .nullish(),
})
type PriceModel = z.infer<typeof priceModel>

const instalment = z.looseObject({
  startTime: googleTime.nullish(),
  priceModel: priceModel.nullish(),
})

/** A PrivateOffer of the Commerce Producer API, v1beta, as far as an agreement takes it up. */
const privateOffer = z.looseObject({
  name: z.string().min(1),
  term: z
    .looseObject({ startPolicy: z.string().nullish(), scheduledStartTime: googleTime.nullish() })
    .nullish(),
  singleProductOffer: z
    .looseObject({
      amendedPrivateOffer: z.string().nullish(),
      amendedStandardOffer: z.string().nullish(),
      serviceLevel: z.string().nullish(),
      standardIntervalPrice: z.looseObject({ priceModel: priceModel.nullish() }).nullish(),
      customIntervalPrice: z.looseObject({ installments: z.array(instalment).nullish() }).nullish(),
      effectiveInstallmentTimeline: z.array(instalment).nullish(),
      contractValue: z.looseObject({ totalContractValue: googleMoney.nullish() }).nullish(),
    })
    .nullish(),
})
export type AcceptedOffer = z.infer<typeof privateOffer>

/** Codes after which an agreement is told without what its offer would add. */
const isMissing = new Set(['not_found', 'forbidden', 'unsupported'])

/**
 * The private offer an entitlement is of, whole; undefined where the API does not tell it. That its id is the same in
 * both APIs no document says.
 */
export async function fetchAccepted(
  gcp: GcpClient,
  offerRef: string,
): Promise<AcceptedOffer | undefined> {
  const { projectId, location } = gcp.settings
  try {
    const json = await gcp.call({
      api: 'producer',
      method: 'GET',
      path: `/v1beta/projects/${projectId}/locations/${location}/privateOffers/${segment(offerRef)}`,
      query: { view: 'PRIVATE_OFFER_VIEW_FULL' },
      operation: 'privateOffers.get',
    })
    return shaped(privateOffer, json, 'privateOffers.get')
  } catch (error) {
    if (error instanceof Problem && isMissing.has(error.code)) return undefined
    throw error
  }
}

export const worthOf = (offer: AcceptedOffer | undefined): MoneyJson | null =>
  moneyOf(offer?.singleProductOffer?.contractValue?.totalContractValue) ?? null

/** When what it begins was scheduled to; an amendment begins nothing. */
export function scheduledStart(offer: AcceptedOffer | undefined): Instant | undefined {
  const { amendedPrivateOffer, amendedStandardOffer } = offer?.singleProductOffer ?? {}
  if (amendedPrivateOffer || amendedStandardOffer) return undefined
  return midnightOf(offer?.term?.scheduledStartTime)
}

function midnightOf(time: z.infer<typeof googleTime> | null | undefined): Instant | undefined {
  const day = dayOfMidnight(time)
  return day === undefined ? undefined : zoneStart(day, pacific)
}

/**
 * What the offer charges and when. The first instalment of one that starts at once has no date: it is due as the
 * order begins. All or nothing, since some of the charges would look like all.
 */
export function chargesOf(offer: AcceptedOffer | undefined, begins: Instant): readonly Charge[] {
  const { customIntervalPrice, effectiveInstallmentTimeline } = offer?.singleProductOffer ?? {}
  const told = customIntervalPrice?.installments ?? effectiveInstallmentTimeline ?? []
  const charges = told.flatMap(({ startTime, priceModel: model }, index) => {
    const at = startTime ? midnightOf(startTime) : index === 0 ? begins : undefined
    const amount = priceOf(model)
    return at !== undefined && amount !== undefined ? [{ at, amount }] : []
  })
  return charges.length === told.length ? charges : []
}

/** A flat fee, or what a commitment costs after its discount (proto PriceModel.Commitment). */
function priceOf(model: PriceModel | null | undefined): MoneyJson | undefined {
  const { flatFee, commitment } = model ?? {}
  if (flatFee) return moneyOf(flatFee.flatFeeOverride)
  const { commitmentAmount, discountPercent } = commitment ?? {}
  const full = commitmentAmount ? amountOf(commitmentAmount) : undefined
  const exact = full === undefined ? undefined : discounted(full, discountPercent?.value)
  const currency = commitmentAmount?.currencyCode
  if (exact === undefined || !currency || !isCurrency(currency)) return undefined
  return toJson(post(currency, exact))
}

/**
 * Percent off a SKU's list price by this offer; undefined where it does not say. Usage under a commitment that is itself
 * discounted "will be charged at the standard price".
 */
export function discountOn(offer: AcceptedOffer | undefined, sku: string): string | undefined {
  const { standardIntervalPrice, customIntervalPrice } = offer?.singleProductOffer ?? {}
  const model =
    standardIntervalPrice?.priceModel ?? customIntervalPrice?.installments?.[0]?.priceModel
  if (!model?.usage) return model?.commitment?.discountPercent ? '0' : undefined
  const { skuDiscounts, defaultDiscountPercent } = model.usage
  const own = (skuDiscounts ?? []).find((one) => one.sku === sku)
  return (own ?? { discountPercent: defaultDiscountPercent }).discountPercent?.value || '0'
}
