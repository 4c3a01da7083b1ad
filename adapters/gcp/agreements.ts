import { z } from 'zod'
import type { ToldAgreement } from '../../src/agreements/model.ts'
import type { AgreementsPage, AgreementsPort, Glimpse } from '../../src/agreements/port.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { dayMs, type Instant, instant, later, readInstant } from '../../src/kernel/time.ts'
import { fetchAccepted } from './accepted-offer.ts'
import { fingerprintOf, isPastTerm, readAgreement } from './agreement-document.ts'
import type { GcpClient } from './client.ts'
import {
  type Entitlement,
  entitlementsPage,
  fetchEntitlement,
  idOf,
  privateOfferOf,
  serviceOf,
  states,
} from './entitlement.ts'
import { planRefOf } from './metrics.ts'
import { operate } from './operations.ts'
import { readToken, registration } from './registration.ts'
import { lastOf } from './reply.ts'
import { usageRates } from './usage-rates.ts'

/** What was over before the last walk began, less this, was told by it. */
const overlapMs = dayMs
const heldByPagesMax = 10

/** A walk through the list: its next page, when it began, and when the one before it did. */
const position = z.strictObject({
  token: z.string().optional(),
  began: z.string().optional(),
  before: z.string().optional(),
})
type Position = z.infer<typeof position>

/**
 * Entitlements by the Partner Procurement API. Its list cannot be asked for changes, so a poll walks all of it, one
 * call a page, and tells what it shows whole; only what ended long before the last walk is left out. What an order costs
 * another API tells: with that, entitlements are told as glimpses.
 */
export function agreements(gcp: GcpClient): AgreementsPort {
  const rates = usageRates(gcp)
  const { settings } = gcp
  const isPricedApart = settings.offers === 'api'

  async function whole(read: Entitlement): Promise<ToldAgreement> {
    const readAt = instant(gcp.nowMs())
    const offerRef = privateOfferOf(read.offer)
    const offer = isPricedApart && offerRef ? await fetchAccepted(gcp, offerRef) : undefined
    const service = serviceOf(read)
    const planRef = read.plan ? planRefOf(settings, service, read.plan) : null
    const isAtListPrice = offerRef === null || isPastTerm(read, readAt)
    const priced = { service, planRef, offer: isAtListPrice ? null : offer }
    const native = offer ? { entitlement: read, privateOffer: offer } : { entitlement: read }
    return readAgreement({ read, native, offer, rates: await rates(priced) }, settings, readAt)
  }

  return {
    traits: {
      operations: ['activate', 'reject', 'approve_change', 'reject_change', 'message'],
      activation: settings.approval,
      registers: 'account',
      forgets: true,
      buyerChanges: { plan: settings.planChanges, quantity: 'refuse' },
    },
    async changedSince(cursor): Promise<AgreementsPage> {
      const at = readCursor(cursor)
      const now = instant(gcp.nowMs())
      const { rows, next } = await pageAfter(gcp, at.token)
      const fresh = rows.filter((read) => !isOldNews(read, at.before))
      const told: ToldAgreement[] = []
      const glimpses: Glimpse[] = []
      for (const read of fresh) {
        const known = isPricedApart ? undefined : await whole(read).catch(unreadable)
        if (known) told.push(known)
        else glimpses.push({ agreementRef: idOf(read), fingerprint: fingerprintOf(read, now) })
      }
      const began = at.token === undefined ? now : (at.began ?? now)
      return {
        agreements: told,
        glimpses,
        cursor: JSON.stringify(
          next ? { token: next, began, before: at.before } : { before: began },
        ),
        more: next !== null,
      }
    },
    get: async (agreementRef) => whole(await fetchEntitlement(gcp, agreementRef)),
    readToken,
    resolve: registration(gcp),
    operate: operate(gcp),
    heldBy: (accountRef) => heldBy(gcp, accountRef),
  }
}

/** One that cannot be read stops no other: as a glimpse it is asked for by itself, and is then seen to fail. */
function unreadable(error: unknown): undefined {
  if (!(error instanceof Problem) || error.code !== 'internal') throw error
}

/** Whether it ended so long before the walk before this one that that one told it. */
function isOldNews({ state, updateTime }: Entitlement, before: string | undefined): boolean {
  const changedAt = readInstant(updateTime ?? '')
  if (state !== states.cancelled || changedAt === undefined || before === undefined) return false
  return changedAt < later(before as Instant, -overlapMs)
}

async function pageAfter(gcp: GcpClient, token: string | undefined) {
  if (token === undefined) return entitlementsPage(gcp, {})
  return entitlementsPage(gcp, { pageToken: token }).catch((error) => {
    // A page token lives for a while only; the walk then begins again.
    const isStale = error instanceof Problem && ['rejected', 'not_found'].includes(error.code)
    if (!isStale) throw error
    return entitlementsPage(gcp, {})
  })
}

function readCursor(cursor: string | null): Position {
  if (cursor === null) return {}
  try {
    return position.parse(JSON.parse(cursor))
  } catch (cause) {
    throw new Problem('invalid', 'this cursor is not one of ours', {}, { cause })
  }
}

/**
 * Entitlements of one billing account, which private offers are made to and no entitlement names: the list's filter is
 * the only way from the one to the other.
 */
async function heldBy(gcp: GcpClient, accountRef: string): Promise<readonly string[]> {
  const account = lastOf(accountRef.trim()).toUpperCase()
  if (!/^[0-9A-F]{6}(-[0-9A-F]{6}){2}$/.test(account)) return []
  const filter = `customer_billing_account="billingAccounts/${account}"`
  const found: string[] = []
  let pageToken: string | null = null
  for (let page = 0; page < heldByPagesMax; page += 1) {
    const query = pageToken === null ? { filter } : { filter, pageToken }
    const read: Page = await entitlementsPage(gcp, query).catch(nobody)
    found.push(...read.rows.map(idOf))
    if (read.next === null) break
    pageToken = read.next
  }
  return found
}

type Page = Awaited<ReturnType<typeof entitlementsPage>>

const nobody = (error: unknown): Page => {
  if (error instanceof Problem && error.code === 'not_found') return { rows: [], next: null }
  throw error
}
