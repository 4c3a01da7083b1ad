import { AssumeRoleCommand, STSClient, type STSClientConfig } from '@aws-sdk/client-sts'
import { Problem } from '../../src/kernel/problem.ts'
import { within } from '../../src/platform/http.ts'
import { classify } from './failures.ts'
import type { Credentials } from './settings.ts'

/** Keys as the SDK takes them. */
export type Keys = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/** What every client signs with. `forget` drops a kept session and says whether there was one. */
export type Session = {
  readonly keys: () => Promise<Keys>
  readonly forget: () => boolean
  /** Asks AWS for a session now, whatever is kept; does nothing for plain keys. */
  readonly renew: () => Promise<void>
}

const sessionSeconds = 3600
const renewBeforeMs = 5 * 60_000
const assumeTimeoutMs = 15_000

/** Sessions of a role are kept and renewed five minutes before they end; one request at a time asks for one. */
export function openSession(
  credentials: Credentials,
  sts: STSClientConfig,
  nowMs: () => number,
): Session {
  if (credentials.kind === 'keys') {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials
    const keys = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
    return { keys: async () => keys, forget: () => false, renew: async () => {} }
  }
  let kept: { keys: Keys; untilMs: number } | undefined
  let asking: Promise<Keys> | undefined
  const ask = async (): Promise<Keys> => {
    const session = await assume(credentials, sts)
    kept = { keys: session.keys, untilMs: session.untilMs - renewBeforeMs }
    return session.keys
  }
  const renew = () => {
    asking ??= ask().finally(() => {
      asking = undefined
    })
    return asking
  }
  return {
    keys: async () => (kept && nowMs() < kept.untilMs ? kept.keys : renew()),
    forget: () => {
      const had = kept !== undefined
      kept = undefined
      return had
    },
    renew: async () => void (await renew()),
  }
}

async function assume(
  role: Extract<Credentials, { kind: 'role' }>,
  sts: STSClientConfig,
): Promise<{ keys: Keys; untilMs: number }> {
  const { roleArn, externalId, accessKeyId, secretAccessKey } = role
  // Without keys the SDK's default chain answers on Node; elsewhere there is none and it says so.
  const own = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined
  const client = new STSClient({ ...sts, ...(own ? { credentials: own } : {}) })
  const command = new AssumeRoleCommand({
    RoleArn: roleArn,
    RoleSessionName: 'tradepost',
    ExternalId: externalId,
    DurationSeconds: sessionSeconds,
  })
  const answer = await within(assumeTimeoutMs, 'AWS AssumeRole', (abortSignal) =>
    client.send(command, { abortSignal }),
  ).catch((error: unknown) => {
    throw refused(roleArn, error)
  })
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {}
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
    throw new Problem('internal', 'AWS AssumeRole answered without credentials')
  return {
    // The clock that decides is ours: an expiry in the past makes the SDK ask `keys` for every call.
    keys: {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: new Date(0),
    },
    untilMs: Expiration.getTime(),
  }
}

function refused(roleArn: string, error: unknown): Problem {
  const problem = classify('AssumeRole', error)
  if (problem.code !== 'forbidden' && problem.code !== 'unauthenticated') return problem
  const advice =
    problem.code === 'forbidden'
      ? 'its trust policy must name our account and the external id'
      : 'the keys to assume it with are wrong or missing'
  const message = `AWS does not let us assume ${roleArn}: ${advice} (${problem.message})`
  return new Problem(problem.code, message, problem.details, { cause: error })
}
