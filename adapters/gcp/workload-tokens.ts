import { z } from 'zod'
import type { Fetch } from '../../src/platform/http.ts'
import type { Credentials } from './credentials.ts'
import {
  grantOf,
  lost,
  noToken,
  scope,
  type Token,
  type TokenWorld,
  tokenCall,
  unusable,
} from './token-call.ts'

const googleToken = 'https://oauth2.googleapis.com/token'

type Workload = Extract<Credentials, { kind: 'workload_identity' }>
type Configuration = Workload['configuration']

/**
 * Tokens for a workload whose identity Google trusts: "Workload Identity Federation". What the workload has to show,
 * Google's own library finds (files, addresses, AWS), loaded by who needs it; the exchange is "Security Token Service
 * API", and, where a service account is named, "Create short-lived credentials for a service account".
 */
export const workloadTokens =
  ({ configuration }: Workload, world: TokenWorld): (() => Promise<Token>) =>
  async () => {
    const federated = await grantOf(
      { ...world, endpoint: exchangeAt(configuration, world.endpoint) },
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        audience: configuration.audience,
        scope,
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        subject_token: await subjectToken(configuration, world.fetch),
        subject_token_type: configuration.subject_token_type,
      },
    )
    const { service_account_impersonation_url: url } = configuration
    return url === undefined ? federated : impersonated(url, federated, world.fetch)
  }

/** The exchange goes where tokens are asked for, if that is not Google. */
const exchangeAt = ({ token_url: own }: Configuration, endpoint: string): string =>
  endpoint === googleToken ? own : endpoint

async function subjectToken(configuration: Configuration, fetch: Fetch): Promise<string> {
  const { AwsClient, IdentityPoolClient } = await import('google-auth-library')
  const isAws = 'environment_id' in configuration.credential_source
  const options = {
    ...configuration,
    transporterOptions: {
      fetchImplementation: (input: RequestInfo | URL, init?: RequestInit) =>
        fetch(new Request(input, init)),
    },
  } as unknown
  const client = made(() =>
    isAws
      ? new AwsClient(options as ConstructorParameters<typeof AwsClient>[0])
      : new IdentityPoolClient(options as ConstructorParameters<typeof IdentityPoolClient>[0]),
  )
  return client.retrieveSubjectToken().catch((error: unknown) => {
    // Where it looks is safe to tell, what it found is not.
    const { message = '', response } = error as Error & { response?: unknown }
    if (response === undefined && /ENOTFOUND|ECONN|fetch failed|ETIMEDOUT/.test(message))
      throw lost(new Error(message))
    throw unusable('the workload’s own token cannot be had; check credential_source')
  })
}

function made<Client>(make: () => Client): Client {
  try {
    return make()
  } catch {
    throw unusable('this is not a credential configuration that Google’s library knows')
  }
}

const shortLived = z.looseObject({ accessToken: z.string().min(1), expireTime: z.string() })

async function impersonated(url: string, { value }: Token, fetch: Fetch): Promise<Token> {
  const json = await tokenCall(fetch, url, {
    headers: { authorization: `Bearer ${value}`, 'content-type': 'application/json' },
    body: JSON.stringify({ scope: [scope], lifetime: '3600s' }),
  })
  const read = shortLived.safeParse(json)
  const endsAtMs = Date.parse(read.data?.expireTime ?? '')
  if (!read.success || Number.isNaN(endsAtMs)) throw noToken('an answer of another shape')
  return { value: read.data.accessToken, endsAtMs }
}
