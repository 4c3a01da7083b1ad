import { createHash, generateKeyPairSync, sign } from 'node:crypto'

/** A self-signed certificate (RFC 5280, version 1) with its key, both PEM, and its SHA-256 thumbprint. */
export function selfSigned() {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const name = sequence(set(sequence(COMMON_NAME, der(0x0c, Buffer.from('acme')))))
  const validity = sequence(time('260101000000Z'), time('491231000000Z'))
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' })
  const serial = der(0x02, Buffer.from([1]))
  const body = sequence(serial, SHA256_WITH_RSA, name, validity, name, publicKey)
  const signature = Buffer.concat([Buffer.from([0]), sign('RSA-SHA256', body, pair.privateKey)])
  const certificate = sequence(body, SHA256_WITH_RSA, der(0x03, signature))
  const base64 = (certificate.toString('base64').match(/.{1,64}/g) ?? []).join('\n')
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    x5t: createHash('sha256').update(certificate).digest('base64url'),
  }
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: Buffer[]) => der(0x30, Buffer.concat(parts))
const set = (...parts: Buffer[]) => der(0x31, Buffer.concat(parts))
const time = (text: string) => der(0x17, Buffer.from(text))
const COMMON_NAME = der(0x06, Buffer.from('550403', 'hex'))
const SHA256_WITH_RSA = sequence(
  der(0x06, Buffer.from('2a864886f70d01010b', 'hex')),
  der(0x05, Buffer.alloc(0)),
)
