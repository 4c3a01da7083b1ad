import type { Migration } from 'kysely/migration'
import * as foundation from './0001_foundation.ts'
import * as listings from './0002_listings.ts'
import * as buyers from './0003_buyers.ts'
import * as offers from './0004_offers.ts'
import * as agreements from './0005_agreements.ts'
import * as metering from './0006_metering.ts'
import * as revenue from './0007_revenue.ts'
import * as commitments from './0008_commitments.ts'
import * as crm from './0009_crm.ts'
import * as notices from './0010_notices.ts'
import * as agreementOperations from './0011_agreement_operations.ts'
import * as offersLooked from './0012_offers_looked.ts'
import * as meteringIncluded from './0013_metering_included.ts'
import * as revenueOnDemand from './0014_revenue_on_demand.ts'
import * as connectionsKept from './0015_connections_kept.ts'
import * as offersByHand from './0016_offers_by_hand.ts'
import * as thirdMarketplace from './0017_third_marketplace.ts'
import * as usageAtScale from './0018_usage_at_scale.ts'
import * as statements from './0019_statements.ts'

/** Every migration, in order, by hand: they survive bundling, and two branches adding one number collide. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001_foundation': foundation,
  '0002_listings': listings,
  '0003_buyers': buyers,
  '0004_offers': offers,
  '0005_agreements': agreements,
  '0006_metering': metering,
  '0007_revenue': revenue,
  '0008_commitments': commitments,
  '0009_crm': crm,
  '0010_notices': notices,
  '0011_agreement_operations': agreementOperations,
  '0012_offers_looked': offersLooked,
  '0013_metering_included': meteringIncluded,
  '0014_revenue_on_demand': revenueOnDemand,
  '0015_connections_kept': connectionsKept,
  '0016_offers_by_hand': offersByHand,
  '0017_third_marketplace': thirdMarketplace,
  '0018_usage_at_scale': usageAtScale,
  '0019_statements': statements,
}
