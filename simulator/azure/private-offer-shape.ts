import { compareVersions } from './catalog-versions.ts'

/** One breach of a schema: where, as a JSON pointer, and what. */
export type ShapeFault = { readonly path: string; readonly message: string }

type Report = (path: string, message: string) => void

export const KINDS = [
  'customerPromotion',
  'cspPromotion',
  'multipartyPromotionOriginator',
  'multipartyPromotionChannelPartner',
] as const
export type OfferKind = (typeof KINDS)[number]

const NAME_MAX = 128
const NOTES_MAX = 60
const CONTACTS_MAX = 5
const DOCUMENTS_MAX = 5
const BENEFICIARIES_MAX = { one: 1, csp: 150 }
const FORBIDDEN_IN_NAME = /[!<>^[\]@#%/\p{Cc}~\u00a0-\u00ff]/u
const DAY = /^\d{4}-\d{2}-\d{2}$/
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/
const PRICING_TYPES = [
  'editExistingOfferPricingOnly',
  'saasNewCustomizedPlans',
  'vmSoftwareReservations',
]

/** The kind a resource names, in any casing (answers spell one of them with a capital P). */
export function kindOf(resource: any): OfferKind | undefined {
  const named = String(resource?.privateOfferType).toLowerCase()
  return KINDS.find((kind) => kind.toLowerCase() === named)
}

/**
 * What the schema `private-offer` of that version refuses at once, before any job is made. `resource` is
 * the plain JSON. Rules: "Private offers API", "Create a direct ISV to customer private offer", "Create a
 * private offer for a CSP partner", "Create a multiparty private offer" (Partner Center documentation).
 */
export function offerShape(resource: any, version: string, itemsMax: number): ShapeFault[] {
  const found: ShapeFault[] = []
  const report: Report = (path, message) => found.push({ path, message })
  const kind = kindOf(resource)
  if (kind === undefined) {
    report('/privateOfferType', `Value is not one of ${KINDS.join(', ')}`)
    return found
  }
  names(resource, kind, version, report)
  states(resource, kind, report)
  if (resource.state === 'withdrawn' || resource.state === 'deleted') {
    if (typeof resource.id !== 'string')
      report('', 'Required properties are missing from object: id')
    return found
  }
  dates(resource, report)
  people(resource, kind, report)
  documents(resource, kind, report)
  items(resource, kind, itemsMax, report)
  if (resource.state === 'live') required(resource, kind, report)
  return found
}

function names(resource: any, kind: OfferKind, version: string, report: Report): void {
  const { name, offerPricingType, notes, upgradedFrom } = resource
  if (typeof name !== 'string' || name === '') {
    report('', 'Required properties are missing from object: name')
  } else {
    if (name.length > NAME_MAX) report('/name', `String exceeds the length of ${NAME_MAX}`)
    if (!kind.startsWith('multiparty') && FORBIDDEN_IN_NAME.test(name)) {
      report('/name', 'String does not match the regex pattern of name')
    }
  }
  const isDone = resource.state === 'withdrawn' || resource.state === 'deleted'
  const types = compareVersions(version, '2024-09-30') < 0 ? PRICING_TYPES : newer()
  if (offerPricingType !== undefined && !types.includes(offerPricingType)) {
    report('/offerPricingType', `Value is not one of ${types.join(', ')}`)
  }
  const mustSay = compareVersions(version, '2023-07-15') >= 0 && !isDone
  if (offerPricingType === undefined && mustSay) {
    report('', 'Required properties are missing from object: offerPricingType')
  }
  if (kind.startsWith('multiparty') && compareVersions(version, '2023-07-15') < 0) {
    report('/privateOfferType', 'Value is not defined in this version of the schema')
  }
  if (notes !== undefined && String(notes).length > NOTES_MAX) {
    report('/notes', `String exceeds the length of ${NOTES_MAX}`)
  }
  if (upgradedFrom && (typeof upgradedFrom.id !== 'string' || kind.startsWith('multiparty'))) {
    report('/upgradedFrom', 'Object does not match the schema')
  }
}

function newer(): string[] {
  return [...PRICING_TYPES, 'newCustomizedPlans']
}

function states(resource: any, kind: OfferKind, report: Report): void {
  const allowed = ['draft', 'live', 'withdrawn']
  if (kind !== 'multipartyPromotionChannelPartner') allowed.push('deleted')
  if (!allowed.includes(resource.state)) {
    report('/state', `Value is not one of ${allowed.join(', ')}`)
  }
  for (const name of ['variableStartDate', 'customerContractRenewal']) {
    if (resource[name] !== undefined && typeof resource[name] !== 'boolean') {
      report(`/${name}`, 'Invalid type. Expected Boolean')
    }
  }
}

function dates(resource: any, report: Report): void {
  for (const name of ['start', 'end', 'acceptBy']) {
    const day = resource[name]
    if (day === undefined || day === null) continue
    if (typeof day !== 'string' || !DAY.test(day) || Number.isNaN(Date.parse(day))) {
      report(`/${name}`, "String does not validate against format 'date'")
    }
  }
  const hasStart = resource.start !== undefined && resource.start !== null
  if (hasStart && resource.variableStartDate === true) {
    report('/start', 'start must be absent when variableStartDate is true')
  }
  const isFixed = resource.variableStartDate !== undefined && resource.variableStartDate !== true
  if (isFixed && !hasStart) report('', 'Required properties are missing from object: start')
}

function people(resource: any, kind: OfferKind, report: Report): void {
  const { preparedBy, notificationContacts = [], beneficiaries = [], partners = [] } = resource
  if (preparedBy !== undefined && !EMAIL.test(String(preparedBy))) {
    report('/preparedBy', "String does not validate against format 'email'")
  }
  if (!Array.isArray(notificationContacts) || notificationContacts.length > CONTACTS_MAX) {
    report('/notificationContacts', `Array item count exceeds the maximum of ${CONTACTS_MAX}`)
  } else if (notificationContacts.some((one: unknown) => !EMAIL.test(String(one)))) {
    report('/notificationContacts', "String does not validate against format 'email'")
  }
  const most = kind === 'cspPromotion' ? BENEFICIARIES_MAX.csp : BENEFICIARIES_MAX.one
  if (!Array.isArray(beneficiaries) || beneficiaries.length > most) {
    report('/beneficiaries', `Array item count exceeds the maximum of ${most}`)
  } else {
    for (const [at, one] of beneficiaries.entries()) beneficiary(one, at, kind, report)
  }
  if (!kind.startsWith('multiparty')) return
  if (!Array.isArray(partners) || partners.length > 1) {
    report('/partners', 'Array item count exceeds the maximum of 1')
  }
}

function beneficiary(one: any, at: number, kind: OfferKind, report: Report): void {
  if (typeof one?.id !== 'string') {
    report(`/beneficiaries/${at}`, 'Required properties are missing from object: id')
  }
  const wanted = kind === 'cspPromotion' ? 'cspCustomer' : 'billingGroup'
  for (const recipient of one?.beneficiaryRecipients ?? []) {
    if (recipient?.recipientType !== wanted) {
      report(`/beneficiaries/${at}/beneficiaryRecipients`, `recipientType must be ${wanted}`)
    }
  }
}

function documents(resource: any, kind: OfferKind, report: Report): void {
  const own = resource.termsAndConditionsDocs ?? []
  const theirs = resource.originatorTermsAndConditionsDocs ?? []
  if (own.length + theirs.length > DOCUMENTS_MAX) {
    report('/termsAndConditionsDocs', `Array item count exceeds the maximum of ${DOCUMENTS_MAX}`)
  }
  const url = resource.termsAndConditionsDocSasUrl
  if (url === undefined || url === null) return
  if (kind !== 'customerPromotion') {
    report('/termsAndConditionsDocSasUrl', 'Property is not defined and the schema forbids it')
  } else if (!URL.canParse(String(url))) {
    report('/termsAndConditionsDocSasUrl', "String does not validate against format 'uri'")
  }
}

function items(resource: any, kind: OfferKind, most: number, report: Report): void {
  const field = kind === 'multipartyPromotionChannelPartner' ? 'originatorPricing' : 'pricing'
  const pricing = resource[field]
  if (pricing === undefined || pricing === null) return
  if (!Array.isArray(pricing) || pricing.length > most) {
    report(`/${field}`, `Array item count exceeds the maximum of ${most}`)
    return
  }
  for (const [at, one] of pricing.entries()) item(one, `/${field}/${at}`, kind, report)
}

function item(one: any, path: string, kind: OfferKind, report: Report): void {
  if (one?.product === undefined) {
    report(path, 'Required properties are missing from object: product')
  }
  if (one?.markupPercentage !== undefined && kind !== 'multipartyPromotionChannelPartner') {
    report(`${path}/markupPercentage`, 'Property is not defined and the schema forbids it')
  }
  if (!(one?.markupPercentage === undefined || one.markupPercentage >= 0)) {
    report(`${path}/markupPercentage`, 'Number is less than the minimum of 0')
  }
  if (one?.discountType !== 'percentage' && one?.discountType !== 'absolute') {
    report(`${path}/discountType`, 'Value is not one of percentage, absolute')
  } else if (one.discountType === 'percentage') {
    const percent = one.discountPercentage
    if (typeof percent !== 'number' || percent < 0.01 || percent > 100) {
      report(`${path}/discountPercentage`, 'Number must be within 0.01 and 100')
    }
  } else if (one.priceDetails === undefined || one.priceDetails === null) {
    report(path, 'Required properties are missing from object: priceDetails')
  }
}

function required(resource: any, kind: OfferKind, report: Report): void {
  const fields = kind === 'cspPromotion' ? ['end'] : ['end', 'acceptBy']
  const isPartner = kind === 'multipartyPromotionChannelPartner'
  // An upgrade carries the old offer's pricing over when it sends none.
  const lists = isPartner || resource.upgradedFrom ? [] : ['pricing']
  if (!isPartner) lists.push('beneficiaries')
  if (kind === 'multipartyPromotionOriginator') lists.push('partners')
  const absent = [
    ...fields.filter((name) => typeof resource[name] !== 'string'),
    ...lists.filter((name) => !Array.isArray(resource[name]) || resource[name].length === 0),
  ]
  if (absent.length > 0) {
    report('', `Required properties are missing from object: ${absent.join(', ')}`)
  }
  if (kind === 'cspPromotion' && resource.acceptBy !== undefined && resource.acceptBy !== null) {
    report('/acceptBy', 'Property is not defined and the schema forbids it')
  }
}
