import { createHash } from 'node:crypto'
import type { World } from '../world.ts'

/**
 * Makes identifiers that look like Google's, repeatable from the world's seed and never repeated within one
 * world, restarts included.
 */
export type Ids = {
  guid(): string
  hex(length: number): string
  /** Digits, the first not 0; at most 64. */
  digits(length: number): string
}

export function createIds(world: World): Ids {
  const table = world.table<{ salt: string; count: number }>('gcp.sequence')
  const next = () => {
    const state = table.get('ids') ?? { salt: String(world.random()), count: 0 }
    table.put('ids', { ...state, count: state.count + 1 })
    return createHash('sha512').update(`gcp:${state.salt}:${state.count}`).digest()
  }
  const hex = (length: number) => next().toString('hex').slice(0, length)
  return {
    hex,
    guid: () => {
      const h = hex(32)
      return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20)}`
    },
    digits: (length) => {
      const bytes = [...next().subarray(0, length)]
      return bytes.map((byte, at) => (at === 0 ? (byte % 9) + 1 : byte % 10)).join('')
    },
  }
}
