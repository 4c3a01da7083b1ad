import * as z from 'zod'
import { isCurrency } from '../../src/kernel/money.ts'

const localHost = /^(localhost|127\.0\.0\.1|\[::1\]|[a-z0-9-]+)$/
const loginUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https address' })
  .refine(
    (url) => url.startsWith('https:') || localHost.test(new URL(url).hostname),
    'must be an https address (http only for a simulator on this host or network)',
  )

export const settings = z.strictObject({
  loginUrl: loginUrl.meta({
    description: 'My Domain address of the org; login.salesforce.com only for the jwt kind',
    example: 'https://acme.my.salesforce.com',
  }),
  apiVersion: z
    .string()
    .regex(/^\d{2,3}\.0$/, 'must look like 68.0')
    .default('68.0')
    .meta({ description: 'REST API version, pinned', example: '68.0' }),
  clientName: z
    .string()
    .regex(/^[\w./-]{1,60}$/, 'must have at most 60 letters, digits, dots, slashes or hyphens')
    .default('tradepost/1.0')
    .meta({
      description: 'Names our changes in the org’s change events',
      example: 'tradepost/1.0',
    }),
  orgId: z
    .string()
    .regex(/^00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$/, 'must be an organization id: 00D…')
    .optional()
    .meta({
      description: 'The only org to speak to; a refreshed sandbox is another one',
      example: '00D000000000001EAA',
    }),
  currency: z
    .string()
    .refine(isCurrency, 'must be an ISO 4217 currency such as USD')
    .optional()
    .meta({
      description:
        'Currency of an org that has only one. Without it, Currency fields of such an org stay empty and amounts stand in Source_Amount__c with their currency',
      example: 'USD',
    }),
})
export type Settings = z.infer<typeof settings>

const secret = (description: string) =>
  z.string().min(1, 'must not be empty').max(20_000).meta({ description })

export const credentials = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('client_credentials'),
    clientId: secret('Consumer key of the External Client App'),
    clientSecret: secret('Its consumer secret'),
  }),
  z.strictObject({
    kind: z.literal('jwt'),
    clientId: secret('Consumer key of the External Client App'),
    username: secret('User to act as; pre-authorised for the app'),
    privateKey: secret('PKCS#8 PEM of the key whose certificate the app holds'),
    audience: z.url().optional().meta({
      description: 'https://login.salesforce.com, or https://test.salesforce.com for a sandbox',
    }),
  }),
])
export type Credentials = z.infer<typeof credentials>
