import * as z from 'zod'
import { decimalField, idField, instantField, textField } from '../kernel/fields.ts'
import type { Command } from './command.ts'
import { type Operation, operationStates, wantedKinds } from './operation.ts'

const text = (description: string, example: string) => z.string().meta({ description, example })

const onePart = 'give either a plan or a quantity'
const either = ({ plan, quantity }: { plan?: unknown; quantity?: unknown }) =>
  (plan === undefined) !== (quantity === undefined)

/** What a change asks for: one thing at a time, because a marketplace takes no more. */
export const changeAgreement = z
  .strictObject({
    plan: textField(
      200,
      'Another plan: our id of it, or the marketplace’s own word',
      'gold',
    ).optional(),
    quantity: decimalField('Another number of units', '25', 'positive').optional(),
  })
  .superRefine((asked, context) => {
    if (either(asked)) return
    for (const path of ['plan', 'quantity'])
      context.addIssue({ code: 'custom', path: [path], message: onePart })
  })
  .meta({ description: 'Either a plan or a quantity', example: { quantity: '25' } })

export const commandOf = ({ plan, quantity }: z.infer<typeof changeAgreement>): Command =>
  plan === undefined
    ? { is: 'change_quantity', quantity: quantity ?? '' }
    : { is: 'change_plan', plan }

const reasonField = textField(256, 'Why, as the buyer is told', 'not sold in your country')
export const rejectAgreement = z
  .strictObject({ reason: reasonField.optional() })
  .meta({ description: 'Why it shall not begin', example: { reason: 'not sold in your country' } })
const changeFields = {
  plan: textField(
    200,
    'The plan that the waiting change leads to: our id of it, or the marketplace’s own word. Absent: whichever waits',
    'gold',
  ).optional(),
}
export const approveChange = z
  .strictObject(changeFields)
  .meta({ description: 'Which change stands', example: { plan: 'gold' } })
export const rejectChange = z
  .strictObject({ ...changeFields, reason: reasonField.optional() })
  .meta({ description: 'Which change does not stand, and why', example: { plan: 'gold' } })
export const messageBuyer = z
  .strictObject({
    text: textField(1000, 'What the buyer is told', 'We set up your account by Friday.'),
  })
  .meta({ description: 'What the buyer is told while the agreement awaits the seller' })

const reasonView = z.object({
  part: text('Which part of the request', 'quantity'),
  code: text('The marketplace’s own code', 'BadRequest').nullable(),
  message: text('In its words', 'the quantity is above the maximum of the plan'),
})

export const operationView = z
  .object({
    id: idField('op', 'The request'),
    agreement: idField('agr', 'Of which agreement'),
    wanted: z
      .object({
        is: z.enum(wantedKinds).meta({ description: 'What', example: 'change_quantity' }),
        planRef: text('The plan, in the marketplace’s words', 'gold').optional(),
        quantity: decimalField('The number of units', '25').optional(),
        reason: text('Why, as the buyer is told', 'not sold in your country').nullish(),
        text: text('What the buyer is told', 'We set up your account by Friday.').optional(),
      })
      .meta({ description: 'What was asked for' }),
    state: z.enum(operationStates).meta({
      description: 'Where it stands; `waiting` until the marketplace has taken it',
      example: 'running',
    }),
    operationRef: text('The marketplace’s name for it', '74dfb4db-c193-4891-827d-eb05fbdc64b0')
      .nullable()
      .meta({ description: 'The marketplace’s name for it, while it runs, where it has one' }),
    reasons: z.array(reasonView).meta({ description: 'Why it was refused; every reason' }),
    problem: z
      .object({
        code: text('The kind', 'unavailable'),
        message: text('What went wrong', 'the marketplace does not answer'),
      })
      .nullable()
      .meta({ description: 'What the newest attempt ran into; it is tried again' }),
    attempts: z
      .int()
      .meta({ description: 'How often it was looked at since it last moved', example: 0 }),
    dueAt: instantField('When it is looked at next; null once settled').nullable(),
    settledAt: instantField('When it was done or refused').nullable(),
    createdAt: instantField('When it was asked for'),
    updatedAt: instantField('When it last moved'),
  })
  .meta({ id: 'AgreementOperation' })

export function viewOperation(operation: Operation): z.input<typeof operationView> {
  const { id, agreement, wanted, state, problem, attempts, dueAt, createdAt, updatedAt } = operation
  const settledAt = state.is === 'done' || state.is === 'refused' ? state.at : null
  return {
    id,
    agreement,
    wanted,
    state: state.is,
    operationRef: state.is === 'running' ? state.operationRef : null,
    reasons: state.is === 'refused' ? [...state.reasons] : [],
    problem,
    attempts,
    dueAt: settledAt === null ? dueAt : null,
    settledAt,
    createdAt,
    updatedAt,
  }
}
