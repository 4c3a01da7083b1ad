import type { GcpContext } from '../state.ts'
import { metricsOf, skuName, skuResources, standardOfferOf } from './catalog.ts'
import { kindOfPrice, type PriceModel } from './offer-price.ts'
import { termEndOf } from './offer-value.ts'
import { isMidnight, millisOf } from './pacific.ts'
import { CREDIT_MAX_USD, type Faults, FEE_MAX_USD } from './rule-parts.ts'

const HERE = 'single_product_offer'
const INSTALMENTS_MAX = 120

type Asked = {
  readonly offer: any
  readonly project: string
  /** When the offer starts by its schedule. */
  readonly startsAt: number | null
}
type Base = NonNullable<ReturnType<typeof standardOfferOf>>

/** The base offer, the price and the additional contract value (SingleProductOffer). */
export function priceRules(gcp: GcpContext, faults: Faults, asked: Asked): void {
  const single = asked.offer.singleProductOffer
  const base = baseOf(gcp, faults, asked)
  const { standardIntervalPrice: standard, customIntervalPrice: custom } = single
  if (!standard && !custom) faults.add(HERE, 'A price must be set when publishing the offer.')
  if (standard) standardRules(faults, { standard, base, term: asked.offer.term ?? {} })
  if (custom) customRules(faults, { custom, base, asked })
  additionalRules(faults, single.additionalContractValue, base)
}

function baseOf(gcp: GcpContext, faults: Faults, asked: Asked): Base | undefined {
  const field = `${HERE}.base_standard_offer`
  const name = asked.offer.singleProductOffer.baseStandardOffer
  if (!name) {
    faults.add(field, `${field} must be set to publish the offer.`)
    return undefined
  }
  const base = standardOfferOf(gcp, name)
  if (!base) faults.add(field, `${field} does not exist.`)
  else if (base.service.provider !== asked.project) {
    faults.add(field, `${field} must be in the same project as the private offer.`)
  }
  return base
}

function standardRules(
  faults: Faults,
  asked: { readonly standard: any; readonly base: Base | undefined; readonly term: any },
): void {
  const { standard, base, term } = asked
  const here = `${HERE}.standard_interval_price`
  const field = `${here}.standard_interval`
  const kind = kindOfPrice(standard.priceModel)
  modelRules(faults, `${here}.price_model`, standard.priceModel, base)
  if (standard.standardInterval === 'MONTHLY_POSTPAY') {
    faults.add(field, 'MONTHLY_POSTPAY cannot be used to publish new offers.')
  }
  if (kind === 'usage' && standard.standardInterval) {
    faults.add(field, `${field} must be unset for usage-only offers.`)
  }
  if (kind !== 'usage' && kind !== 'none' && !standard.standardInterval) {
    faults.add(field, `${field} must be set to publish unless the price model is usage-only.`)
  }
  if (standard.priceModel?.commitment?.additionalCredit) {
    const credit = `${here}.price_model.commitment.additional_credit`
    faults.add(credit, 'Additional credits are only supported for custom interval offers.')
  }
  if (term.endPolicy && term.endPolicy !== 'AFTER_DURATION' && !(term.durationMonths > 0)) {
    faults.add('term.duration_months', 'term.duration_months must be positive.')
  }
}

function customRules(
  faults: Faults,
  { custom, base, asked }: { custom: any; base: Base | undefined; asked: Asked },
): void {
  const here = `${HERE}.custom_interval_price.installments`
  const list: any[] = custom.installments ?? []
  if (list.length === 0)
    faults.add(here, 'At least one installment is needed to publish the offer.')
  if (list.length > INSTALMENTS_MAX) {
    faults.add(here, `There can be at most ${INSTALMENTS_MAX} installments.`)
  }
  const kinds = new Set(list.map((one) => formOf(one.priceModel)))
  if (kinds.size > 1) faults.add(here, 'All installments must have the same form of price model.')
  list.forEach((one, index) => {
    const field = `${here}[${index}].price_model`
    modelRules(faults, field, one.priceModel, base)
    if (kindOfPrice(one.priceModel) === 'usage') {
      faults.add(field, 'A subscription must be present for every installment.')
    }
  })
  timeRules(faults, list, asked)
}

