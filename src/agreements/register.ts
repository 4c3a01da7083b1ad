import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import { isId } from '../kernel/id.ts'
import { asProblem, Problem } from '../kernel/problem.ts'
import { hashKey } from '../platform/auth.ts'
import { within } from '../platform/http.ts'
import { record } from '../platform/record.ts'
import { activateRegistered } from './ask.ts'
import { bindArrival, holdMeant } from './bind.ts'
import { handOff } from './handoff.ts'
import type { Agreement, Registration } from './model.ts'
import type { AgreementsPort } from './port.ts'
import { refresh } from './refresh.ts'
import { type Arrival, knownHolder } from './registration.ts'
import * as registrations from './registrations.ts'

/** How an arrival at the registration page ended. `location` null: the connection has no sign-up page. */
export type Registered =
  | { readonly is: 'crowded' | 'expired' | 'forged' }
  | { readonly is: 'no_token'; readonly signUpUrl: string | null }
  | { readonly is: 'registered'; readonly location: string | null }

const tokensPerMinuteMax = 300
const repeatsPerMinuteMax = 20
const resolveTimeoutMs = 15_000

/**
 * Takes in a buyer's user whom a marketplace sent here with a token. The arrival is written down before the
 * marketplace is asked, and the token itself never is. A browser waits for the answer, so this is the one use case
 * that asks a marketplace without a job. Throws `not_found` for no such connection or one without buyers,
 * `unavailable` and `throttled` when the marketplace cannot say; the token is then as good as before.
 */
export async function register(
  deps: Deps,
  connectionId: string,
  fields: Readonly<Record<string, string>>,
): Promise<Registered> {
  if (!isId('conn', connectionId)) throw new Problem('not_found', 'no such connection')
  const connection = await connections.get(deps, connectionId)
  const port = await portOf(deps, connection.id)
  const token = port.readToken(fields)
  if (!token) return { is: 'no_token', signUpUrl: connection.signUpUrl }
  const now = deps.now()
  if ((await registrations.recent(deps.db, connection.id, now)) >= tokensPerMinuteMax)
    return { is: 'crowded' }
  const hash = await hashKey(token)
  const { arrival, timesLately } = await registrations.arrive(deps.db, connection.id, hash, now)
  if (timesLately > repeatsPerMinuteMax) return { is: 'crowded' }
  const told = await whoIs(deps, port, token, arrival)
  if (told === 'expired' || told === 'forged') return { is: told }
  return { is: 'registered', location: await welcome(deps, arrival, told) }
}

async function portOf(deps: Deps, connection: string): Promise<AgreementsPort> {
  return connections.port(deps, connection, 'agreements').catch((error) => {
    if (error instanceof Problem && error.code === 'unsupported')
      throw new Problem('not_found', 'nobody registers with this connection')
    throw error
  })
}

type Told = { readonly who: Registration; readonly isNew: boolean }

async function whoIs(
  deps: Deps,
  port: AgreementsPort,
  token: string,
  arrival: Arrival,
): Promise<Told | 'expired' | 'forged'> {
  const known = knownHolder(arrival, deps.now())
  if (known) return { who: known, isNew: false }
  try {
    const who = await within(resolveTimeoutMs, 'the marketplace', () => port.resolve(token))
    return { who, isNew: true }
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'rejected') throw without(token, error)
    const verdict = error.details.token === 'expired' ? 'expired' : 'forged'
    await registrations.judged(deps.db, arrival.id, verdict)
    return verdict
  }
}

/** The error, or one like it when it quotes the token: errors are logged, tokens are not. */
function without(token: string, error: unknown): unknown {
  const { code, message, cause } = asProblem(error)
  const quoted = `${message} ${cause instanceof Error ? cause.stack : JSON.stringify(cause)}`
  if (!quoted.includes(token)) return error
  return new Problem(code, message.replaceAll(token, '[token]'))
}

/** Binds the user to what they registered for, or asks for it when it is not known yet; and where they go now. */
async function welcome(deps: Deps, arrival: Arrival, told: Told): Promise<string | null> {
  const { resolved, agreements } = await transact(deps, async (tx) => {
    await holdMeant(tx, arrival.connection, told.who)
    const resolved = told.isNew
      ? await registrations.resolved(tx.db, arrival.id, told.who, tx.now())
      : arrival
    const agreements = await bindArrival(tx, resolved)
    for (const agreement of agreements) await activateRegistered(tx, agreement)
    if (agreements.length === 0 && told.isNew) await tellWaiting(tx, arrival, told.who)
    return { resolved, agreements }
  })
  if (agreements.length === 0) await askForAgreement(deps, arrival.connection, told.who)
  return next(deps, resolved, agreements[0])
}

const tellWaiting = (tx: Deps, { id, connection }: Arrival, who: Registration) =>
  record(tx, 'registration.waiting', id, {
    connection,
    licenseRef: who.licenseRef,
    buyerRef: who.buyerRef,
  })

/** The very agreement, where the token says which; otherwise whatever is new. */
async function askForAgreement(deps: Deps, connection: string, { agreementRef }: Registration) {
  if (agreementRef !== null) return refresh(deps, connection, agreementRef)
  await connections.runNow(deps, 'agreements', connection).catch((error) => {
    if (!(error instanceof Problem) || error.code !== 'not_found') throw error
  })
}

async function next(
  deps: Deps,
  arrival: Arrival,
  agreement: Agreement | undefined,
): Promise<string | null> {
  const { signUpUrl } = await connections.get(deps, arrival.connection)
  if (signUpUrl === null) return null
  const { handoff } = await connections.sharedSecrets(deps, arrival.connection)
  const target = { issuer: deps.publicUrl, signUpUrl, secret: handoff }
  return handOff(target, arrival, agreement, deps.now())
}
