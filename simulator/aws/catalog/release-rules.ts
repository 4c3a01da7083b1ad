import Big from 'big.js'
import { durationMs } from '../../duration.ts'
import { type Draft, fault, type ReleaseFault } from './draft.ts'
import { type Entity, isPrivate, isReleased, ruleOf, termOf, visibilityOf } from './model.ts'

/** Everything AWS wants of an offer when it is released (asynchronous errors of ReleaseOffer and of the terms). */
export function releaseFaults(draft: Draft, offer: Entity): ReleaseFault[] {
  const faults: ReleaseFault[] = []
  if (!offer.details.Name)
    faults.push(fault('MISSING_NAME', 'Set Name before releasing the offer.'))
  if (!offer.details.Description) {
    faults.push(fault('MISSING_DESCRIPTION', 'Set Description before releasing the offer.'))
  }
  const sided = isPrivate(offer) ? privateFaults(draft, offer) : publicFaults(offer)
  return [...faults, ...productFaults(draft, offer), ...termFaults(offer), ...sided]
}

function productFaults(draft: Draft, offer: Entity): ReleaseFault[] {
  const product = draft.get(offer.details.ProductId)
  if (!product) return []
  if (!['Limited', 'Public'].includes(visibilityOf(product))) {
    return [fault('INCOMPATIBLE_PRODUCT', 'Use an active product in Limited or Public state.')]
  }
  const others = [...draft.aws.entities.values(), ...draft.touched()].filter(
    (other) =>
      other.type === 'Offer' &&
      other.id !== offer.id &&
      other.details.ProductId === product.id &&
      isReleased(draft.get(other.id) ?? other) &&
      !isPrivate(other),
  )
  const trial = isTrial(offer)
  if (isPrivate(offer)) {
    if (others.some((other) => !isTrial(other))) return []
    return [fault('INCOMPATIBLE_PRODUCT', 'First create a public offer for the product.')]
  }
  if (!others.some((other) => isTrial(other) === trial)) return []
  const what = trial ? 'public free trial offer' : 'public offer'
  return [fault('TOO_MANY_OFFERS', `Only one ${what} can be created per product.`)]
}

function termFaults(offer: Entity): ReleaseFault[] {
  const missing = (term: string) => fault('MISSING_MANDATORY_TERMS', `Add ${term} to the offer.`)
  const faults: ReleaseFault[] = []
  if (!termOf(offer, 'LegalTerm')) faults.push(missing('LegalTerm'))
  if (offer.facts.pricingModel === undefined) faults.push(missing('PricingTerm'))
  const fixed = termOf(offer, 'FixedUpfrontPricingTerm')
  const schedule = termOf(offer, 'PaymentScheduleTerm')
  if (schedule && !fixed) {
    faults.push(
      fault(
        'MISSING_MANDATORY_TERMS',
        'Provide a FixedUpfrontPricingTerm when the offer contains a PaymentScheduleTerm.',
      ),
    )
  }
  if (!fixed) return faults
  const on = 'UpdatePricingTerms'
  if (!schedule) {
    faults.push({
      on,
      ...fault(
        'MISSING_MANDATORY_TERMS',
        'FixedUpfrontPricingTerm is only supported when paired with ByolPricingTerm or PaymentScheduleTerm.',
      ),
    })
  } else if (!Big(fixed.Price).eq(0)) {
    faults.push({
      on,
      ...fault(
        'INCOMPATIBLE_TERMS',
        'Provide zero (0) price for FixedUpfrontPricingTerm when the offer contains a PaymentScheduleTerm.',
      ),
    })
  }
  const validity = termOf(offer, 'ValidityTerm')
  if (!fixed.Duration && !validity) {
    faults.push({
      on,
      ...fault('MISSING_DURATION', 'Provide Duration in FixedUpfrontPricingTerm.'),
    })
  }
  return [...faults, ...lengthFaults(fixed, validity)]
}

