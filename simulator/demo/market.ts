import type { Client } from './client.ts'

/** Where a marketplace shall send a buyer's user, and its notices. */
export type Addresses = { readonly register: string; readonly notices: string }

/** What differs between two clouds; everything else of the deal is the same. */
export type Market = {
  /** What the timeline calls it. */
  readonly name: string
  readonly provider: string
  /** The seller's account: body of `POST /v1/connections` but for its name and sign-up page. */
  readonly account: (simulator: string) => object
  readonly listingRef: string
  /** The plan that is sold, where the marketplace has plans. */
  readonly planRef: string | null
  /** What the seller states of the listing, as the drawdown rules ask for it. */
  readonly facts: Readonly<Record<string, string | boolean>>
  /** The buyer's accounts there. */
  readonly buyerRefs: readonly string[]
  /** What the buyer's promise to this cloud is called, and what of it may be spent on the marketplace. */
  readonly commitment: object
  readonly promise: string
  /** Tells the marketplace where we are; repeating it changes nothing. */
  tell(clouds: Client, addresses: Addresses): Promise<void>
  /** The buyer accepts the terms, once. */
  accept(clouds: Client, offerRef: string): Promise<void>
  /** The buyer has what was offered, bought once; returns the marketplace's own id of it. */
  subscribe(clouds: Client, offerRef: string): Promise<string>
  /** The buyer's user opens our registration page; redirects are not followed. */
  register(clouds: Client, agreementRef: string): Promise<{ status: number; location?: string }>
  /** Has the seller's reports on these months written now, where nobody would wait for them. */
  report?(clouds: Client, months: readonly string[]): Promise<void>
}
