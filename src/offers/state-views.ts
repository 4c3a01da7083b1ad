import * as z from 'zod'
import { dayField, idField, instantField } from '../kernel/fields.ts'
import { type Offer, type OfferStanding, stateNames } from './model.ts'

const text = (description: string, example: string) => z.string().meta({ description, example })

const reasonView = z.object({
  part: text('Which part of our request', 'UpdatePaymentScheduleTerms'),
  code: z
    .string()
    .nullable()
    .meta({ description: 'The marketplace’s own code', example: 'INVALID_CHARGE_DATES' }),
  message: text('Its words', 'Provide a first charge date that is not in the past.'),
})
const reasons = z.array(reasonView).meta({ description: 'Every reason' })

export const stateView = z
  .object({
    is: z.enum(stateNames).meta({ description: 'Where it stands', example: 'live' }),
    operation: z.string().nullable().optional().meta({
      description: 'The marketplace’s operation under way; null before it was told',
      example: 'b7wypn1gmqvgr9yz2yhsfgo3t',
    }),
    since: instantField('Since when the operation is under way').optional(),
    askedAt: instantField('When the order was first sent; null before').nullable().optional(),
    tries: z
      .int()
      .optional()
      .meta({ description: 'How often the marketplace failed at it by its own fault', example: 0 }),
    offerRef: text(
      'The marketplace’s own id of the offer; null while nobody has told it',
      'offer-example1',
    )
      .nullable()
      .optional(),
    buyUrl: text(
      'Where the buyer accepts; null while nobody has told it',
      'https://marketplace.example.com/buy',
    )
      .nullable()
      .optional(),
    byHand: z.literal(true).optional().meta({
      description: 'A person does it at the marketplace, from the sheet at /v1/offers/{id}/sheet',
      example: true,
    }),
    acceptedAt: instantField('When the buyer accepted').optional(),
    agreement: idField('agr', 'What came of it; null while the buyer has not subscribed')
      .nullable()
      .optional(),
    reminders: z.int().optional().meta({
      description: 'How often we reminded people that nobody has subscribed',
      example: 0,
    }),
    acceptBy: dayField('The last day that an extension asks for').optional(),
    reasons: reasons.optional(),
    changeRefused: z
      .object({
        change: z.enum(['withdraw', 'extend']).meta({ description: 'Which', example: 'extend' }),
        at: instantField('When'),
        reasons,
      })
      .optional()
      .meta({ description: 'The newest change that the marketplace would not make' }),
  })
  .meta({ description: 'What may be true of it, and no more' })

export const lookedView = z.object({
  at: instantField('When'),
  is: z
    .enum(['open', 'accepted', 'withdrawn', 'expired', 'unknown'])
    .meta({ description: 'What the marketplace had it as', example: 'open' }),
  word: text('The marketplace’s word, where we do not know it', 'pendingPartner').optional(),
})

export const shownStanding = (standing: OfferStanding) =>
  standing.is === 'unknown' ? standing : { is: standing.is }

/** Keys are between us and the marketplace; a sheet has an address of its own. */
export function shownState(state: Offer['state']): z.input<typeof stateView> {
  if (!('key' in state)) return state as z.input<typeof stateView>
  if (!('sheet' in state)) {
    const { key: _, ...shown } = state
    return shown
  }
  const { key: _, sheet, ...shown } = state
  return { ...shown, ...(sheet && { byHand: true }) }
}
