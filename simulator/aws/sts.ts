import { type Aws, seconds } from './context.ts'
import { authenticate, type Caller, isDenied, NotBelieved, sessionNow } from './identity.ts'
import { pick } from './pick.ts'
import type { SignedRequest } from './signature.ts'
import { xml } from './xml.ts'

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'
const ROLE = /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/

class StsRefusal extends Error {
  readonly code: string
  readonly status: 400 | 403
  constructor(code: string, status: 400 | 403, message: string) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** AWS Security Token Service, 2011-06-15: form requests, XML answers. AssumeRole and GetCallerIdentity. */
export function sts(aws: Aws, request: SignedRequest): Response {
  const requestId = aws.ids.uuid()
  const form = new URLSearchParams(new TextDecoder().decode(request.body))
  const action = form.get('Action') ?? ''
  try {
    const caller = authenticate(aws, request, { service: 'sts', regions: null })
    const result = pick(ACTIONS, action)?.(aws, form, caller)
    if (!result) throw new StsRefusal('InvalidAction', 400, `Could not find operation ${action}.`)
    const body = { [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } }
    const text = `<${action}Response xmlns="${NAMESPACE}">${xml(body)}</${action}Response>`
    return answer(200, requestId, text)
  } catch (error) {
    return refuse(requestId, error)
  }
}

/** The same refusals, for faults that strike before any work is done. */
export function stsFault(
  requestId: string,
  code: string,
  status: number,
  message: string,
): Response {
  const Type = status >= 500 ? 'Receiver' : 'Sender'
  const body = { Error: { Type, Code: code, Message: message }, RequestId: requestId }
  return answer(
    status,
    requestId,
    `<ErrorResponse xmlns="${NAMESPACE}">${xml(body)}</ErrorResponse>`,
  )
}

const ACTIONS: Record<string, (aws: Aws, form: URLSearchParams, caller: Caller) => object> = {
  GetCallerIdentity: (_, __, caller) => ({
    Arn: caller.arn,
    UserId: caller.accessKeyId,
    Account: caller.account,
  }),
  AssumeRole: assumeRole,
}

function assumeRole(aws: Aws, form: URLSearchParams, caller: Caller): object {
  const arn = form.get('RoleArn') ?? ''
  const name = form.get('RoleSessionName') ?? ''
  const duration = Number(form.get('DurationSeconds') ?? 3600)
  if (!ROLE.test(arn)) throw new StsRefusal('ValidationError', 400, `${arn} is invalid`)
  if (!/^[\w+=,.@-]{2,64}$/.test(name)) {
    throw new StsRefusal('ValidationError', 400, 'RoleSessionName must match [\\w+=,.@-]{2,64}')
  }
  if (!(duration >= 900 && duration <= 43_200)) {
    throw new StsRefusal('ValidationError', 400, 'DurationSeconds must be within 900 and 43200')
  }
  const role = aws.roles.get(arn)
  const trusted = role && [role.account, ...role.trusts].includes(caller.account)
  const known = role?.externalId ?? form.get('ExternalId')
  // A wrong external id, a role that trusts others and a role that does not exist look the same.
  if (!trusted || known !== form.get('ExternalId') || isDenied(caller, 'sts:AssumeRole')) {
    throw new StsRefusal(
      'AccessDenied',
      403,
      `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
    )
  }
  const { clock } = aws.settings().sessions
  const expiresAt = sessionNow(aws, clock) + duration * 1000
  const session = {
    accessKeyId: `ASIA${aws.ids.word('', 16).toUpperCase()}`,
    secret: aws.ids.hex(40),
    token: Buffer.from(aws.ids.hex(120)).toString('base64'),
    roleArn: arn,
    name,
    expiresAt,
    clock,
  }
  aws.sessions.put(session.accessKeyId, session)
  const path = arn.split(':role/')[1]
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secret,
      SessionToken: session.token,
      Expiration: seconds(expiresAt),
    },
    AssumedRoleUser: {
      Arn: `arn:aws:sts::${role.account}:assumed-role/${path}/${name}`,
      AssumedRoleId: `AROASIMULATED00000001:${name}`,
    },
  }
}

const NAMES: Record<NotBelieved['reason'], [string, 400 | 403]> = {
  missing: ['MissingAuthenticationToken', 403],
  incomplete: ['IncompleteSignature', 400],
  mismatch: ['SignatureDoesNotMatch', 403],
  skew: ['SignatureDoesNotMatch', 403],
  scope: ['SignatureDoesNotMatch', 403],
  unknownKey: ['InvalidClientTokenId', 403],
  badToken: ['InvalidClientTokenId', 403],
  expired: ['ExpiredToken', 403],
}

function refuse(requestId: string, error: unknown): Response {
  if (error instanceof NotBelieved) {
    const [code, status] = NAMES[error.reason]
    return stsFault(requestId, code, status, error.message)
  }
  if (error instanceof StsRefusal) {
    return stsFault(requestId, error.code, error.status, error.message)
  }
  console.error('simulated AWS sts:', error)
  return stsFault(requestId, 'InternalFailure', 500, 'The simulator itself failed; see its log.')
}

function answer(status: number, requestId: string, body: string): Response {
  return new Response(body, {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
  })
}
