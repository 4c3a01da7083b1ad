import * as z from 'zod'
import { idField, textField } from '../kernel/fields.ts'
import type { Id } from '../kernel/id.ts'
import type { Instant } from '../kernel/time.ts'
import type { Check } from './port.ts'

/** One seller or CRM account: what is told about it is shown, what is entrusted is sealed. */
export type Connection = {
  readonly id: Id<'conn'>
  readonly provider: string
  readonly name: string
  readonly settings: unknown
  /** Where a buyer's user goes after registration; null when the provider has no buyers. */
  readonly signUpUrl: string | null
  readonly checked: Checked | null
  readonly revision: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** The newest `check`: `ready` when nothing that is needed is missing. */
export type Checked = {
  readonly at: Instant
  readonly ready: boolean
  readonly checks: readonly Check[]
}

/** Secrets this server shares with others on the connection's behalf. */
export type SharedSecrets = {
  /** The provider sends it with every notice. */
  readonly notices: string
  /** Signs the hand-off of a registered user to the seller's sign-up page. */
  readonly handoff: string
}

const secret = (description: string) =>
  z
    .string()
    .min(16, 'must have at least 16 characters')
    .max(200)
    .optional()
    .meta({ description, example: 'a-long-random-shared-secret' })

const object = (description: string, example: string) =>
  z.record(z.string(), z.unknown()).meta({ description, example })

const name = textField(100, 'What people call it; unique', 'Main seller account')
const signUpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .max(2000)
  .meta({
    description:
      'The seller’s own sign-up page, where a registered buyer is sent with a signed hand-off',
    example: 'https://app.example.com/sign-up',
  })
const settingsExample = 'settings_example'
const credentialsExample = 'credentials_example'

export const createConnection = z.strictObject({
  provider: textField(
    40,
    'Which provider; one of those listed at /v1/providers',
    'provider_example',
  ),
  name,
  settings: object(
    'What the provider’s adapter needs to know; its schema is at /v1/providers',
    settingsExample,
  ),
  credentials: object('What it must keep secret: sealed at once, never shown', credentialsExample),
  signUpUrl: signUpUrl.optional(),
  noticeSecret: secret('Shared secret for notices; made and shown once when absent'),
  handoffSecret: secret('Signs registration hand-offs; made and shown once when absent'),
})
export type CreateConnection = z.infer<typeof createConnection>

export const amendConnection = z
  .strictObject({
    name: textField(100, 'What people call it; unique', 'Renamed seller account'),
    settings: object('Replaces all settings', settingsExample),
    credentials: object('Replaces all credentials', credentialsExample),
    signUpUrl: signUpUrl.nullable(),
    noticeSecret: secret('Replaces the shared secret for notices'),
    handoffSecret: secret('Replaces the secret that signs registration hand-offs'),
  })
  .partial()
export type AmendConnection = z.infer<typeof amendConnection>

export const connectionId = idField('conn', 'A connection')
