import * as z from 'zod'
import { buyerId } from '../buyers/model.ts'
import { connectionId } from '../connections/model.ts'
import { dayField, idField, instantField } from '../kernel/fields.ts'
import { listingId } from '../listings/model.ts'
import {
  type ContractDocument,
  documentId,
  type Offer,
  type OfferTerms,
  offerId,
  type Quote,
} from './model.ts'
import type { Preview } from './preview.ts'
import { offerFields } from './request.ts'
import { lookedView, shownStanding, shownState, stateView } from './state-views.ts'
import { expiresAt, lastDayToAccept } from './times.ts'

const text = (description: string, example: string) => z.string().meta({ description, example })

export const moneyView = (description: string) =>
  z
    .object({
      currency: text('ISO 4217 currency', 'USD'),
      amount: text('Decimal string with the currency’s decimals', '120000.00'),
    })
    .meta({ description })

export const feeView = z
  .union([
    z.object({
      is: z.literal('known').meta({ description: 'A rule covers this sale', example: 'known' }),
      rate: text('Share of the value', '0.03'),
      amount: moneyView('The fee on the committed value'),
      rules: z
        .array(z.string())
        .meta({ description: 'The rules that made it', example: ['2024-PRIVATE'] }),
      confidence: z
        .enum(['contract', 'official', 'secondary', 'unconfirmed'])
        .meta({ description: 'How sure its source is', example: 'official' }),
    }),
    z.object({
      is: z.literal('unknown').meta({ description: 'No rule gives a number', example: 'unknown' }),
      rules: z.array(z.string()).meta({ description: 'The rules that matched', example: [] }),
      reason: text('Why it is unknown', 'no rule covers this case'),
    }),
  ])
  .meta({ description: 'The marketplace’s fee; compare it with the one reported' })

const valueView = {
  value: moneyView('Committed charges over the term, before tax').nullable(),
  annualValue: moneyView('The same for a year').nullable(),
  fee: feeView.nullable().meta({
    description: 'Null while the money does not add up, or hangs on the plan’s own price',
  }),
  net: moneyView('What is left after the fee; null while it is unknown').nullable(),
  nextFeeTier: z
    .object({
      from: moneyView('Where it starts'),
      rate: text('Its rate, for all of the value', '0.02'),
    })
    .nullable()
    .meta({ description: 'Another rate for all of it lies within a tenth above', example: null }),
}

const part = offerFields

export const offerView = z
  .object({
    id: offerId,
    connection: connectionId,
    listing: listingId,
    plan: idField('plan', 'A plan of the listing').nullable(),
    name: part.name,
    note: part.note.optional(),
    buyer: buyerId,
    contacts: part.contacts,
    acceptBy: part.acceptBy,
    start: part.start,
    term: part.term.optional(),
    currency: part.currency,
    pricing: part.pricing,
    payments: part.payments.optional(),
    legal: z
      .object({
        kind: part.legal.shape.kind,
        documents: z
          .array(documentId)
          .meta({ description: 'Documents entered at /v1/documents', example: [] }),
      })
      .meta({ description: 'The contract' }),
    renewal: part.renewal.optional(),
    autoRenew: part.autoRenew.optional(),
    reseller: part.reseller.optional(),
    crm: part.crm.optional(),
    native: part.native,
    state: stateView,
    timeZone: text('Whose days its days are', 'UTC'),
    expiresAt: instantField('When it lapses unless it is accepted'),
    submittedOn: dayField('The day its order was frozen').nullable(),
    ...valueView,
    problem: z
      .object({
        at: instantField('When'),
        code: text('The kind of problem', 'conflict'),
        message: text('What the marketplace said', 'the product is locked by another change'),
      })
      .nullable()
      .meta({
        description: 'What the newest attempt to speak to the marketplace ran into',
        example: null,
      }),
    looked: lookedView.nullable().meta({
      description: 'The newest look, where the marketplace does not tell us of an acceptance',
      example: null,
    }),
    openSince: instantField(
      'No buyer can have accepted it before; null until it is handed off or live',
    ).nullable(),
    mayBe: z.array(idField('agr', 'An agreement of its buyer')).meta({
      description:
        'Agreements that may have come of it, where that is not sure: say which at /v1/offers/{id}/match',
      example: [],
    }),
    revision: z.int().meta({ description: 'Counts changes; also the ETag', example: 1 }),
    createdAt: instantField('When it was made'),
    updatedAt: instantField('When it last changed'),
  })
  .meta({ id: 'Offer' })

export const previewView = z
  .object({
    key: text('What a repeat is known by', 'offer_example'),
    requests: z.array(z.unknown()).meta({
      description:
        'Exactly what the marketplace would be sent; empty while rules are broken that hold everywhere',
      example: [],
    }),
    violations: z
      .array(
        z.object({
          path: text('Where in the offer', 'payments'),
          message: text(
            'What is wrong',
            'come to USD 119999.99, which is 0.01 less than the total of 120000.00',
          ),
        }),
      )
      .meta({ description: 'Every rule it breaks; it can be submitted when there is none' }),
    schedule: z
      .object({
        rows: z
          .array(
            z.object({
              when: text('As asked for: acceptance, or a day', 'acceptance'),
              on: dayField('The day, if it is accepted on the day it is submitted'),
              amount: moneyView('What is charged'),
            }),
          )
          .meta({ description: 'Every charge' }),
        total: moneyView('The contract’s total'),
        matches: z
          .boolean()
          .meta({ description: 'The charges add up to the total exactly', example: true }),
      })
      .nullable()
      .meta({ description: 'Null for use alone, and while amounts cannot be read' }),
    ...valueView,
    fit: z.unknown().meta({
      description: 'What of it would burn the buyer’s commitments down; null when none is known',
      example: null,
    }),
  })
  .meta({ id: 'OfferPreview' })

export const documentView = z
  .object({
    id: documentId,
    name: text('What people call it', 'Acme master agreement'),
    url: text('Where it is', 'https://acme-contracts.example.com/master-agreement.pdf'),
    createdAt: instantField('When it was entered'),
  })
  .meta({ id: 'Document' })

const viewQuote = (quote: Quote | null) => ({
  value: quote?.tcv ?? null,
  annualValue: quote?.acv ?? null,
  fee: quote && { ...quote.fee, rules: [...quote.fee.rules] },
  net: quote?.net ?? null,
  nextFeeTier: quote?.nextTier ?? null,
})

export function viewOffer(offer: Offer): z.input<typeof offerView> {
  const { terms, order, quote, looked, sentKey: _, keysUsed: __, dueAt: ___, ...rest } = offer
  return {
    ...rest,
    ...(terms as Pick<z.input<typeof offerView>, keyof OfferTerms>),
    state: shownState(offer.state),
    expiresAt: expiresAt(lastDayToAccept(offer)),
    submittedOn: order?.submittedOn ?? null,
    ...viewQuote(quote),
    mayBe: [...offer.mayBe],
    looked: looked && { at: looked.at, ...shownStanding(looked.standing) },
  }
}

export const viewPreview = ({ quote, ...preview }: Preview): z.input<typeof previewView> => ({
  ...preview,
  requests: [...preview.requests],
  violations: [...preview.violations],
  schedule: preview.schedule && { ...preview.schedule, rows: [...preview.schedule.rows] },
  ...viewQuote(quote),
})

export const viewDocument = (document: ContractDocument): z.input<typeof documentView> => document
