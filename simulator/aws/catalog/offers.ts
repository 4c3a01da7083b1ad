import {
  AFTER_EXPIRY,
  AFTER_RELEASE,
  type Draft,
  type Fault,
  fault,
  type Handler,
} from './draft.ts'
import { legalFaults } from './legal.ts'
import { type Entity, isExpired, isPrivate, isReleased, ruleOf, visibilityOf } from './model.ts'
import { paymentFaults, validityFaults } from './payment-rules.ts'
import { publicPriceFaults } from './price-changes.ts'
import { PRICING_TERMS, pricingFaults } from './pricing-rules.ts'
import { releaseFaults } from './release-rules.ts'
import { renewalFaults } from './renewal-rules.ts'

const BUYERS_MAX = 26

export function createOffer(draft: Draft, id: string, details: any): Entity | Fault {
  const product = draft.get(details.ProductId)
  const visible = product && ['Limited', 'Public'].includes(visibilityOf(product))
  // A product's first offer may be drafted together with the product.
  const together = product && draft.before(product.id) === undefined
  if (!product || !(visible || together)) {
    return fault('INCOMPATIBLE_PRODUCT', 'Use an active product in Limited or Public state.')
  }
  return blank(draft, id, product.id, details)
}

/** A replacement is aimed at the agreement's acceptor and at nobody else. */
export function createReplacementOffer(draft: Draft, id: string, details: any): Entity | Fault {
  const agreement = draft.aws.agreements.get(details.AgreementId)
  if (agreement?.status !== 'ACTIVE') {
    return fault('INCOMPATIBLE_AGREEMENT', 'Use an active agreement.')
  }
  if (agreement.end === null) {
    return fault(
      'INCOMPATIBLE_PRODUCT',
      'Replacement offers are only supported for contract pricing model.',
    )
  }
  const offer = blank(draft, id, agreement.productId, details)
  offer.facts.targetAgreementId = agreement.id
  offer.facts.targetAgreementIntent = 'Replace'
  const PositiveTargeting = { BuyerAccounts: [agreement.acceptor] }
  offer.details.Rules.push({ Type: 'TargetingRule', PositiveTargeting })
  return offer
}

/** Change types of offers ("AWS Marketplace Catalog API reference", work with private offers). */
export const offerChanges: Record<string, Handler> = {
  UpdateInformation: { apply: updateInformation },
  UpdateTargeting: { apply: updateTargeting, check: checkTargeting },
  UpdateSupportTerms: {
    apply: (draft, offer, details) => [
      ...closed(draft, offer, { publicToo: false }),
      ...setTerms(offer, ['SupportTerm'], details.Terms),
    ],
  },
  UpdateLegalTerms: {
    apply: (draft, offer, details) => [
      ...closed(draft, offer, { publicToo: false }),
      ...setTerms(offer, ['LegalTerm'], details.Terms),
    ],
    check: (draft, _, details) => legalFaults(draft, details.Terms[0]),
  },
  UpdatePricingTerms: {
    apply: (draft, offer, details) => {
      offer.facts.pricingModel = details.PricingModel
      return [
        ...closed(draft, offer, { publicToo: false }),
        ...setTerms(offer, PRICING_TERMS, details.Terms),
      ]
    },
    check: (draft, offer, details) => [
      ...pricingFaults(draft, offer, details),
      ...publicPriceFaults(draft, offer),
    ],
  },
  UpdateAvailability: { apply: updateAvailability },
  UpdateValidityTerms: {
    apply: (_, offer, details) => setTerms(offer, ['ValidityTerm'], details.Terms),
    check: (draft, offer) => validityFaults(draft, offer),
  },
  UpdatePaymentScheduleTerms: {
    apply: (draft, offer, details) => [
      ...closed(draft, offer, { publicToo: true }),
      ...setTerms(offer, ['PaymentScheduleTerm'], details.Terms),
    ],
    check: (draft, offer) => paymentFaults(draft, offer),
  },
  UpdateNetPaymentTerms: {
    apply: (draft, offer, details) => [
      ...closed(draft, offer, { publicToo: true }),
      ...setTerms(offer, ['NetPaymentTerm'], details.Terms),
    ],
  },
  UpdateRenewalTerms: {
    apply: (draft, offer, details) => [
      ...closed(draft, offer, { publicToo: true }),
      ...setTerms(offer, ['RenewalTerm'], details.Terms),
    ],
    check: (draft, offer) => renewalFaults(draft, offer),
  },
  UpdateMarkup: {
    apply: () => [
      fault(
        'INVALID_MARKUP_PERCENTAGE',
        'UpdateMarkup can only be invoked for offers created using ResaleAuthorization.',
      ),
    ],
  },
  UpdateCustomerVerificationTerms: {
    apply: () => [
      fault(
        'INCOMPATIBLE_PRODUCT',
        "The following terms aren't supported for the product: [CustomerVerificationTerm].",
      ),
    ],
  },
  ReleaseOffer: { apply: () => [], check: release },
}

function blank(draft: Draft, id: string, productId: string, details: any): Entity {
  return {
    id,
    type: 'Offer',
    owner: draft.account,
    revision: 0,
    createdAt: draft.at,
    modifiedAt: draft.at,
    details: {
      Id: id,
      State: 'Draft',
      ...(details.Name === undefined ? {} : { Name: details.Name }),
      ProductId: productId,
      ...(details.OfferSetId === undefined ? {} : { OfferSetId: details.OfferSetId }),
      Terms: [],
      Rules: [],
    },
    facts: { createdBy: 'Seller' },
  }
}

