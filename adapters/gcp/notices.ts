import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import { instant } from '../../src/kernel/time.ts'
import { unreadable } from '../../src/notices/model.ts'
import type { NoticesPort } from '../../src/notices/port.ts'
import type { GcpClient } from './client.ts'
import { message, noticeOf } from './message.ts'
import { acknowledge, pull } from './pull.ts'
import { pushKeys, verifyPush } from './push-token.ts'

/** A push's body: "Push subscriptions". */
const push = z.looseObject({ message })

/**
 * Google's messages about accounts and entitlements, pushed here by Pub/Sub or fetched. A push is known by its token, so
 * the shared secret is not used. One subscription gets the messages of all products; those of another seller are
 * taken and tell nothing.
 */
export function notices(gcp: GcpClient): NoticesPort {
  const { settings } = gcp
  const { notices: how } = settings
  const keys = pushKeys(gcp)
  return {
    async receive({ headers, body }) {
      if (how.kind !== 'push')
        throw new Problem('unauthenticated', 'nothing is pushed to this connection', {
          whose: 'theirs',
        })
      await verifyPush(gcp, keys, how, headers.authorization)
      const read = push.safeParse(parsed(body))
      const notice = read.success && noticeOf(read.data.message, settings, gcp.nowMs())
      if (notice && notice.noticeRef !== '') return [notice]
      return [await unreadable(body, 'the body is no Pub/Sub message', instant(gcp.nowMs()))]
    },
    ...(how.kind === 'pull' && {
      pull: pull(gcp, how.subscription),
      acknowledge: acknowledge(gcp, how.subscription),
    }),
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
