import { z } from 'zod'
import { Problem, type Reason } from '../../src/kernel/problem.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import type { GcpClient } from './client.ts'
import { readNative } from './offer-native.ts'
import { resolveCall } from './offer-request.ts'
import { lastOf, shaped } from './reply.ts'

const text = z.string().min(1).nullish()
const target = z.looseObject({
  requiredPrivateOffer: text,
  requiredStandardOffer: text,
  optionalOffers: z.looseObject({ privateOffers: z.array(z.string()).nullish() }).nullish(),
})

/** Which offer the new one takes the place of, in Google's words; empty for a new order. */
export type Amended =
  | { readonly amendedPrivateOffer: string }
  | { readonly amendedStandardOffer: string }
  | Record<string, never>

/**
 * Asks what a new offer must amend: `privateOffers.resolveAmendmentTarget`. Where the buyer has an active order for the
 * product that is decided; where several orders may be active it is `native.amends` that says, and without it nothing is
 * begun. Throws `rejected` with the choices as reasons.
 */
export async function amendedBy(client: GcpClient, order: OfferOrder): Promise<Amended> {
  const call = resolveCall(order, client.settings)
  const told = shaped(target, await client.call(call), call.operation)
  const { requiredPrivateOffer, requiredStandardOffer, optionalOffers } = told
  const wanted = readNative(order.terms.native).amends
  const required = requiredPrivateOffer ?? requiredStandardOffer
  if (required) {
    if (wanted !== undefined && lastOf(wanted) !== lastOf(required))
      throw no([reason(required, 'is the offer that has to be amended: it is on the active order')])
    return requiredPrivateOffer
      ? { amendedPrivateOffer: requiredPrivateOffer }
      : { amendedStandardOffer: required }
  }
  const choices = optionalOffers?.privateOffers ?? []
  if (wanted === 'none' || (wanted === undefined && choices.length === 0)) return {}
  const chosen = choices.find((name) => wanted !== undefined && lastOf(name) === lastOf(wanted))
  if (chosen !== undefined) return { amendedPrivateOffer: chosen }
  throw no([
    ...(wanted === undefined ? [] : [reason(wanted, 'is no offer that could be amended')]),
    ...choices.map((name) => reason(name, 'can be amended: name it, or say none for a new order')),
  ])
}

const reason = (name: string, message: string): Reason => ({
  part: 'native.amends',
  code: 'amendment',
  message: `${lastOf(name)} ${message}`,
})

function no(reasons: readonly Reason[]): Problem {
  const [first] = reasons
  return new Problem('rejected', `native.amends: ${first?.message}`, { reasons })
}
