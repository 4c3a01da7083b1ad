import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ACME, seedKey } from '../../../../simulator/gcp/seed.ts'

/** The ways in which a seller signs in: by a service account's key, or as a workload that Google trusts. */
export type SignIn = 'key' | 'workload'

/** `token`: where tokens are asked for, if not at the usual path. */
type Identities = {
  readonly own: object
  readonly wrong: object
  readonly token: string
  readonly secrets: readonly string[]
  readonly close: () => void
}

/** Who we are, and somebody else who says the same. */
export const identities = (signIn: SignIn): Identities =>
  signIn === 'key' ? byKey() : asWorkload()

function byKey(): Identities {
  const { client_email: clientEmail, private_key: known = '', private_key_id: id } = seedKey(ACME)
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const unknown = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const signedBy = (key: string) => ({
    kind: 'key',
    clientEmail,
    privateKey: key,
    privateKeyId: id,
  })
  return {
    own: signedBy(known),
    wrong: signedBy(unknown),
    token: '',
    secrets: [known, unknown].map((pem) => pem.split('\n')[5] ?? pem),
    close: () => undefined,
  }
}

const subjectToken = 'a-token-of-the-workload'

/** "Workload Identity Federation": a configuration file as Google makes it, the workload's own token in a file. */
function asWorkload(): Identities {
  const folder = mkdtempSync(join(tmpdir(), 'workload-'))
  const file = join(folder, 'token')
  writeFileSync(file, subjectToken)
  const trusted = (audience: string) => ({
    kind: 'workload_identity',
    configuration: {
      type: 'external_account',
      audience,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: 'https://sts.googleapis.com/v1/token',
      service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${ACME.serviceAccount}:generateAccessToken`,
      credential_source: { file },
    },
  })
  return {
    own: trusted(ACME.workloadIdentityAudience),
    wrong: trusted(`${ACME.workloadIdentityAudience}-of-nobody`),
    token: '/v1/token',
    secrets: [subjectToken],
    close: () => rmSync(folder, { recursive: true }),
  }
}
