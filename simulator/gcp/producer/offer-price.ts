import { basisPoints, type Nanos, nanosOf, share } from './amount.ts'

/** The kinds of price models, in the words of the API's reference (PrivateOffer: PriceModel). */
export type PriceKind = 'flat' | 'usage' | 'cudListPrice' | 'cudDiscounted' | 'none'

/** A price model of an offer as decoded: `flatFee` or `commitment`, and `usage`. */
export type PriceModel = any

/** Which kind a model is. Flat fee with and without usage is one kind: they amend one another. */
export function kindOfPrice(model: PriceModel): PriceKind {
  if (model?.flatFee) return 'flat'
  if (model?.commitment) return model.usage ? 'cudDiscounted' : 'cudListPrice'
  return model?.usage ? 'usage' : 'none'
}

/** Every price model of an offer: one of a standard interval, or one each instalment. */
export function modelsOf(offer: any): PriceModel[] {
  const single = offer.singleProductOffer ?? {}
  if (single.standardIntervalPrice) return [single.standardIntervalPrice.priceModel]
  return (single.customIntervalPrice?.installments ?? []).map((one: any) => one.priceModel)
}

/** What Google bills for one instalment of a model, usage apart: the fee, or the commitment less its discount. */
export function charged(model: PriceModel): Nanos {
  if (model?.flatFee) return nanosOf(model.flatFee.flatFeeOverride)
  if (!model?.commitment) return 0n
  const { commitmentAmount, discountPercent } = model.commitment
  const full = nanosOf(commitmentAmount)
  return full - share(full, basisPoints(discountPercent?.value))
}

/** What the buyer may use up for one instalment: the commitment in full, and additional credit. */
export function credited(model: PriceModel): Nanos {
  if (!model?.commitment) return 0n
  return nanosOf(model.commitment.commitmentAmount) + nanosOf(model.commitment.additionalCredit)
}

/** Hundredths of a percent off the list price of a SKU, by full name. */
export function discountOf(model: PriceModel, sku: string): bigint {
  const special = (model?.usage?.skuDiscounts ?? []).find((one: any) => one.sku === sku)
  return basisPoints(
    (special ?? { discountPercent: model?.usage?.defaultDiscountPercent }).discountPercent?.value,
  )
}