function lengthFaults(fixed: any, validity: any): ReleaseFault[] {
  const start = Date.parse(validity?.AgreementStartDate ?? '')
  const end = Date.parse(validity?.AgreementEndDate ?? '')
  if (!fixed.Duration || Number.isNaN(start) || Number.isNaN(end)) return []
  const length = durationMs(fixed.Duration, start) ?? 0
  if (Math.abs(start + length - end) <= 86_400_000) return []
  return [
    {
      on: 'UpdatePricingTerms',
      ...fault(
        'INVALID_DURATION',
        'Provide Duration in FixedUpfrontPricingTerm that matches the duration between AgreementStartDate and AgreementEndDate.',
      ),
    },
  ]
}

function privateFaults(draft: Draft, offer: Entity): ReleaseFault[] {
  const faults: ReleaseFault[] = []
  const validity = termOf(offer, 'ValidityTerm')
  if (!ruleOf(offer, 'AvailabilityRule')) {
    faults.push(
      fault('MISSING_AVAILABILITY_END_DATE', 'Provide an AvailabilityEndDate for private offer.'),
    )
  }
  if (offer.facts.targetAgreementIntent === 'Replace' && !validity?.AgreementEndDate) {
    faults.push(
      fault('MISSING_AGREEMENT_END_DATE', 'Provide an AgreementEndDate for replacement offers.'),
    )
  }
  const configurable = termOf(offer, 'ConfigurableUpfrontPricingTerm')
  if (configurable && validity?.AgreementEndDate && !validity.AgreementStartDate) {
    faults.push({
      on: 'UpdateValidityTerms',
      ...fault(
        'MISSING_AGREEMENT_START_DATE',
        'Ensure AgreementStartDate is present in ValidityTerm when used along with ConfigurableUpfrontPricingTerm.',
      ),
    })
  }
  const setId = offer.details.OfferSetId
  if (setId !== undefined && draft.get(setId)?.type !== 'OfferSet') {
    faults.push(fault('INVALID_OFFER_SET_ID', 'Provide an existing OfferSetId.'))
  }
  return faults
}

function publicFaults(offer: Entity): ReleaseFault[] {
  const faults: ReleaseFault[] = []
  const trial = isTrial(offer)
  const only = (term: string, on: string) => {
    if (termOf(offer, term)) {
      faults.push({
        on,
        ...fault('INCOMPATIBLE_TERMS', `${term} isn't supported for public offers.`),
      })
    }
  }
  only('ValidityTerm', 'UpdateValidityTerms')
  only('NetPaymentTerm', 'UpdateNetPaymentTerms')
  only('PaymentScheduleTerm', 'UpdatePaymentScheduleTerms')
  if (ruleOf(offer, 'AvailabilityRule')) {
    faults.push({
      on: 'UpdateAvailability',
      ...fault(
        'INVALID_AVAILABILITY_END_DATE',
        "AvailabilityEndDate isn't supported for public offers.",
      ),
    })
  }
  if (!trial && !termOf(offer, 'SupportTerm')) {
    faults.push(fault('MISSING_MANDATORY_TERMS', 'Add SupportTerm to the offer.'))
  }
  if (offer.facts.pricingModel === 'Contract' && !termOf(offer, 'RenewalTerm')) {
    faults.push(
      fault(
        'MISSING_MANDATORY_TERMS',
        'Provide a RenewalTerm for public offers with contract pricing for the product.',
      ),
    )
  }
  const aimed = 'only supported for buyer targeted offers.'
  if (offer.details.PreExistingAgreement) {
    faults.push(fault('INCOMPATIBLE_TARGETING', `PreExistingAgreement is ${aimed}`))
  }
  if (offer.details.OfferSetId !== undefined) {
    faults.push(fault('INCOMPATIBLE_TARGETING', `OfferSetId is ${aimed}`))
  }
  return faults
}

function isTrial(offer: Entity): boolean {
  return termOf(offer, 'FreeTrialPricingTerm') !== undefined
}
