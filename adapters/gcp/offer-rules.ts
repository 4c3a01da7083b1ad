import type { Violation } from '../../src/kernel/problem.ts'
import { addDays, addMonths, type Day } from '../../src/kernel/time.ts'
import { isRenewal, type OfferOrder } from '../../src/offers/model.ts'
import { customerNoteMax, nativeViolations, readNative } from './offer-native.ts'
import { paymentViolations } from './offer-payment-rules.ts'
import { priceViolations } from './offer-price-rules.ts'
import { billingAccountsOf } from './offer-request.ts'
import { when } from './offer-violation.ts'
import type { GcpSettings } from './settings.ts'

const titleMax = 256
const contactMax = 256
/** "must be at most 3 months from the time of publishing" and "cannot exceed one year": proto PrivateOffer. */
const acceptWithinMonths = 3
const startWithinMonths = 12

/**
 * Every rule of Google's that the order alone decides: the comments of proto PrivateOffer, Google: "Pricing models for
 * private offers", "Billing frequency for private offers". Left to Google: what the offer has to fit that it amends,
 * whether the billing account can be sold to, and the base offer's own state.
 */
export function violations(order: OfferOrder, settings: GcpSettings): readonly Violation[] {
  const shape = nativeViolations(order.terms.native)
  return [
    ...shape,
    ...texts(order),
    ...(shape.length > 0 ? [] : buyer(order)),
    ...plan(order, settings),
    ...dates(order),
    ...(shape.length > 0 ? [] : dealType(order)),
    ...(shape.length > 0 ? [] : priceViolations(order, settings)),
    ...(shape.length > 0 ? [] : paymentViolations(order)),
    ...legal(order, settings),
  ]
}

function texts({ terms }: OfferOrder): readonly Violation[] {
  const { name, note, contacts } = terms
  const isNoteSent = readNative(terms.native).customerNote === undefined
  return [
    ...when(name.trim() === '', 'name', 'must not be empty'),
    ...when(name.length > titleMax, 'name', `Google takes ${titleMax} characters`),
    ...when(
      isNoteSent && (note?.length ?? 0) > customerNoteMax,
      'note',
      `Google shows ${customerNoteMax} characters: shorten it, or say native.customerNote`,
    ),
    ...when(contacts.length === 0, 'contacts', 'Google wants a contact of the customer'),
    ...when(
      (contacts[0]?.name.length ?? 0) > contactMax,
      'contacts.0.name',
      `Google takes ${contactMax} characters`,
    ),
  ]
}

function buyer(order: OfferOrder): readonly Violation[] {
  const known = billingAccountsOf(order)
  if (readNative(order.terms.native).billingAccount !== undefined)
    return when(known.length === 0, 'native.billingAccount', 'is no billing account of the buyer')
  return [
    ...when(
      known.length === 0,
      'buyer',
      'has no billing account at Google: it looks like 012345-6789AB-CDEF01; the buyer finds it in the console under Billing',
    ),
    ...when(
      known.length > 1,
      'native.billingAccount',
      `the buyer has more than one: say which, ${known.join(' or ')}`,
    ),
  ]
}

function plan({ planRef, planKey }: OfferOrder, { offers }: GcpSettings): readonly Violation[] {
  if (planRef === null) return when(true, 'plan', 'Google sells offers on a plan: name it')
  return when(
    offers === 'api' && planKey === null,
    'plan',
    'has no standard offer that an offer could be based on',
  )
}

function dates({ terms, submittedOn }: OfferOrder): readonly Violation[] {
  const { acceptBy, start, term } = terms
  const latest = addDays(addMonths(submittedOn, acceptWithinMonths), -1)
  return [
    ...when(
      acceptBy > latest,
      'acceptBy',
      `Google takes three months: ${latest} at the latest, in Pacific time`,
    ),
    ...when(acceptBy < submittedOn, 'acceptBy', 'must not be over'),
    ...(start === 'acceptance' ? [] : startDay(start, { acceptBy, submittedOn })),
    ...when(term === undefined, 'term', 'Google wants the length of every private offer'),
    ...when(
      term !== undefined && (!Number.isInteger(term.months) || term.months < 1),
      'term.months',
      'must be a whole number of months',
    ),
  ]
}

function startDay(
  start: Day,
  { acceptBy, submittedOn }: { readonly acceptBy: Day; readonly submittedOn: Day },
): readonly Violation[] {
  const latest = addMonths(submittedOn, startWithinMonths)
  return [
    ...when(start <= submittedOn, 'start', 'must lie ahead, or be acceptance'),
    ...when(start > latest, 'start', `Google takes one year: ${latest} at the latest`),
    ...when(acceptBy >= start, 'acceptBy', 'must come before the day it starts'),
  ]
}

function dealType({ terms }: OfferOrder): readonly Violation[] {
  const { dealType: wanted } = readNative(terms.native)
  return [
    ...when(
      wanted !== undefined && isRenewal(terms),
      'native.dealType',
      'a renewal is none: leave it out, or say that it renews nothing',
    ),
    ...when(
      isRenewal(terms) && !terms.renewal?.attested,
      'renewal.attested',
      'Google is told for certain: vouch that it renews a deal made there, or leave renewal.of out',
    ),
  ]
}

/** One EULA an offer: Google's standard one, or a PDF in its place; there is no amendment to it. */
function legal({ terms, documents }: OfferOrder, { offers }: GcpSettings): readonly Violation[] {
  const { kind } = terms.legal
  return [
    ...when(
      kind === 'amended',
      'legal.kind',
      'Google has no amendments: choose custom, with one PDF of the whole contract',
    ),
    ...when(
      kind !== 'standard' && documents.length > 1,
      'legal.documents',
      'Google takes one document: put them into one PDF',
    ),
    ...documents.flatMap((address, i) =>
      when(
        offers === 'api' && !address.startsWith('https://'),
        `legal.documents.${i}`,
        'is sent to Google as a PDF, read from an https address',
      ),
    ),
  ]
}
