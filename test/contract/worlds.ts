import type { AccountWorld } from './account.ts'
import type { AgreementsWorld } from './agreement-world.ts'
import type { CrmWorld } from './crm.ts'
import type { ListingsWorld } from './listings.ts'
import type { MeteringWorld } from './metering.ts'
import type { NoticesWorld } from './notices.ts'
import type { OffersWorld } from './offer-world.ts'
import type { RevenueWorld } from './revenue-world.ts'
import type { TypedOffersWorld } from './typed-offers.ts'

/** The worlds a provider's ports are tried in, each by its name: one suite runs in each. */
export type Worlds = {
  readonly account: Readonly<Record<string, () => Promise<AccountWorld>>>
  readonly listings: Readonly<Record<string, () => Promise<ListingsWorld>>>
  readonly offers: Readonly<Record<string, () => Promise<OffersWorld>>>
  /** The offers of a marketplace where people type them in. */
  readonly typedOffers: Readonly<Record<string, () => Promise<TypedOffersWorld>>>
  readonly agreements: Readonly<Record<string, () => Promise<AgreementsWorld>>>
  readonly metering: Readonly<Record<string, () => Promise<MeteringWorld>>>
  readonly revenue: Readonly<Record<string, () => Promise<RevenueWorld>>>
  readonly notices: Readonly<Record<string, () => Promise<NoticesWorld>>>
  readonly crm: Readonly<Record<string, () => Promise<CrmWorld>>>
}
