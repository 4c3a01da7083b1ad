import type { Client } from './client.ts'

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

/** One line of the timeline, with the simulated time. */
export async function tell({ say, clouds }: Story, line: string): Promise<void> {
  const { now } = await clouds.get('/clock')
  say(`  ${now.slice(0, 16).replace('T', ' ')}  ${line}`)
}

export const amount = (money: { currency: string; amount: string } | null | undefined) =>
  money ? `${money.amount} ${money.currency}` : 'unknown'
