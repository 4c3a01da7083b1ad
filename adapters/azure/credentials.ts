import { z } from 'zod'

const secret = (description: string) => z.string().min(1).max(50_000).describe(description)

/** A user who signed in once for the payout exports, which take no app-only token: a refresh token and its app. */
const payouts = z
  .strictObject({
    refreshToken: secret('Refresh token of a user with a payout or finance role'),
    clientId: z.guid('must be a GUID').optional().describe('App it was given to, if another one'),
    clientSecret: secret('That app’s secret, if it is not a public client').optional(),
  })
  .optional()
  .describe('Without it payouts are left out of the revenue data')

const clientSecret = secret('Client secret of the app registration')
const certificate = secret('PEM of the app registration’s certificate and its PKCS#8 private key')

/** How we sign in: with the app's secret, its certificate, or as the machine's managed identity. */
export const credentials = z.union([
  z.strictObject({ clientSecret, payouts }),
  z.strictObject({ certificate, payouts }),
  z.strictObject({
    managedIdentity: z.literal(true).describe('Sign in as the machine (Node on Azure only)'),
    clientId: z
      .guid('must be a GUID')
      .optional()
      .describe('Of a user-assigned managed identity; absent: the machine’s own'),
    payouts,
  }),
])
export type Credentials = z.infer<typeof credentials>

/** Every secret in them, so that none is ever shown. */
export const secretsOf = (known: Credentials): readonly string[] =>
  [
    'clientSecret' in known ? known.clientSecret : '',
    'certificate' in known ? known.certificate : '',
    known.payouts?.refreshToken ?? '',
    known.payouts?.clientSecret ?? '',
  ].filter((text) => text !== '')
