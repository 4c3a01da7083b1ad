import * as z from 'zod'
import { connectionId } from '../connections/model.ts'
import { instantField } from '../kernel/fields.ts'
import { type Notice, noticeStates } from './model.ts'

const text = (description: string, example: string) => z.string().meta({ description, example })

export const noticeView = z
  .object({
    id: text('The notice', 'ntc_example'),
    connection: connectionId,
    noticeRef: text('The provider’s own message id', '0a0a0a0a-44a8-0b77-c2a7-6448b8e6de3d'),
    kind: text('The provider’s word for what happened', 'Purchase Agreement Created'),
    at: instantField('When it happened, by the provider'),
    received: instantField('When it came'),
    handled: instantField('When it was acted on; null until then').nullable(),
    state: z.enum(noticeStates).meta({ description: 'Where it stands', example: 'handled' }),
    about: z.record(z.string(), z.unknown()).meta({
      description: 'What it told us to look at',
      example: { is: 'agreement', agreementRef: 'agmt-example1' },
    }),
    asks: z
      .object({
        agreementRef: text('Of which agreement', 'agmt-example1'),
        operationRef: text('The provider’s name for the change', '74dfb4db-c193-4891-827d'),
        change: z.record(z.string(), z.unknown()).meta({
          description: 'The plan or the quantity that the buyer chose',
          example: { is: 'quantity', quantity: '25' },
        }),
      })
      .nullable()
      .meta({ description: 'A buyer’s change that asked for our word; null when nothing did' }),
    verdict: z
      .enum(['accepted', 'refused'])
      .nullable()
      .meta({ description: 'What was decided on it before it was answered', example: 'accepted' }),
    attempts: z.int().meta({ description: 'How often acting on it went wrong', example: 0 }),
    dueAt: instantField('When it is tried next; null once settled').nullable(),
    problem: z
      .object({
        code: text('The kind', 'not_found'),
        message: text('What went wrong', 'no such agreement'),
      })
      .nullable()
      .meta({ description: 'What the last attempt ran into' }),
    native: z.unknown().meta({ description: 'The notice as it came', example: {} }),
  })
  .meta({ id: 'Notice' })

export function viewNotice({
  state,
  receivedAt,
  asks,
  ...notice
}: Notice): z.input<typeof noticeView> {
  const waits = state.is === 'received' ? state : undefined
  return {
    ...notice,
    about: { ...notice.about },
    asks: asks ? { ...asks, change: { ...asks.change } } : null,
    received: receivedAt,
    handled: state.is === 'handled' ? state.at : null,
    state: state.is,
    attempts: waits?.attempts ?? 0,
    dueAt: waits?.dueAt ?? null,
    problem: state.is === 'handled' ? null : state.problem,
  }
}
