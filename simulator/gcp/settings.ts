import type { World } from '../world.ts'
import { producerDefaults } from './producer/settings.ts'
import { reportDefaults } from './reports/settings.ts'
import { serviceControlDefaults } from './service-control/settings.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS

/** What one kind of message suffers beyond the rest. */
type Mishap = { duplicate?: boolean; drop?: boolean; delayMs?: number }

/** Every switch and delay, with its default. README.md says what each rests on. */
export const defaults = {
  ...producerDefaults,
  ...serviceControlDefaults,
  ...reportDefaults,
  tokens: {
    /** Which clock assertions and access tokens are judged by. */
    clock: 'real' as 'real' | 'simulated',
    lifeSeconds: 3599,
    /** Whether APIs take a JWT that the service account signed itself. */
    selfSigned: 'accepted' as 'accepted' | 'refused',
    /** `none` lets every call through as the provider's own account. */
    check: 'strict' as 'strict' | 'none',
    /** Which clock sign-up and push tokens are dated by. */
    issueClock: 'simulated' as 'real' | 'simulated',
  },
  procurement: {
    /** From approving an entitlement to its being active. */
    activationMs: 30 * SECOND_MS,
    /** The same where nobody has to approve. */
    automaticActivationMs: 15 * MINUTE_MS,
    /** How long after an account's approval its entitlements cannot be approved yet. */
    approvalSettlesMs: 0,
    /** What approving twice answers. */
    approveAgain: 'refused' as 'refused' | 'accepted',
    /** What becomes of a rejected entitlement. */
    rejected: 'removed' as 'removed' | 'cancelled',
    /** Whether `accounts.reset` leaves the approval pending only after a while. */
    resetMs: 20 * SECOND_MS,
    /** How long an active entitlement shows no usageReportingId. */
    usageIdDelayMs: 0,
    /** From ENTITLEMENT_CANCELLING to ENTITLEMENT_CANCELLED. */
    cancellingMs: 0,
    /** From disabled billing to the end of its orders. */
    billingDisabledMs: 30 * 24 * 60 * MINUTE_MS,
    /** From the end of an order, or the closing of an account, until it is deleted. */
    purgeDays: 60,
    /** Largest page of entitlements.list. */
    entitlementPageMax: 200,
    /** Whether the first page of entitlements.list holds nothing, and the next the rest. */
    emptyFirstPage: false,
  },
  notices: {
    /** Share of messages that come twice, out of order, or never. */
    duplicateRate: 0,
    disorderRate: 0,
    disorderMs: 10 * SECOND_MS,
    dropRate: 0,
    delayMs: 0,
    /** Whether all messages of one operation carry one eventId. */
    sharedEventId: true,
    /** Whether automatic approval also tells ENTITLEMENT_CREATION_REQUESTED. */
    creationBesideAccepted: true,
    /** Message types whose eventType is left out. */
    withoutEventType: [] as string[],
    /** Mishaps of one type: `{"ENTITLEMENT_ACTIVE": {"drop": true}}`; the account-created message is `-`. */
    types: {} as Record<string, Mishap>,
  },
  faults: {
    /** What a 429 says of when to come again, in Retry-After and RetryInfo; 0 is nothing, as usual. */
    retryAfterSeconds: 0,
  },
  signUp: {
    /** How `google.orders` lists orders: as ids or as objects, or not at all; `auto` only with multiple orders. */
    orders: 'auto' as 'auto' | 'ids' | 'objects' | 'none',
  },
}

export type Settings = typeof defaults

/** The settings in force. */
export function readSettings(world: World): Settings {
  const set = world.table<Record<string, any>>('gcp.settings').get('settings') ?? {}
  const groups = Object.entries(defaults).map(([group, usual]) => [
    group,
    { ...usual, ...set[group] },
  ])
  return Object.fromEntries(groups) as Settings
}

/** Changes some settings; returns what was wrong with the request, or nothing. */
export function changeSettings(world: World, patch: unknown): string | undefined {
  const next = structuredClone(readSettings(world)) as Record<string, any>
  if (patch === null || typeof patch !== 'object') return 'the body must be an object'
  for (const [group, values] of Object.entries(patch)) {
    if (!Object.hasOwn(next, group)) return `there is no group ${group}`
    if (values === null || typeof values !== 'object') return `${group} must be an object`
    for (const [name, value] of Object.entries(values)) {
      if (!Object.hasOwn(next[group], name)) return `there is no setting ${group}.${name}`
      const usual = (defaults as Record<string, any>)[group][name]
      if (typeof value !== typeof usual || Array.isArray(value) !== Array.isArray(usual)) {
        return `${group}.${name} must be like ${JSON.stringify(usual)}`
      }
      next[group][name] = value
    }
  }
  world.table('gcp.settings').put('settings', next)
  return undefined
}