function updateInformation(draft: Draft, offer: Entity, details: any): Fault[] {
  const { PreExistingAgreement, ...names } = details
  Object.assign(offer.details, names)
  if (PreExistingAgreement === undefined) return []
  const before = draft.before(offer.id)
  if (before && isReleased(before)) {
    return [fault('INCOMPATIBLE_PRE_EXISTING_AGREEMENT', AFTER_RELEASE)]
  }
  if (PreExistingAgreement === null) delete offer.details.PreExistingAgreement
  else offer.details.PreExistingAgreement = PreExistingAgreement
  return []
}

function updateTargeting(draft: Draft, offer: Entity, details: any): Fault[] {
  const before = draft.before(offer.id)
  const aimed = details.PositiveTargeting?.BuyerAccounts !== undefined
  if (before && isReleased(before) && (isPrivate(before) || aimed)) {
    return [fault('INCOMPATIBLE_TARGETING', AFTER_RELEASE)]
  }
  if (offer.facts.targetAgreementId !== undefined) {
    return [
      fault(
        'INCOMPATIBLE_TARGETING',
        "Targeting can't be updated on a replacement offer. If the buyer isn't associated with the provided AgreementId, then create a new private offer by providing an AgreementId associated with the buyer.",
      ),
    ]
  }
  setRule(offer, { Type: 'TargetingRule', ...details })
  return []
}

function checkTargeting(draft: Draft, _: Entity, details: any): Fault[] {
  const faults: Fault[] = []
  const { PositiveTargeting: positive, NegativeTargeting: negative } = details
  if (positive?.CountryCodes && negative?.CountryCodes) {
    faults.push(
      fault(
        'INVALID_TARGETING',
        'Use either negative or positive targeting on the same attribute.',
      ),
    )
  }
  const { ineligibleAccounts } = draft.aws.settings().catalog
  const refused = (positive?.BuyerAccounts ?? []).filter((id: string) =>
    ineligibleAccounts.includes(id),
  )
  if (refused.length > 0) {
    faults.push(
      fault(
        'INVALID_BUYER_ACCOUNTS',
        `Provide valid buyer accounts. Invalid accounts: [${refused.join(', ')}].`,
      ),
    )
  }
  if ((positive?.BuyerAccounts ?? []).length > BUYERS_MAX) {
    faults.push(
      fault('TOO_MANY_BUYER_ACCOUNTS', 'Provide BuyerAccounts within the allowed limits.'),
    )
  }
  const codes: string[] = [...(positive?.CountryCodes ?? []), ...(negative?.CountryCodes ?? [])]
  if (codes.some((code) => ['XX', 'ZZ', 'AA'].includes(code))) {
    faults.push(fault('INVALID_COUNTRY_CODES', 'Provide supported country codes.'))
  }
  return faults
}

function updateAvailability(draft: Draft, offer: Entity, details: any): Fault[] {
  const AvailabilityEndDate = `${details.AvailabilityEndDate}T23:59:59.999Z`
  const before = draft.before(offer.id)
  const wasReleased = before !== undefined && isReleased(before)
  if (wasReleased && !isPrivate(before)) {
    return [
      fault(
        'INVALID_AVAILABILITY_END_DATE',
        "AvailabilityEndDate isn't supported for public offers.",
      ),
    ]
  }
  // A date in the past is how a released private offer is expired; a draft cannot be born dead.
  if (!wasReleased && Date.parse(AvailabilityEndDate) < draft.at) {
    return [fault('INVALID_AVAILABILITY_END_DATE', 'Provide a future AvailabilityEndDate.')]
  }
  setRule(offer, { Type: 'AvailabilityRule', AvailabilityEndDate })
  return []
}

function release(draft: Draft, offer: Entity): Fault[] {
  if (isReleased(offer)) return [fault('INVALID_UPDATE_REQUEST', AFTER_RELEASE)]
  const faults = releaseFaults(draft, offer)
  if (faults.length === 0) {
    offer.details.State = 'Released'
    offer.facts.releasedAt = draft.at
  }
  return faults
}

/** Released private offers are closed to most changes, public ones to fewer. */
function closed(draft: Draft, offer: Entity, { publicToo }: { publicToo: boolean }): Fault[] {
  const before = draft.before(offer.id)
  if (!before || !isReleased(before)) return []
  if (isExpired(before, draft.at)) return [fault('INCOMPATIBLE_TERMS', AFTER_EXPIRY)]
  if (!publicToo && !isPrivate(before)) return []
  return [fault('INCOMPATIBLE_TERMS', AFTER_RELEASE)]
}

function setTerms(offer: Entity, types: readonly string[], terms: readonly any[]): Fault[] {
  const others = offer.details.Terms.filter((term: any) => !types.includes(term.Type))
  offer.details.Terms = [...others, ...terms.map(asRead)]
  return []
}

// Writes use dates, reads answer with times.
function asRead(term: any): any {
  if (term.Type === 'PaymentScheduleTerm') {
    const Schedule = term.Schedule.map((row: any) => ({
      ...row,
      ChargeDate: `${row.ChargeDate}T00:00:00.000Z`,
    }))
    return { ...term, Schedule }
  }
  if (term.Type !== 'ValidityTerm') return term
  return {
    ...term,
    ...(term.AgreementStartDate && {
      AgreementStartDate: `${term.AgreementStartDate}T00:00:00.000Z`,
    }),
    ...(term.AgreementEndDate && { AgreementEndDate: `${term.AgreementEndDate}T23:59:59.999Z` }),
  }
}

function setRule(offer: Entity, rule: any): void {
  if (ruleOf(offer, rule.Type)) {
    offer.details.Rules = offer.details.Rules.map((one: any) =>
      one.Type === rule.Type ? rule : one,
    )
  } else {
    offer.details.Rules.push(rule)
  }
}
