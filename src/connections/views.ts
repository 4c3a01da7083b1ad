import * as z from 'zod'
import { instantField } from '../kernel/fields.ts'
import type { Connection } from './model.ts'
import { connectionId } from './model.ts'
import type { Sync } from './syncs.ts'

const checkView = z.object({
  call: z.string().meta({ description: 'The call that was tried', example: 'ListEntities' }),
  permission: z
    .string()
    .meta({ description: 'The permission it needs', example: 'catalog:ListEntities' }),
  outcome: z
    .enum(['ok', 'missing', 'failed', 'skipped'])
    .meta({ description: '`missing`: refused for want of the permission', example: 'ok' }),
  detail: z
    .string()
    .optional()
    .meta({ description: 'What the provider said', example: 'not authorised' }),
})

export const checkedView = z
  .object({
    at: instantField('When it was tried'),
    ready: z.boolean().meta({ description: 'Nothing that is needed is missing', example: true }),
    checks: z.array(checkView).meta({ description: 'One row for each call the account needs' }),
  })
  .meta({ id: 'Checked' })

export const connectionView = z
  .object({
    id: connectionId,
    provider: z.string().meta({ description: 'Which provider', example: 'provider_example' }),
    name: z.string().meta({ description: 'What people call it', example: 'Main seller account' }),
    settings: z
      .record(z.string(), z.unknown())
      .meta({ description: 'As they were given', example: { sellerAccount: '777788889999' } }),
    signUpUrl: z.string().nullable().meta({
      description: 'Where registered buyers are sent',
      example: 'https://app.example.com/sign-up',
    }),
    noticesUrl: z.string().meta({
      description: 'Where the provider sends notices',
      example: 'https://tradepost.example.com/notices/conn_example',
    }),
    registerUrl: z.string().meta({
      description: 'Where the marketplace sends buyers to register',
      example: 'https://tradepost.example.com/register/conn_example',
    }),
    checked: checkedView
      .nullable()
      .meta({ description: 'The newest check; null before the first' }),
    revision: z.int().meta({ description: 'Counts changes; also the ETag', example: 1 }),
    createdAt: instantField('When it was made'),
    updatedAt: instantField('When it last changed'),
  })
  .meta({ id: 'Connection' })

export const createdView = connectionView
  .extend({
    secrets: z
      .object({
        notices: z
          .string()
          .meta({ description: 'Shared secret for notices', example: 'shown-once' }),
        handoff: z
          .string()
          .meta({ description: 'Signs registration hand-offs', example: 'shown-once' }),
      })
      .meta({ description: 'Shown in this answer and never again' }),
  })
  .meta({ id: 'ConnectionCreated' })

export const syncView = z
  .object({
    name: z.string().meta({ description: 'What is kept up with', example: 'agreements' }),
    connection: connectionId,
    every: z.string().meta({ description: 'How often, ISO 8601 duration', example: 'PT300S' }),
    dueAt: instantField('When it runs next'),
    startedAt: instantField('When it last began').nullable(),
    finishedAt: instantField('When it last ended').nullable(),
    succeededAt: instantField('When it last ended well').nullable(),
    behind: z
      .string()
      .meta({ description: 'How long past its time, ISO 8601 duration', example: 'PT0S' }),
    problem: z
      .unknown()
      .meta({ description: 'What the last turn ran into; null when it ended well', example: null }),
  })
  .meta({ id: 'Sync' })

export const viewConnection = (
  connection: Connection,
  publicUrl: string,
): z.input<typeof connectionView> => ({
  ...connection,
  settings: connection.settings as Record<string, unknown>,
  checked: connection.checked && {
    ...connection.checked,
    checks: connection.checked.checks.map((c) => ({ ...c })),
  },
  noticesUrl: `${publicUrl}/notices/${connection.id}`,
  registerUrl: `${publicUrl}/register/${connection.id}`,
})

export const viewSync = (
  { everyMs, cursor: _, ...sync }: Sync,
  now: number,
): z.input<typeof syncView> => ({
  ...sync,
  every: `PT${everyMs / 1000}S`,
  behind: `PT${Math.max(0, Math.round((now - Date.parse(sync.dueAt)) / 1000))}S`,
})
