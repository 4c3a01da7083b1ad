import { isDeepStrictEqual } from 'node:util'
import type { Decimal } from '../kernel/decimal.ts'
import { idField } from '../kernel/fields.ts'
import type { Id } from '../kernel/id.ts'
import type { MoneyJson } from '../kernel/money.ts'
import { dayMs, type Instant, later } from '../kernel/time.ts'

export type EndedHow = 'expired' | 'cancelled' | 'replaced' | 'renewed' | 'terminated'

/** `unknown` keeps a word of the marketplace's that we do not know, and stops nothing. */
export type AgreementState =
  | { readonly is: 'pending' }
  | { readonly is: 'active' }
  | { readonly is: 'suspended' }
  | { readonly is: 'cancelling' }
  | { readonly is: 'ended'; readonly how: EndedHow }
  | { readonly is: 'unknown'; readonly word: string }

/** What the buyer may use. `quantity` null means without limit. */
export type Entitlement = {
  readonly dimension: string
  readonly quantity: Decimal | null
  readonly licenseRef: string | null
  readonly expiresAt: Instant | null
}

/** A charge the agreement foresees. */
export type Charge = { readonly at: Instant; readonly amount: MoneyJson }

/**
 * What the seller must still do, and until when; `by` null: no deadline is known. `activation` and `approval`: for it to
 * begin. `change`: to say whether a change that the buyer asked for stands; it goes by the plan it leads to.
 */
export type Awaits =
  | { readonly what: 'activation' | 'approval'; readonly by: Instant | null }
  | {
      readonly what: 'change'
      readonly by: Instant | null
      readonly planRef: string
      /** The offer it leads to, where it leads to one. */
      readonly offerRef: string | null
    }

/** Units of a metered dimension that the price includes, once in each such period; null is without limit. */
export type Included = {
  readonly dimension: string
  readonly quantity: Decimal | null
  readonly from: Instant
  /** Exclusive; null when it runs until cancelled. */
  readonly until: Instant | null
}

/** An accepted offer as its marketplace tells it, in our words; `native` holds its own documents. */
export type RemoteAgreement = {
  readonly agreementRef: string
  /** First of a chain of renewals and replacements; itself for a new deal. */
  readonly initialRef: string
  readonly offerRef: string | null
  readonly listingRef: string | null
  readonly planRef: string | null
  /** The buyer's account at the marketplace. */
  readonly buyerRef: string
  /** Licences: what metering and entitlements go by where one account holds several agreements. */
  readonly licenseRefs: readonly string[]
  readonly state: AgreementState
  readonly nativeStatus: string
  /** Null when nothing is left for the seller to do. */
  readonly awaits: Awaits | null
  readonly acceptedAt: Instant
  readonly startsAt: Instant
  /** Exclusive; null when it runs until cancelled. */
  readonly endsAt: Instant | null
  /** Last change at the marketplace: the valid time of this version. */
  readonly changedAt: Instant
  /** Committed value; null when unknown. */
  readonly value: MoneyJson | null
  readonly usageRates: readonly {
    readonly dimension: string
    readonly rate: Decimal
    readonly currency: string
  }[]
  readonly charges: readonly Charge[]
  readonly entitlements: readonly Entitlement[]
  readonly included: readonly Included[]
  /** Changes whenever what a marketplace's list shows of it does; null where lists are whole. */
  readonly fingerprint: string | null
  readonly native: unknown
}

/** As a port tells it: `changedAt` null where the marketplace does not say. It is then dated by the reading that showed it. */
export type ToldAgreement = Omit<RemoteAgreement, 'changedAt'> & {
  readonly changedAt: Instant | null
}

/** Who arrived with a registration token. */
export type Registration = {
  /** The agreement itself, where the token says which. */
  readonly agreementRef: string | null
  readonly buyerRef: string
  readonly licenseRef: string | null
  /** Legacy customer identifier, where the marketplace still has one. */
  readonly customerRef: string | null
  /** What metering calls the product. */
  readonly meteringRef: string | null
  readonly native: unknown
}

