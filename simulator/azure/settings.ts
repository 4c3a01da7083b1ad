import type { World } from '../world.ts'
import { catalogDefaults } from './catalog-settings.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Every switch and delay of the simulated marketplace, with its default. README.md says what each rests on. */
export const defaults = {
  ...catalogDefaults,
  tokens: {
    /** Which clock access tokens expire by. */
    clock: 'real' as 'real' | 'simulated',
    lifeSeconds: 3599,
    refreshLifeDays: 90,
    /** Whether a refresh token works again after a newer one was handed out for it. */
    refreshReuse: 'allowed' as 'allowed' | 'refused',
    /** Resources without a service principal in the tenants. */
    missingPrincipals: [] as string[],
    /** What analytics takes as its audience: the documented one, or also that of Partner Center. */
    analyticsAudience: 'both' as 'graph.windows.net' | 'api.partnercenter.microsoft.com' | 'both',
    /** Whether a wrong audience is a 401; the contract of fulfilment knows only 403. */
    wrongAudienceIs401: true,
  },
  fulfilment: {
    /** Subscriptions a page; the documents say 100, recordings have 66 to 89. */
    pageSizes: [66, 89, 71],
    /** How long a marketplace token may be resolved; the OpenAPI file says one hour. */
    marketplaceTokenMs: 24 * HOUR_MS,
    /** From the answer to `activate` to the subscription being Subscribed. */
    activationMs: 30_000,
    /** What activating a Subscribed subscription answers. */
    activateAgain: 'ok' as 'ok' | 'refuse',
    operationStartMs: 2_000,
    operationListDelayMs: 5_000,
    answerWithinMs: 10_000,
    /** Until a purchase nobody activated, or a suspended subscription, is unsubscribed. */
    activateWithinDays: 30,
    suspendedDays: 30,
    /** The list of operations of an unknown subscription: empty, or 404. */
    unknownOperations: '404' as '404' | 'empty',
    /** What an unknown operation answers. */
    unknownOperation: '404' as '404' | '400',
    /** What reading the operation of a Renew, Suspend or Unsubscribe answers. */
    finishedOperation: 'found' as 'found' | 'missing',
    /** An empty list of operations as `{}` or no body at all. */
    emptyOperations: 'object' as 'object' | 'nothing',
    /** What patching an operation the publisher itself started answers. */
    patchOwnOperation: 'ok' as 'ok' | '500',
    /** Whether PATCH to the plan or quantity in force is refused at once or ends as Conflict. */
    sameChange: '400' as '400' | 'Conflict',
    /** What PATCH answers while an operation is under way. */
    pendingChange: '409' as '409' | '400',
    /** Whether subscriptions carry keys no document names, as third parties have seen. */
    extraKeys: false,
  },
  webhooks: {
    claims: 'v2' as 'v1' | 'v2',
    clock: 'simulated' as 'real' | 'simulated',
    /** Whether a purchase is told by a Subscribe event, as the newest document has it. */
    subscribeEvents: false,
    duplicateRate: 0.1,
    disorderRate: 0.1,
    disorderMs: 90_000,
    dropRate: 0,
    dayLateRate: 0,
    attemptsMax: 500,
    retryForMs: 8 * HOUR_MS,
  },
  metering: {
    lateWindowHours: 24,
    futureToleranceMs: 0,
    /** What happens to planId when it is not the purchased plan. */
    wrongPlan: 'BadArgument' as 'BadArgument' | 'ResourceNotFound' | 'accept',
    /** Chance that an item of a batch comes back as `Error`. */
    errorRate: 0,
    /** When Submitted rows become Accepted: hours after the end of their day. */
    reconcileHours: 6,
    /** Whether the plan is part of the key that tells duplicates. */
    planInKey: false,
  },
}

export type Settings = typeof defaults

/** The settings in force. */
export function readSettings(world: World): Settings {
  const set = world.table<Record<string, any>>('azure.settings').get('settings') ?? {}
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
      const fits =
        usual === null ||
        value === null ||
        (typeof value === typeof usual && Array.isArray(value) === Array.isArray(usual))
      if (!fits) return `${group}.${name} must be like ${JSON.stringify(usual)}`
      next[group][name] = value
    }
  }
  world.table('azure.settings').put('settings', next)
  return undefined
}
