import type { Violation } from '../../src/kernel/problem.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import { readNative } from './offer-native.ts'
import { when } from './offer-violation.ts'

/** What a multiparty offer must have, and what goes with one alone: "Create a multiparty private offer for a customer". */
export function partnerViolations({ terms }: OfferOrder): readonly Violation[] {
  const native = readNative(terms.native)
  const { reseller } = terms
  if (!reseller)
    return [
      ...when(native.partner !== undefined, 'native.partner', 'goes with a reseller only'),
      ...when(native.notes !== undefined, 'native.notes', 'goes with a reseller only'),
    ]
  const foreign = 'does not go with a reseller'
  return [
    ...when(
      native.partner === undefined,
      'native.partner',
      'give the selling partner’s name and location, as Partner Center has them',
    ),
    ...when(
      !/^[\w-]{1,50}$/.test(reseller.partner),
      'reseller.partner',
      'must be the selling partner’s seller id',
    ),
    ...when(
      reseller.scope !== 'single',
      'reseller.scope',
      'a multiparty offer is for one customer: single',
    ),
    ...when(
      reseller.until !== undefined,
      'reseller.until',
      'a multiparty offer ends with its price: leave it out',
    ),
    ...when(native.preparedBy !== undefined, 'native.preparedBy', 'is set by the selling partner'),
    ...when(native.billingGroups !== undefined, 'native.billingGroups', foreign),
    ...when(native.upgradedFrom !== undefined, 'native.upgradedFrom', foreign),
  ]
}
