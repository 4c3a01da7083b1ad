import type { Violation } from '../../src/kernel/problem.ts'
import { firstDay, monthOf } from '../../src/kernel/time.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import type { AzureClient } from './client.ts'
import { nativeViolations, readNative } from './offer-native.ts'
import { partnerViolations } from './offer-partner-rules.ts'
import { endOf, hasRecurring, monthEnd } from './offer-plan.ts'
import { pricingViolations } from './offer-pricing-rules.ts'
import { billingAccountsOf, fileNameOf, keyed } from './offer-request.ts'
import { when } from './offer-violation.ts'

const nameMax = 128
const contactsMax = 5
/** The customer's variant takes none of `! < > ^ [ ] @ # % /`, and nothing from ~ to ÿ: private-offer schema. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const forbidden = /[!<>^[\]@#%/\u0000-\u001f\u007e-\u00ff]/u

/**
 * Every rule of Microsoft's that an order breaks and that can be told without asking Microsoft: the private offer
 * schemas, "ISV to customer private offers", "Private offer API troubleshooting" and the FAQs of both kinds of offer.
 */
export function violations(order: OfferOrder, azure: AzureClient): readonly Violation[] {
  const shape = nativeViolations(order.terms.native)
  return [
    ...shape,
    ...name(order, azure),
    ...(shape.length > 0 ? [] : buyer(order)),
    ...(shape.length > 0 ? [] : dates(order)),
    ...(shape.length > 0 ? [] : pricingViolations(order, azure)),
    ...(shape.length > 0 ? [] : partnerViolations(order)),
    ...people(order),
    ...legal(order),
    ...when(
      order.terms.autoRenew !== undefined,
      'autoRenew',
      'at Microsoft the buyer decides about renewal',
    ),
  ]
}

function name({ terms }: OfferOrder, { settings }: AzureClient): readonly Violation[] {
  const isDirect = terms.reseller === undefined
  const keyIsIn = settings.offers.keyField === 'name'
  const max = nameMax - (keyIsIn ? keyed('', 'offer_'.padEnd(42, '0')).length : 0)
  return [
    ...when(terms.name.length > max, 'name', `Microsoft takes ${max} characters`),
    ...when(
      isDirect && forbidden.test(terms.name),
      'name',
      'Microsoft does not take ! < > ^ [ ] @ # % / ~ nor letters such as ä or é here',
    ),
  ]
}

function buyer(order: OfferOrder): readonly Violation[] {
  const wanted = readNative(order.terms.native).billingAccount
  const known = billingAccountsOf(order)
  if (wanted !== undefined)
    return when(known.length === 0, 'native.billingAccount', 'is no billing account of the buyer')
  return [
    ...when(
      known.length === 0,
      'buyer',
      'has no billing account at Microsoft: it looks like {id}:{id}_2019-05-31, or is an enrolment number; the buyer finds it in the Azure portal',
    ),
    ...when(
      known.length > 1,
      'native.billingAccount',
      `the buyer has more than one: say which, ${known.join(' or ')}`,
    ),
  ]
}

function dates(order: OfferOrder): readonly Violation[] {
  const { acceptBy, start, term } = order.terms
  const end = endOf(order)
  const wanted = readNative(order.terms.native).end
  const begins = start === 'acceptance' ? order.submittedOn : start
  return [
    ...when(acceptBy < order.submittedOn, 'acceptBy', 'must not be over'),
    ...when(
      start !== 'acceptance' && start < firstDay(monthOf(order.submittedOn)),
      'start',
      'must not lie in a month that is over',
    ),
    ...when(
      start !== 'acceptance' && !start.endsWith('-01'),
      'start',
      'must be the first day of a month, or acceptance',
    ),
    ...when(
      wanted !== undefined && wanted !== monthEnd(wanted),
      'native.end',
      'must be the last day of a month',
    ),
    ...when(
      end === undefined && !hasRecurring(order),
      'term',
      'Microsoft wants a last day of the price: give a term, or native.end',
    ),
    ...when(
      term !== undefined && (!Number.isInteger(term.months) || term.months < 1),
      'term.months',
      'must be a whole number of months',
    ),
    ...when(
      wanted !== undefined && (acceptBy > wanted || begins > wanted),
      'native.end',
      'must not come before acceptBy or start',
    ),
  ]
}

function people({ terms }: OfferOrder): readonly Violation[] {
  return when(terms.contacts.length > contactsMax, 'contacts', `at most ${contactsMax}`)
}

const documentsMax = { direct: 1, multiparty: 5 }

/** A private offer takes its own terms as PDF; the standard contract is a matter of the product, not of the offer. */
function legal({ terms, documents }: OfferOrder): readonly Violation[] {
  const max = terms.reseller ? documentsMax.multiparty : documentsMax.direct
  return [
    ...when(
      documents.length > max,
      'legal.documents',
      `Microsoft takes at most ${max} here: put them into one PDF`,
    ),
    ...documents.flatMap((address, i) =>
      when(
        !address.startsWith('https://') || !/\.pdf$/i.test(fileNameOf(address)),
        `legal.documents.${i}`,
        'Microsoft fetches a PDF from an https address',
      ),
    ),
  ]
}
