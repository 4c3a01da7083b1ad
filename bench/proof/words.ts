import { hashOf, type Plan } from './plan.ts'
import type { Result } from './run.ts'

const differencesMax = 20

/** One seed in one line, and below it whatever is wrong. */
export function lineOf(plan: Plan, result: Result | string): string {
  const mix = plan.agreements.map(({ cloud, isCancelled }) => cloud + (isCancelled ? '†' : ''))
  const reversals = plan.events.filter(({ reverses }) => reverses !== null).length
  const begin = `seed ${plan.seed} ${hashOf(plan)} ${mix.join('+')}`
  if (typeof result === 'string') return `${begin}: FAILED ${result}`
  const { struck, faults, duplicates, losses, seconds, differences } = result
  const counts = [
    `${plan.events.length} events (${reversals} reversals)`,
    `${duplicates} duplicates`,
    `${struck.kills} kills (${struck.hits} at their moment)`,
    `${struck.cuts} database cuts`,
    `${faults} faults`,
    `${losses} losses`,
    `${seconds} s`,
  ]
  const verdict = differences.length === 0 ? 'ok' : `${differences.length} DIFFERENCES`
  const shown = differences.slice(0, differencesMax).map((line) => `\n  ${line}`)
  return `${begin}: ${counts.join(', ')}: ${verdict}${shown.join('')}`
}
