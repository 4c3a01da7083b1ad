import type { Client } from '../simulator/demo/client.ts'

/** An offer that a proof makes: its plan, in the marketplace's word (null: there are no plans), and its prices. */
export type Deal = {
  readonly plan: string | null
  readonly pricing: object
  /** What becomes of it. `unmade`: the marketplace begins it and fails; `flaky`: it fails once, by its own fault. */
  readonly fate: 'bought' | 'withdrawn' | 'extended' | 'unmade' | 'flaky'
  /** Meters it sells, with the units that its price includes. */
  readonly meters: Readonly<Record<string, string>>
  /** What only this marketplace knows of. */
  readonly native?: object
}

/** A moment to kill at; `arm` prepares it, and what that gives tells whether it has come. */
export type Moment = {
  readonly name: string
  arm(clouds: Client): Promise<() => Promise<boolean>>
}

/** An offer as the marketplace holds it, in words of ours. */
export type HeldOffer = {
  readonly name: string
  readonly is: 'draft' | 'live' | 'withdrawn' | 'deleted'
}

/** An agreement as the marketplace holds it, in words of ours. */
export type HeldAgreement = {
  readonly agreementRef: string
  readonly state: string
  readonly planRef: string | null
  readonly quantity: string | null
}

/** How a proof of the life of agreements is told of what it may use. */
export type Stage = {
  readonly api: Client
  readonly clouds: Client
  /** Asks until there is an answer; the clouds' clock moves on meanwhile. */
  wait<T>(what: string, ask: () => Promise<T | undefined>): Promise<T>
  /** Whether enough was killed. */
  isOver(): boolean
}

/** What was asked of agreements, to be compared with what the marketplace was asked for: counts by its own words. */
export type Asked = Readonly<Record<string, number>>

/** What a proof or benchmark must know of one marketplace's simulator, to sell and meter there. */
export type Cloud = {
  readonly provider: string
  /** The seller's listing, and the accounts of the buyer. */
  readonly listingRef: string
  readonly buyerRefs: readonly string[]
  /** The seller's account, as it is connected here. */
  connection(simulator: string): { readonly settings: object; readonly credentials: object }
  /** Tells the simulator where to send its notices and its buyers: an address of ours, and the connection there. */
  notify(clouds: Client, base: string, connection: string, secret: string): Promise<unknown>
  /** Lets as many calls through as are made: they are counted, not held up. */
  unlimit(clouds: Client): Promise<unknown>
  /** The buyer takes the public price once more: another agreement, metered by this licence once it has begun. */
  accept(clouds: Client): Promise<string>
  /** The buyer's user arrives at our page, which begins the agreement; absent where accepting is all it takes. */
  arrive?(clouds: Client, license: string): Promise<unknown>
  /** The public price that `accept` takes. */
  readonly publicMeters: Readonly<Record<string, string>>
  /** Units in a usage record of a proof: enough that what the price includes leaves something to send. */
  readonly recordUnits: string

  /** Offers that a proof makes, in turn. */
  readonly deals: readonly Deal[]
  /** How offers stand in the end, where that is not as usual: by their fate, in words of `HeldOffer`; empty: they are gone. */
  readonly ends?: Readonly<Partial<Record<Deal['fate'], string>>>
  /** Makes the next operation of an offer end as its fate has it. */
  script?(clouds: Client, fate: Deal['fate']): Promise<unknown>
  /** The buyer accepts an offer, and takes what it sells. Returns the agreement's reference. */
  buy(clouds: Client, offerRef: string, deal: Deal): Promise<string>

  /** Calls that told usage, so far, and the most records one of them can hold. */
  usageCalls(clouds: Client): Promise<number>
  readonly recordsPerCall: number
  /** Calls that asked whether usage may be told, where the marketplace wants that. */
  checkCalls?(clouds: Client): Promise<number>
  /** Usage records that the simulator took. */
  heldRecords(clouds: Client): Promise<number>
  /** Units it took, by licence and dimension: `license/dimension`. */
  heldUnits(clouds: Client): Promise<ReadonlyMap<string, string>>
  /** Every offer it ever made for the seller, whatever became of it. */
  heldOffers(clouds: Client): Promise<readonly HeldOffer[]>
  heldAgreements?(clouds: Client): Promise<readonly HeldAgreement[]>

  /** Moments at which a kill hurts most, for each part of the proof. */
  readonly moments: Readonly<Record<'publishing' | 'life' | 'metering', readonly Moment[]>>
  /** Changes of agreements from both sides, for as long as there are kills to come. */
  life?(stage: Stage): Promise<Asked>
  /** What the marketplace was asked to change. */
  heldRequests?(clouds: Client): Promise<Asked>
  /** How operations on offers were asked after, where that is counted. */
  polls?(clouds: Client): Promise<readonly { readonly polls: number; readonly hasty: number }[]>
  /** Calls that look for changed agreements, of all calls so far, signing in left out. */
  polling(clouds: Client): Promise<{ readonly lists: number; readonly all: number }>
}

/** Nobody answers for a while: a request of this operation is at work, or done and not answered yet. */
export const during = (cloud: string, match: string, kind: 'slow' | 'late'): Moment => ({
  name: `${kind} ${match}`,
  async arm(clouds) {
    const fault = { cloud, match, kinds: [kind], times: 1, ms: 4_000 }
    const { id } = await clouds.post('/faults', fault)
    return async () =>
      (await clouds.get('/faults')).faults.some(
        (one: { id: string; struck: number }) => one.id === id && one.struck > 0,
      )
  },
})
