import { randomBytes } from 'node:crypto'
import type { Table } from '../../world.ts'
import type { Agreement } from '../agreements/model.ts'
import type { Aws } from '../context.ts'

/** What a buyer's browser brings along after the purchase. */
export type RegistrationToken = {
  readonly token: string
  readonly agreementId: string
  readonly expiresAt: number
}

export function tokens(aws: Aws): Table<RegistrationToken> {
  return aws.world.table('aws.tokens')
}

/** A new registration token. It has plus signs, slashes and equals signs, as AWS's have. */
export function issueToken(aws: Aws, agreement: Agreement, lifeMs?: number): string {
  const token = `${randomBytes(96).toString('base64').replace(/^./, '+')}==`
  const expiresAt = aws.now() + (lifeMs ?? aws.settings().timers.registrationTokenMs)
  tokens(aws).put(token, { token, agreementId: agreement.id, expiresAt })
  return token
}
