import type { Table, World } from '../world.ts'
import type { Earning, Invoice, OrderLine } from './billing-model.ts'
import type { Job, Plan, PrivateOffer, Product } from './catalog-model.ts'
import { createIds, type Ids } from './ids.ts'
import type { App, Buyer, Publisher } from './parties.ts'
import type { Delivery, Operation, Subscription, UsageEvent } from './purchases.ts'
import { readSettings, type Settings } from './settings.ts'
import { createTimers, type Timers } from './timers.ts'

/**
 * The documents Microsoft holds here. Instants are simulated milliseconds, days `2026-05-01`, amounts and
 * quantities exact decimal text. Ids are bare guids; `product/…` and the like are spelled at the edge.
 */
export type AzureState = {
  readonly world: World
  readonly ids: Ids
  /** What part of the service has planned for later: each has its own list. */
  readonly timers: Timers
  /** Simulated milliseconds. */
  now(): number
  settings(): Settings
  /** By publisher id. */
  readonly publishers: Table<Publisher>
  /** By client id. */
  readonly apps: Table<App>
  /** By billing account id. */
  readonly buyers: Table<Buyer>
  /** By product guid. */
  readonly products: Table<Product>
  /** By plan guid. */
  readonly plans: Table<Plan>
  /** By private offer guid. */
  readonly privateOffers: Table<PrivateOffer>
  /** By job guid. */
  readonly jobs: Table<Job>
  /** By subscription guid. */
  readonly subscriptions: Table<Subscription>
  /** By operation guid. */
  readonly operations: Table<Operation>
  /** By `subscription/dimension/hour`. */
  readonly usage: Table<UsageEvent>
  readonly deliveries: Table<Delivery>
  readonly invoices: Table<Invoice>
  readonly orderLines: Table<OrderLine>
  readonly earnings: Table<Earning>
}
/** Opens all tables of the simulated Microsoft marketplace. */
export function openAzure(world: World): AzureState {
  return {
    world,
    ids: createIds(world),
    timers: createTimers(world, 'azure.timers'),
    now: () => world.clock.now(),
    settings: () => readSettings(world),
    publishers: world.table('azure.publishers'),
    apps: world.table('azure.apps'),
    buyers: world.table('azure.buyers'),
    products: world.table('azure.products'),
    plans: world.table('azure.plans'),
    privateOffers: world.table('azure.privateOffers'),
    jobs: world.table('azure.jobs'),
    subscriptions: world.table('azure.subscriptions'),
    operations: world.table('azure.operations'),
    usage: world.table('azure.usage'),
    deliveries: world.table('azure.deliveries'),
    invoices: world.table('azure.invoices'),
    orderLines: world.table('azure.orderLines'),
    earnings: world.table('azure.earnings'),
  }
}