/** A marketplace's agreement and what we know around it: whose offer, listing and buyer it is, and until when it is used. */
export type Agreement = RemoteAgreement & {
  readonly id: Id<'agr'>
  readonly connection: Id<'conn'>
  /** Null while no such thing is known here; tied as soon as it is. */
  readonly offer: Id<'offer'> | null
  readonly listing: Id<'lst'> | null
  readonly buyer: Id<'buyer'> | null
  /** When usage stops; see `usageEnd`. */
  readonly endedAt: Instant | null
  /** When the buyer's first user registered. */
  readonly registeredAt: Instant | null
  readonly revision: number
  /** When it was last read from the marketplace, changed or not. */
  readonly readAt: Instant
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** One reading of an agreement: `validFrom` is when it became true, `recordedAt` when we knew. */
export type AgreementVersion = {
  readonly version: number
  readonly validFrom: Instant
  /** Start of the next version that was known; null for the newest. */
  readonly validTo: Instant | null
  readonly recordedAt: Instant
  readonly content: RemoteAgreement
}

export const agreementId = idField('agr', 'An agreement')

export const stateWords = [
  'pending',
  'active',
  'suspended',
  'cancelling',
  'ended',
  'unknown',
] as const satisfies readonly AgreementState['is'][]

export const awaitsWords = [
  'activation',
  'approval',
  'change',
] as const satisfies readonly Awaits['what'][]

type Reading<Told> = { readonly remote: Told; readonly readAt: Instant }

/**
 * Whether a reading replaces what we hold. Readings overtake each other between workers: the later change wins, and of
 * two readings of one change, or where the marketplace dates none, the one that began later.
 */
export function supersedes(
  { remote, readAt }: Reading<ToldAgreement>,
  held: Reading<RemoteAgreement>,
): boolean {
  const isDated = remote.changedAt !== null && remote.changedAt !== held.remote.changedAt
  return isDated ? (remote.changedAt ?? '') > held.remote.changedAt : readAt >= held.readAt
}

/** What the marketplace told, without what we know around it. */
export const remoteOf = (agreement: RemoteAgreement): RemoteAgreement => ({
  agreementRef: agreement.agreementRef,
  initialRef: agreement.initialRef,
  offerRef: agreement.offerRef,
  listingRef: agreement.listingRef,
  planRef: agreement.planRef,
  buyerRef: agreement.buyerRef,
  licenseRefs: agreement.licenseRefs,
  state: agreement.state,
  nativeStatus: agreement.nativeStatus,
  awaits: agreement.awaits,
  acceptedAt: agreement.acceptedAt,
  startsAt: agreement.startsAt,
  endsAt: agreement.endsAt,
  changedAt: agreement.changedAt,
  value: agreement.value,
  usageRates: agreement.usageRates,
  charges: agreement.charges,
  entitlements: agreement.entitlements,
  included: agreement.included,
  fingerprint: agreement.fingerprint,
  native: agreement.native,
})

/** An agreement that its marketplace does not know any more: it is over since `at` at the latest. */
export const forgotten = (held: RemoteAgreement, at: Instant): RemoteAgreement => ({
  ...remoteOf(held),
  state: { is: 'ended', how: 'terminated' },
  awaits: null,
  changedAt: at,
  fingerprint: null,
})

/** A reading of what seemed forgotten and is not: its own date is older than that mistake, so it is dated by itself. */
export function remembered(
  told: ToldAgreement,
  readAt: Instant,
  held: RemoteAgreement & { readonly readAt: Instant },
): ToldAgreement {
  const { state, changedAt } = held
  const seemedForgotten =
    state.is === 'ended' && state.how === 'terminated' && changedAt === held.readAt
  const isBack = seemedForgotten && told.state.is !== 'ended' && readAt > held.readAt
  return isBack ? { ...told, changedAt: null } : told
}

/** Whether two readings say the same, whatever the order of their keys; a fingerprint says nothing. */
export const sameContent = (a: RemoteAgreement, b: RemoteAgreement): boolean =>
  isDeepStrictEqual(plain({ ...a, fingerprint: null }), plain({ ...b, fingerprint: null }))

/** The fields in which two readings differ; a change in the native document alone is `native`. */
export const changedFields = <Fields extends object>(before: Fields, after: Fields): string[] =>
  (Object.keys(after) as (keyof Fields & string)[]).filter(
    (name) => !isDeepStrictEqual(plain(before[name]), plain(after[name])),
  )

/**
 * A reading with its valid time: the marketplace's, or, where it tells none, the time held as long as the reading says
 * what is held, and the reading's own once it says something else.
 */
export function dated(
  told: ToldAgreement,
  readAt: Instant,
  held?: RemoteAgreement | undefined,
): RemoteAgreement {
  if (told.changedAt !== null) return { ...told, changedAt: told.changedAt }
  if (held) {
    const asBefore = { ...told, changedAt: held.changedAt }
    if (sameContent(asBefore, remoteOf(held))) return asBefore
  }
  return { ...told, changedAt: readAt }
}

/**
 * Since when what is held is true, once an overtaken reading is known too. One that dates nothing and says something
 * else shows that it was otherwise in between: what is held is then dated by its own newest reading.
 */
export function validAfter(
  held: Reading<RemoteAgreement>,
  { remote, readAt }: Reading<ToldAgreement>,
): Instant {
  const { changedAt } = held.remote
  const wasOtherwise =
    remote.changedAt === null &&
    readAt >= changedAt &&
    !sameContent({ ...remote, changedAt }, remoteOf(held.remote))
  return wasOtherwise ? held.readAt : changedAt
}

const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value))

/**
 * When usage stops: when the last licence ended, once every licence has. An agreement that ended without a word
 * about its licences stopped when it ended, which is never later; `held`, what was decided so before, then stays.
 */
export function usageEnd(
  { licenseRefs, state, endsAt, changedAt }: RemoteAgreement,
  licenseEnds: ReadonlyMap<string, Instant>,
  held: Instant | null,
): Instant | null {
  const ends = licenseRefs.map((ref) => licenseEnds.get(ref))
  const known = ends.filter((end) => end !== undefined).sort()
  if (known.length > 0 && known.length === ends.length) return known.at(-1) ?? null
  if (state.is !== 'ended') return null
  return held ?? (endsAt !== null && endsAt < changedAt ? endsAt : changedAt)
}

const remindersBeforeMs = [7 * dayMs, dayMs] as const

/** How many reminders of a deadline are due by now, and when the next one will be; null after the last. */
export function remindersOf(
  by: Instant,
  now: Instant,
): { readonly due: number; readonly next: Instant | null } {
  const moments = remindersBeforeMs.map((ms) => later(by, -ms))
  const due = moments.filter((moment) => moment <= now).length
  return { due, next: moments[due] ?? null }
}
