import type { Client } from './client.ts'
import type { Market } from './market.ts'

export type Demo = {
  /** The service's address, and an admin key for it. */
  readonly api: string
  readonly key: string
  /** The simulators' address. */
  readonly simulator: string
  readonly say: (line: string) => void
  /** SFDX sources to install in the simulated org. */
  readonly packageFolder: string
}

export type Story = Demo & {
  readonly tradepost: Client
  readonly clouds: Client
  readonly advance: (by: string) => Promise<unknown>
}

const nameWidth = 10
const turnsMax = 60

/** One line of the timeline: the simulated time, who, and what happened. */
export async function tell({ say, clouds }: Story, who: string, line: string): Promise<void> {
  const { now } = await clouds.get('/clock')
  say(`  ${now.slice(0, 16).replace('T', ' ')}  ${who.padEnd(nameWidth)}  ${line}`)
}

/**
 * Asks about each deal, moving the clock they share by `step` between two rounds, until every one has its answer.
 * Answers in the deals' order; throws after `turnsMax` rounds.
 */
export async function untilEach<Deal extends { readonly market: Market }, T>(
  { advance }: Story,
  step: string,
  deals: readonly Deal[],
  ask: (deal: Deal) => Promise<T | undefined>,
): Promise<T[]> {
  const answers = new Map<Deal, T>()
  for (let turn = 0; turn < turnsMax; turn++) {
    if (turn > 0) await advance(step)
    for (const deal of deals.filter((one) => !answers.has(one))) {
      const answer = await ask(deal)
      if (answer !== undefined) answers.set(deal, answer)
    }
    if (answers.size === deals.length) return deals.map((deal) => answers.get(deal) as T)
  }
  const waiting = deals.filter((one) => !answers.has(one)).map(({ market }) => market.name)
  throw new Error(`waited in vain for ${waiting.join(' and ')}`)
}

/** `120,000.00 USD` */
export const amount = (money: { currency: string; amount: string } | null | undefined) =>
  money
    ? `${money.amount.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',')} ${money.currency}`
    : 'unknown'
