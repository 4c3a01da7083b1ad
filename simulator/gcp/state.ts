import type { Table, World } from '../world.ts'
import { createIds, type Ids } from './ids.ts'
import type { BillingAccount, Provider, Service, ServiceAccount } from './parties.ts'
import type { Message, Subscription } from './pubsub/model.ts'
import type { Account, Entitlement, PrivateOffer } from './purchases.ts'
import { readSettings, type Settings } from './settings.ts'
import { createTimers, type Timers } from './timers.ts'

/**
 * The documents Google holds here. Instants are simulated milliseconds (micros where a name says so), money is
 * exact decimal text. Keys are bare ids; resource names are spelled at the edge.
 */
export type GcpContext = {
  readonly world: World
  readonly ids: Ids
  /** What is planned for later; each part registers what its timers do. */
  readonly timers: Timers
  /** Simulated milliseconds. */
  now(): number
  settings(): Settings
  /** By provider id, which is also the project id. */
  readonly providers: Table<Provider>
  /** By service name. */
  readonly services: Table<Service>
  /** By e-mail. */
  readonly serviceAccounts: Table<ServiceAccount>
  /** By billing account id, `012345-6789AB-CDEF01`. */
  readonly billingAccounts: Table<BillingAccount>
  /** By bare procurement account id. */
  readonly accounts: Table<Account>
  /** By bare entitlement id. */
  readonly entitlements: Table<Entitlement>
  /** By bare private offer id, the last segment of its name. */
  readonly privateOffers: Table<PrivateOffer>
  /** By `projects/{p}/subscriptions/{s}`. */
  readonly subscriptions: Table<Subscription>
  /** By `{subscription}/{messageId}`. */
  readonly messages: Table<Message>
}

export function openGcp(world: World): GcpContext {
  return {
    world,
    ids: createIds(world),
    timers: createTimers(world),
    now: () => world.clock.now(),
    settings: () => readSettings(world),
    providers: world.table('gcp.providers'),
    services: world.table('gcp.services'),
    serviceAccounts: world.table('gcp.serviceAccounts'),
    billingAccounts: world.table('gcp.billingAccounts'),
    accounts: world.table('gcp.accounts'),
    entitlements: world.table('gcp.entitlements'),
    privateOffers: world.table('gcp.privateOffers'),
    subscriptions: world.table('gcp.subscriptions'),
    messages: world.table('gcp.messages'),
  }
}
