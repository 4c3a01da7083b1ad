import { expect, type TestContext } from 'vitest'
import type { Registration, RemoteAgreement } from '../../src/agreements/model.ts'
import type { Wanted } from '../../src/agreements/port.ts'
import type { Instant } from '../../src/kernel/time.ts'
import type { World } from './world.ts'

/** An accepted offer and how it should be told. */
export type Sold = { readonly agreementRef: string; readonly told: Told }
/** Fields of an agreement as they should be told, whole or in part. */
export type Told = { readonly [Field in keyof RemoteAgreement]?: unknown }

export type AgreementsWorld = World<'agreements'> & {
  /** What can be sold, by what is special about it: accepted, and provisioned where it can be used at once. */
  readonly deals: Readonly<Record<string, () => Promise<Sold>>>
  /** A buyer accepts this very moment; nothing is provisioned yet. `legacy`: a product of the old kind. */
  readonly accept: (kind?: 'usual' | 'legacy') => Promise<Sold>
  /** The buyer adds units; how it is then told. */
  readonly amend: (agreementRef: string) => Promise<Told>
  readonly cancel: (agreementRef: string) => Promise<void>
  /** The marketplace itself ends it. */
  readonly terminate?: (agreementRef: string) => Promise<void>
  /** How an end at a moment is told beside its state; by itself: that it ended and changed then. */
  readonly ended?: (at: Instant) => Told
  /** Sold for a month, renewing by itself: the month passes, and another agreement follows. */
  readonly renew?: () => Promise<{ readonly before: string }>
  /** The same, and the agreement goes on; how it is then told. */
  readonly renewInPlace?: () => Promise<Sold>
  /** An agreement of another seller's. */
  readonly foreignRef: string
  /** What the buyer's browser sends after the purchase. */
  readonly arrive: (agreementRef: string) => Promise<Readonly<Record<string, string>>>
  /** Who that is. */
  readonly whoArrives: (agreementRef: string) => Promise<Partial<Registration>>
  /** How long a token can be resolved, and a little more. */
  readonly pastTokenLife: string
  readonly answerEmptyPages?: () => Promise<void>
  /** A buyer accepts, and the agreement waits for the seller; until when it does, where the marketplace tells. */
  readonly acceptAwaiting?: () => Promise<{
    readonly agreementRef: string
    readonly by: Instant | null
  }>
  /** What is over is removed at the marketplace. */
  readonly forget?: (agreementRef: string) => Promise<void>
  /** An account that offers are made to, and the agreements it holds. */
  readonly holder?: () => Promise<{
    readonly accountRef: string
    readonly agreementRefs: readonly string[]
  }>
  /** What a seller can ask, by kind, each of an agreement of its own that is ready for it. */
  readonly requests?: Readonly<Partial<Record<Wanted['is'], () => Promise<Request>>>>
  /** The same that the marketplace refuses, at once or later, by what is wrong with it. */
  readonly refusals?: Readonly<Record<string, () => Promise<Omit<Request, 'told'>>>>
  /** The longest that the marketplace works on a request. */
  readonly requestTakes?: string
  /** How many operations the marketplace has begun on an agreement. */
  readonly begun?: (agreementRef: string) => Promise<number>
  /** In the form of the marketplace's names for operations, and none of them. */
  readonly unknownOperationRef?: string
  /** A buyer changes an agreement, and the marketplace waits for our word; how it is told once we accept. */
  readonly buyerChanges?: () => Promise<Sold & { readonly operationRef: string }>
  /** Why this world cannot show something, by the name of what is missing above, or `legacy`. */
  readonly unable?: Readonly<Record<string, string>>
}

/** Something to ask of an agreement, and how it is told once it is done. */
export type Request = {
  readonly agreementRef: string
  readonly wanted: Wanted
  readonly told: Told
}

/** What the world shows; skips the test with its reason when it cannot, and fails when it gives none. */
export function shown<Name extends keyof AgreementsWorld>(
  world: AgreementsWorld,
  name: Name,
  { skip }: Pick<TestContext, 'skip'>,
): NonNullable<AgreementsWorld[Name]> {
  const reason = world.unable?.[name]
  return world[name] ?? (reason ? skip(reason) : expect.fail(`show ${name}, or say why not`))
}
