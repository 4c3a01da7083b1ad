import * as z from 'zod'
import { connectionId } from '../connections/model.ts'
import { decimalField, idField, instantField, moneyField } from '../kernel/fields.ts'
import {
  type Agreement,
  type AgreementVersion,
  agreementId,
  awaitsWords,
  type RemoteAgreement,
} from './model.ts'
import type { Arrival } from './registration.ts'

const text = (description: string, example: string) => z.string().meta({ description, example })
const stateIs = <Is extends string>(is: Is) =>
  z.literal(is).meta({ description: 'Where it stands', example: is })

const stateView = z
  .discriminatedUnion('is', [
    z.object({ is: stateIs('pending') }),
    z.object({ is: stateIs('active') }),
    z.object({ is: stateIs('suspended') }),
    z.object({ is: stateIs('cancelling') }),
    z.object({
      is: stateIs('ended'),
      how: z.enum(['expired', 'cancelled', 'replaced', 'renewed', 'terminated']).meta({
        description: 'How it ended; `renewed` and `replaced` go on in another of the chain',
        example: 'expired',
      }),
    }),
    z.object({
      is: stateIs('unknown'),
      word: text('The marketplace’s word that we do not know', 'ARCHIVED'),
    }),
  ])
  .meta({ description: 'Where it stands', example: { is: 'active' } })

const entitlementView = z.object({
  dimension: text('What may be used', 'seats'),
  quantity: decimalField('How much of it; null is without limit', '100').nullable(),
  licenseRef: text('The licence that grants it', 'license/l-example').nullable(),
  expiresAt: instantField('Until when').nullable(),
})
const chargeView = z.object({
  at: instantField('When it falls due'),
  amount: moneyField('How much'),
})
const rateView = z.object({
  dimension: text('What is metered', 'api_calls'),
  rate: decimalField('Price of one unit', '0.0012'),
  currency: text('ISO 4217 currency', 'USD'),
})

const includedView = z.object({
  dimension: text('What is metered', 'api_calls'),
  quantity: decimalField('Units that the price includes; null is without limit', '1000').nullable(),
  from: instantField('First moment of the period they are for'),
  until: instantField('Its end, exclusive; null when it runs until cancelled').nullable(),
})
const awaitsView = z
  .object({
    what: z.enum(awaitsWords).meta({ description: 'What is to be done', example: 'activation' }),
    by: instantField('Until when; null when no deadline is known').nullable(),
    planRef: text('Of a change: the plan it leads to', 'gold').optional(),
    offerRef: text('Of a change: the offer it leads to, where it does', 'offer-example2')
      .nullish()
      .meta({ description: 'Of a change: the offer it leads to, where it does' }),
  })
  .meta({ description: 'What the seller must still do; null when nothing' })

const remoteFields = {
  agreementRef: text('The marketplace’s own id', 'agmt-example1'),
  initialRef: text('First of its chain of renewals and replacements', 'agmt-example1'),
  offerRef: text('The marketplace’s id of the offer', 'offer-example1').nullable(),
  listingRef: text('The marketplace’s id of the product', 'prod-example1').nullable(),
  planRef: text('The marketplace’s id of the plan', 'gold').nullable(),
  buyerRef: text('The buyer’s account at the marketplace', '111122223333'),
  licenseRefs: z
    .array(z.string())
    .meta({ description: 'Licences; they tell concurrent agreements apart', example: ['l-1'] }),
  state: stateView,
  nativeStatus: text('The marketplace’s own word for the state', 'ACTIVE'),
  awaits: awaitsView.nullable(),
  acceptedAt: instantField('When the buyer accepted'),
  startsAt: instantField('When it starts'),
  endsAt: instantField('When it ends, exclusive; null when it runs until cancelled').nullable(),
  changedAt: instantField(
    'When the marketplace last changed it; where it does not say, when we first saw it so',
  ),
  value: moneyField('Committed value; null when unknown').nullable(),
  usageRates: z.array(rateView).meta({ description: 'Prices of what is metered' }),
  charges: z.array(chargeView).meta({ description: 'Charges it foresees' }),
  entitlements: z.array(entitlementView).meta({ description: 'What the buyer may use' }),
  included: z.array(includedView).meta({ description: 'Metered units that the price includes' }),
}
const native = z
  .unknown()
  .meta({ description: 'The marketplace’s own documents, as they were read', example: {} })

export const agreementView = z
  .object({
    id: agreementId,
    connection: connectionId,
    ...remoteFields,
    offer: idField(
      'offer',
      'The offer that was accepted; null when it is not one of ours',
    ).nullable(),
    listing: idField('lst', 'The product; null while it is not known here').nullable(),
    buyer: idField('buyer', 'The buyer; null until one with this account is entered').nullable(),
    endedAt: instantField('When usage stops; null while it goes on').nullable(),
    registeredAt: instantField('When the buyer’s first user registered').nullable(),
    revision: z.int().meta({ description: 'Counts changes', example: 1 }),
    readAt: instantField('When we last read it'),
    createdAt: instantField('When we first saw it'),
    updatedAt: instantField('When it last changed here'),
  })
  .meta({ id: 'Agreement' })

export const agreementDetailView = agreementView.extend({ native }).meta({ id: 'AgreementDetail' })

export const versionView = z
  .object({
    version: z.int().meta({ description: 'Counts readings that differed', example: 1 }),
    validFrom: instantField('When it became true, by the marketplace'),
    validTo: instantField('When the next one became true; null for the newest').nullable(),
    recordedAt: instantField('When we knew'),
    ...remoteFields,
    native,
  })
  .meta({ id: 'AgreementVersion' })

export const registrationView = z
  .object({
    id: z.string().meta({ description: 'The registration', example: 'reg_example' }),
    buyerRef: text('Whose account the marketplace named', '111122223333').nullable(),
    licenseRef: text('Which licence it named', 'license/l-example').nullable(),
    customerRef: text('Legacy customer identifier', 'cust-example').nullable(),
    arrivedAt: instantField('When they first came with this link'),
    registeredAt: instantField('When the marketplace last said who they are').nullable(),
    boundAt: instantField('When they were tied to this agreement').nullable(),
    times: z.int().meta({ description: 'How often this link was used', example: 1 }),
  })
  .meta({ id: 'Registration' })

export function viewAgreement(agreement: Agreement): z.input<typeof agreementView> {
  const { native: _, ...shown } = viewDetail(agreement)
  return shown
}

export const viewDetail = (agreement: Agreement): z.input<typeof agreementDetailView> => ({
  ...told(agreement),
})

export const viewVersion = ({
  content,
  ...version
}: AgreementVersion): z.input<typeof versionView> => ({ ...told(content), ...version })

/** What is shown, its lists as the answer's schema has them: its types are not readonly. */
const told = <Told extends RemoteAgreement>({ fingerprint: _, ...agreement }: Told) => ({
  ...agreement,
  licenseRefs: [...agreement.licenseRefs],
  usageRates: [...agreement.usageRates],
  charges: [...agreement.charges],
  entitlements: [...agreement.entitlements],
  included: [...agreement.included],
})

export function viewRegistration(arrival: Arrival): z.input<typeof registrationView> {
  const { id, state, arrivedAt, times } = arrival
  const told = state.is === 'bound' || state.is === 'waiting' ? state : undefined
  return {
    id,
    buyerRef: told?.who.buyerRef ?? null,
    licenseRef: told?.who.licenseRef ?? null,
    customerRef: told?.who.customerRef ?? null,
    arrivedAt,
    registeredAt: told?.resolvedAt ?? null,
    boundAt: state.is === 'bound' ? state.boundAt : null,
    times,
  }
}
