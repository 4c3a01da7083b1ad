import { pino } from 'pino'

/** Structured lines. Whatever could be a secret is cut out before it is written. */
export type Log = {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const secretNames = [
  'authorization',
  'credentials',
  'secretAccessKey',
  'sessionToken',
  'accessToken',
  'access_token',
  'clientSecret',
  'client_secret',
  'privateKey',
  'password',
  'token',
  'secret',
  'key',
  'assertion',
  'x-amzn-marketplace-token',
]

/** JSON lines on standard error. */
export function createLog(level: string): Log {
  const paths = secretNames.flatMap((name) => {
    const step = /^[\w$]+$/.test(name) ? `.${name}` : `["${name}"]`
    return [step.replace(/^\./, ''), `*${step}`, `*.*${step}`, `*.*.*${step}`]
  })
  return pino(
    { level, base: null, redact: { paths, censor: '[secret]' } },
    pino.destination({ dest: 2, sync: true }),
  )
}

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }
