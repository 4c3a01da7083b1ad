import { z } from 'zod'

const pem = z
  .string()
  .max(20_000)
  // As people copy it out of a key file.
  .transform((text) => text.replaceAll('\\n', '\n'))
  .refine((text) => /^\s*-----BEGIN PRIVATE KEY-----/.test(text), 'must be a PKCS#8 private key')

const at = (host: RegExp) => z.url({ protocol: /^https$/, hostname: host })

/**
 * How another identity is exchanged for Google's: "external_account" files of Workload Identity Federation. Google asks
 * that such a file be checked before it is used: whom it sends tokens to is pinned, and it may start no program.
 */
const configuration = z.looseObject({
  type: z.literal('external_account'),
  audience: z.string().min(1),
  subject_token_type: z.string().min(1),
  token_url: at(/^sts(\.mtls)?\.googleapis\.com$/),
  service_account_impersonation_url: at(/^iamcredentials\.googleapis\.com$/).optional(),
  credential_source: z
    .looseObject({})
    .refine((source) => !('executable' in source), 'must not start a program'),
})

/** How we sign in: with a service account's key, or as a workload whose identity Google trusts. */
export const credentials = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('key'),
    clientEmail: z.email().describe('client_email of the key file'),
    privateKey: pem.describe('private_key of the key file'),
    privateKeyId: z.string().min(1).max(100).optional().describe('private_key_id of the key file'),
  }),
  z.strictObject({
    kind: z.literal('workload_identity'),
    configuration: configuration.describe('Content of the credential configuration file'),
  }),
])
export type Credentials = z.output<typeof credentials>