/** When instalments begin (Installment.start_time). */
function timeRules(faults: Faults, list: readonly any[], { offer, startsAt }: Asked): void {
  const deadline = offer.acceptDeadlineTime ? millisOf(offer.acceptDeadlineTime) : null
  const end = termEndOf(offer, startsAt ?? deadline ?? 0)
  let before: number | null = null
  list.forEach((one, index) => {
    const field = `${HERE}.custom_interval_price.installments[${index}].start_time`
    const isFirst = index === 0
    const isImmediate = offer.term?.startPolicy === 'IMMEDIATE'
    if (isFirst && isImmediate) {
      if (one.startTime) faults.add(field, 'The first start time must be unset with IMMEDIATE.')
      return
    }
    const at = one.startTime ? millisOf(one.startTime) : null
    if (at === null) {
      faults.add(field, `${field} must be set to publish the offer.`)
      return
    }
    if (!isMidnight(at)) {
      faults.add(field, `${field} must be at a day boundary in the America/Los_Angeles time zone.`)
    }
    if (isFirst && startsAt !== null && at !== startsAt) {
      faults.add(field, `${field} must match term.scheduled_start_time.`)
    }
    if (before !== null && at <= before) {
      faults.add(field, 'Installment start times must be in strictly increasing order.')
    }
    if (deadline !== null && at < deadline) {
      faults.add(field, `${field} cannot be before accept_deadline_time.`)
    }
    if (end !== null && at >= end)
      faults.add(field, `${field} must be before the end of the offer.`)
    before = at
  })
}

/** One price model against itself and its base offer (PriceModel). */
function modelRules(
  faults: Faults,
  field: string,
  model: PriceModel,
  base: Base | undefined,
): void {
  if (kindOfPrice(model) === 'none') {
    faults.add(field, `${field} must be set to publish the offer.`)
    return
  }
  const { flatFee, commitment, usage } = model
  if (flatFee) {
    faults.amount(`${field}.flat_fee.flat_fee_override`, flatFee.flatFeeOverride, FEE_MAX_USD)
  }
  if (flatFee && base && base.offer.fee === null) {
    faults.add(`${field}.flat_fee`, 'The base standard offer includes no subscription SKUs.')
  }
  if (commitment) commitmentRules(faults, `${field}.commitment`, model)
  if (commitment && base && base.offer.fee !== null) {
    faults.add(`${field}.commitment`, 'The base standard offer includes subscription SKUs.')
  }
  if (usage && base && !base.plan.hasUsage) {
    faults.add(`${field}.usage`, 'The base standard offer includes no usage SKUs.')
  }
  if (usage) usageRules(faults, `${field}.usage`, usage, base)
}

function commitmentRules(faults: Faults, field: string, { commitment, usage }: PriceModel): void {
  faults.amount(`${field}.commitment_amount`, commitment.commitmentAmount, FEE_MAX_USD)
  faults.percent(`${field}.discount_percent`, commitment.discountPercent)
  if (commitment.discountPercent && usage) {
    faults.add(`${field}.discount_percent`, 'A discount applies to all usage or to a commitment.')
  }
  if (!commitment.discountPercent && !usage) {
    const missing = `${field}.discount_percent must be set to publish the offer.`
    faults.add(`${field}.discount_percent`, missing)
  }
  if (commitment.additionalCredit) {
    faults.amount(`${field}.additional_credit`, commitment.additionalCredit, CREDIT_MAX_USD)
  }
}

function usageRules(faults: Faults, field: string, usage: any, base: Base | undefined): void {
  faults.percent(`${field}.default_discount_percent`, usage.defaultDiscountPercent)
  const known = base
    ? metricsOf(base.service, base.plan).map((one) => skuName(base.service, one.skuId))
    : []
  const seen = new Set<string>()
  for (const [index, one] of (usage.skuDiscounts ?? []).entries()) {
    const here = `${field}.sku_discounts[${index}]`
    const target = one.sku ?? one.cloudBillingSku
    if (!target) faults.add(`${here}.sku`, `${here}.sku must be set to publish the offer.`)
    else if (base && !known.includes(target)) {
      faults.add(`${here}.sku`, 'The SKU is not in the price model of the base standard offer.')
    }
    if (seen.has(target)) faults.add(`${here}.sku`, 'A SKU can have one discount.')
    if (target) seen.add(target)
    if (!one.discountPercent) {
      faults.add(`${here}.discount_percent`, `${here}.discount_percent must be set.`)
    }
    faults.percent(`${here}.discount_percent`, one.discountPercent)
  }
}

function additionalRules(faults: Faults, value: any, base: Base | undefined): void {
  if (!value) return
  const field = `${HERE}.additional_contract_value`
  faults.amount(`${field}.contract_value`, value.contractValue, FEE_MAX_USD)
  const skus: string[] = value.eligibleSkus ?? []
  if (skus.length === 0) {
    faults.add(`${field}.eligible_skus`, `${field}.eligible_skus must be non-empty.`)
  }
  const known = base ? skuResources(base.service).map((one: any) => one.name) : skus
  skus.forEach((sku, index) => {
    if (!known.includes(sku)) {
      faults.add(`${field}.eligible_skus[${index}]`, `The SKU ${sku} does not exist.`)
    }
  })
}

/** The form that all instalments must share: flat fees with usage differ from those without. */
const formOf = (model: PriceModel): string => `${kindOfPrice(model)}${model?.usage ? '+usage' : ''}`
