import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import { type Instant, instant, readInstant } from '../../src/kernel/time.ts'
import { type NoticeAbout, unreadable } from '../../src/notices/model.ts'
import type { NoticesPort } from '../../src/notices/port.ts'
import type { AwsClient } from './client.ts'

const defaultHeader = 'x-tradepost-secret'

const named = z.looseObject({ id: z.string().nullish() }).nullish()
/** EventBridge's envelope, and of AWS Marketplace's details what says what an event is about. */
const event = z.looseObject({
  id: z.string().min(1),
  'detail-type': z.string(),
  source: z.string(),
  time: z.string(),
  detail: z.looseObject({
    agreement: z
      .looseObject({ id: z.string().nullish(), productId: z.string().nullish() })
      .nullish(),
    product: named,
    offer: named,
    license: z.looseObject({ arn: z.string().nullish() }).nullish(),
    ChangeSetId: z.string().nullish(),
  }),
})
type Event = z.infer<typeof event>

/** Events that an EventBridge rule hands to an API destination, whose connection sends the secret in a header. */
export const notices = (aws: AwsClient): NoticesPort => ({
  async receive({ headers, body }, secret) {
    const header = aws.settings.notices?.header ?? defaultHeader
    if (!(await isSame(headers[header] ?? '', secret)))
      throw new Problem('unauthenticated', `the header ${header} is not the secret`, {
        whose: 'theirs',
      })
    const read = event.safeParse(parsed(body))
    const at = readInstant(read.data?.time ?? '')
    if (!read.success || at === undefined)
      return [await unreadable(body, 'the body is not an EventBridge event', instant(aws.nowMs()))]
    const { id, 'detail-type': kind } = read.data
    return [{ noticeRef: id, kind, at, about: aboutOf(read.data, at), native: read.data }]
  },
})

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Compares digests, so that neither length nor content shows in the time it takes. No secret matches nothing. */
async function isSame(sent: string, secret: string): Promise<boolean> {
  const [a, b] = await Promise.all([digest(sent), digest(secret)])
  const difference = a.reduce((sum, byte, i) => sum | (byte ^ (b[i] ?? 0)), 0)
  return difference === 0 && secret !== ''
}
const digest = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))

/** AWS Marketplace's events: "SaaS EventBridge integration" and "Amazon EventBridge events" of the Seller Guide. */
function aboutOf({ source, detail, 'detail-type': kind }: Event, at: Instant): NoticeAbout {
  if (source === 'aws.agreement-marketplace') return agreementAbout(kind, detail, at)
  if (source !== 'aws.marketplacecatalog') return { is: 'other' }
  if (kind === 'Offer Released')
    return { is: 'offer', offerRef: detail.offer?.id ?? null, operation: null }
  if (/^Change Set (Succeeded|Failed|Cancelled)$/.test(kind))
    return { is: 'offer', offerRef: null, operation: detail.ChangeSetId ?? null }
  return { is: 'other' }
}

function agreementAbout(kind: string, detail: Event['detail'], at: Instant): NoticeAbout {
  const agreementRef = detail.agreement?.id
  if (!agreementRef) return { is: 'other' }
  const licenseRef = detail.license?.arn ?? null
  // The hour in which usage is still taken begins with this event.
  if (kind === 'License Deprovisioned - Manufacturer' && licenseRef !== null)
    return { is: 'license_ended', agreementRef, licenseRef, at }
  const listingRef = detail.product?.id ?? detail.agreement?.productId ?? null
  return { is: 'agreement', agreementRef, licenseRef, listingRef }
}
