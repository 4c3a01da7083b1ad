import { type KeyObject, sign } from 'node:crypto'

/** DER tags this needs (ITU-T X.690). */
const INTEGER = 0x02
const BIT_STRING = 0x03
const NULL = 0x05
const OBJECT = 0x06
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const SEQUENCE = 0x30
const SET = 0x31
const EXPLICIT_0 = 0xa0

const SHA256_WITH_RSA = Buffer.from('2a864886f70d01010b', 'hex')
const COMMON_NAME = Buffer.from('550403', 'hex')
const VERSION_3 = Buffer.from([2])
const PEM_COLUMNS = 64
const UTC_TIME_BEFORE_YEAR = 2050

/** A self-signed X.509 v3 certificate of an RSA key in PEM (RFC 5280, no extensions), as Google publishes its keys. */
export function selfSigned(asked: {
  readonly commonName: string
  /** Hex of a positive number: its first digit is within 1 and 7. */
  readonly serial: string
  readonly from: Date
  readonly to: Date
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}): string {
  const algorithm = der(SEQUENCE, der(OBJECT, SHA256_WITH_RSA), der(NULL))
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, der(OBJECT, COMMON_NAME), der(UTF8_STRING, utf8(asked.commonName)))),
  )
  const body = der(
    SEQUENCE,
    der(EXPLICIT_0, der(INTEGER, VERSION_3)),
    der(INTEGER, Buffer.from(asked.serial, 'hex')),
    algorithm,
    name,
    der(SEQUENCE, time(asked.from), time(asked.to)),
    name,
    asked.publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', body, asked.privateKey)])
  return pem(der(SEQUENCE, body, algorithm, der(BIT_STRING, signature)))
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), length(content.length), content])
}

function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes])
  return bytes < 0x100 ? Buffer.from([0x81, bytes]) : Buffer.from([0x82, bytes >> 8, bytes & 0xff])
}

function time(at: Date): Buffer {
  const digits = at.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')
  const isShort = at.getUTCFullYear() < UTC_TIME_BEFORE_YEAR
  return isShort
    ? der(UTC_TIME, utf8(`${digits.slice(2)}Z`))
    : der(GENERALIZED_TIME, utf8(`${digits}Z`))
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(new RegExp(`.{1,${PEM_COLUMNS}}`, 'g')) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

const utf8 = (text: string) => Buffer.from(text, 'utf8')
