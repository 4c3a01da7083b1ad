import type { Aws } from './context.ts'
import { claimed, type SignatureFault, type SignedRequest, verify } from './signature.ts'

export type Account = {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: 'seller' | 'buyer' | 'platform'
  readonly country: string
  readonly state: string
  readonly city: string
  readonly postalCode: string
  /** What legacy products call the customer: `CustomerIdentifier`, `encrypted_account_id` in the feeds. */
  readonly customerIdentifier: string
  readonly createdAt: number
  /** AWS suspended the account: usage comes back as CustomerNotSubscribed. */
  suspended?: boolean
}

export type AccessKey = {
  readonly accessKeyId: string
  readonly secret: string
  readonly account: string
  readonly arn: string
  /** IAM actions this principal is refused: `aws-marketplace:StartChangeSet`, or `aws-marketplace:*`. */
  denied: string[]
}

export type Role = {
  readonly arn: string
  readonly account: string
  readonly externalId: string | null
  /** Accounts the trust policy lets in. */
  readonly trusts: readonly string[]
  denied: string[]
}

export type Session = {
  readonly accessKeyId: string
  readonly secret: string
  readonly token: string
  readonly roleArn: string
  readonly name: string
  /** By the clock that was in force when it was made. */
  expiresAt: number
  readonly clock: 'real' | 'simulated'
}

/** Who calls, once the signature is believed. */
export type Caller = {
  readonly account: string
  readonly accessKeyId: string
  readonly arn: string
  readonly denied: readonly string[]
}

/** A request that is not believed. `reason` is protocol-neutral; every protocol names it its own way. */
export class NotBelieved extends Error {
  readonly reason: SignatureFault | 'unknownKey' | 'badToken' | 'expired'
  constructor(reason: NotBelieved['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** Verifies signature, credential scope and session, and says who calls; throws {@link NotBelieved}. */
export function authenticate(
  aws: Aws,
  request: SignedRequest,
  expected: { readonly service: string; readonly regions: readonly string[] | null },
): Caller {
  const claim = claimed(request)
  if (!claim) throw new NotBelieved('missing', 'Missing Authentication Token')
  if (!claim.complete) {
    throw new NotBelieved(
      'incomplete',
      'Authorization header requires Credential, SignedHeaders and Signature.',
    )
  }
  const session = aws.sessions.get(claim.accessKeyId)
  const key = aws.keys.get(claim.accessKeyId)
  const holder = session ?? key
  if (!holder) {
    throw new NotBelieved('unknownKey', 'The security token included in the request is invalid.')
  }
  const token = request.headers['x-amz-security-token']
  if (session ? token !== session.token : token !== undefined) {
    throw new NotBelieved('badToken', 'The security token included in the request is invalid.')
  }
  const fault = verify(request, holder.secret, Date.now())
  if (fault) throw new NotBelieved(fault.fault, fault.message)
  if (claim.service !== expected.service) {
    throw new NotBelieved(
      'scope',
      `Credential should be scoped to correct service: '${expected.service}'.`,
    )
  }
  if (expected.regions && !expected.regions.includes(claim.region)) {
    throw new NotBelieved(
      'scope',
      `Credential should be scoped to a valid region, not '${claim.region}'.`,
    )
  }
  if (session && session.expiresAt <= sessionNow(aws, session.clock)) {
    throw new NotBelieved('expired', 'The security token included in the request is expired')
  }
  return session ? sessionCaller(aws, session) : keyCaller(key as AccessKey)
}

/** Whether this caller may not do `action`, as the simulator's owner decided. */
export function isDenied(caller: Caller, action: string): boolean {
  const prefix = action.slice(0, action.indexOf(':'))
  return caller.denied.some((one) => one === action || one === `${prefix}:*` || one === '*')
}

/** The clock session credentials live by, in milliseconds. */
export function sessionNow(aws: Aws, clock: Session['clock']): number {
  return clock === 'real' ? Date.now() : aws.now()
}

/** The account of that number; a well-formed number AWS would know is taken to exist. */
export function accountOf(aws: Aws, id: string): Account {
  const known = aws.accounts.get(id)
  if (known) return known
  return aws.accounts.put(id, {
    id,
    name: `Company ${id.slice(-4)}`,
    email: `buyer-${id.slice(-4)}.example`,
    role: 'buyer',
    country: 'US',
    state: 'WA',
    city: 'Seattle',
    postalCode: '98101',
    customerIdentifier: aws.ids.word('', 11),
    createdAt: aws.now(),
  })
}

function keyCaller(key: AccessKey): Caller {
  return { account: key.account, accessKeyId: key.accessKeyId, arn: key.arn, denied: key.denied }
}

function sessionCaller(aws: Aws, session: Session): Caller {
  const role = aws.roles.get(session.roleArn)
  const [, name] = session.roleArn.split(':role/')
  const account = session.roleArn.split(':')[4] ?? ''
  return {
    account,
    accessKeyId: session.accessKeyId,
    arn: `arn:aws:sts::${account}:assumed-role/${name}/${session.name}`,
    denied: role?.denied ?? ['*'],
  }
}
