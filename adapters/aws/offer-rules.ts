import type { Violation } from '../../src/kernel/problem.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import { descriptionOf } from './offer-changes.ts'
import { nativeViolations } from './offer-native.ts'
import { paymentViolations } from './offer-payment-rules.ts'
import { shapeOf, spanOf } from './offer-plan.ts'
import { pricingViolations } from './offer-pricing-rules.ts'
import { renewalViolations } from './offer-renewal-rules.ts'
import { when } from './violation.ts'

const accountsMax = 26
const nameMax = 150
const descriptionMax = 255
const documentsMax = 5
export const monthsMax = 60

/**
 * Every rule of AWS's that an order breaks and that can be told without asking AWS. They are the synchronous
 * validations and asynchronous errors of "Work with private offers using the AWS Marketplace APIs".
 */
export function violations(order: OfferOrder): readonly Violation[] {
  const shape = nativeViolations(order.terms.native)
  if (shape.length > 0) return [...shape, ...buyers(order), ...texts(order), ...legal(order)]
  return [
    ...buyers(order),
    ...texts(order),
    ...dates(order),
    ...pricingViolations(order),
    ...paymentViolations(order),
    ...renewalViolations(order),
    ...legal(order),
  ]
}

function buyers({ buyerRefs }: OfferOrder): readonly Violation[] {
  const wrong = buyerRefs.filter((ref) => !/^\d{12}$/.test(ref))
  return [
    ...when(buyerRefs.length === 0, 'buyer', 'the buyer has no AWS account'),
    ...when(buyerRefs.length > accountsMax, 'buyer', `at most ${accountsMax} AWS accounts`),
    ...when(wrong.length > 0, 'buyer', `an AWS account has 12 digits: ${wrong.join(', ')}`),
    ...when(new Set(buyerRefs).size < buyerRefs.length, 'buyer', 'an AWS account is named twice'),
  ]
}

function texts(order: OfferOrder): readonly Violation[] {
  const { name, note } = order.terms
  const description = descriptionOf(order)
  return [
    ...when(name.length === 0 || name.length > nameMax, 'name', `1 to ${nameMax} characters`),
    ...when(/[\\<>]/.test(name), 'name', 'AWS does not take \\, < or > here'),
    ...when(/^\s/.test(name), 'name', 'must not begin with a space'),
    ...when(
      description.length > descriptionMax,
      note?.trim() ? 'note' : 'name',
      `AWS takes ${descriptionMax} characters of description`,
    ),
  ]
}

function dates(order: OfferOrder): readonly Violation[] {
  const { acceptBy, start, term } = order.terms
  const months = term?.months
  const badTerm = months !== undefined && (!Number.isInteger(months) || months < 1)
  return [
    ...when(acceptBy <= order.submittedOn, 'acceptBy', 'must be in the future'),
    ...when(badTerm, 'term.months', 'must be a whole number of months'),
    ...when((months ?? 0) > monthsMax, 'term.months', `at most ${monthsMax} months`),
    ...when(
      shapeOf(order).hasContract && !term,
      'term',
      'a contract needs a term; only pay as you go runs without one',
    ),
    ...when(
      start !== 'acceptance' && start <= acceptBy,
      'start',
      'a fixed start must come after acceptBy',
    ),
    ...when(
      start !== 'acceptance' && !spanOf(order),
      'start',
      'a fixed start needs a term, since AWS wants the end as well',
    ),
  ]
}

function legal({ terms, documents }: OfferOrder): readonly Violation[] {
  const { kind } = terms.legal
  if (kind === 'standard')
    return when(
      documents.length > 0,
      'legal.documents',
      'the standard contract takes no documents: choose amended or custom',
    )
  return [
    ...when(documents.length === 0, 'legal.documents', 'name the contract document'),
    ...when(documents.length > documentsMax, 'legal.documents', `at most ${documentsMax}`),
    ...documents.flatMap((address, i) =>
      when(
        !inS3(address),
        `legal.documents.${i}`,
        'AWS reads contract documents from S3 only: an https address at amazonaws.com',
      ),
    ),
  ]
}

/** Both forms of address S3 has: path style and virtual-hosted style. */
function inS3(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined
  return (
    url?.protocol === 'https:' &&
    /(^|\.)s3[.-]([a-z0-9.-]+\.)?amazonaws\.com$/.test(`${url.hostname}`)
  )
}
