import type { World } from '../world.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const CHECK = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'

/** Turns a 15-character id into the 18-character form: each suffix character tells which of five letters are capitals. */
export function eighteen(id15: string): string {
  const suffix = [0, 5, 10].map((start) => {
    const bits = Array.from(id15.slice(start, start + 5), (letter) => /[A-Z]/.test(letter))
    return CHECK[bits.reduce((sum, isCapital, place) => sum + (isCapital ? 2 ** place : 0), 0)]
  })
  return id15 + suffix.join('')
}

/** The 18-character form of an id written with 15 or 18 characters, or null when it is no id. */
export function parseId(text: unknown): string | null {
  if (typeof text !== 'string' || !/^[A-Za-z0-9]+$/.test(text)) return null
  if (text.length === 15) return eighteen(text)
  return text.length === 18 && eighteen(text.slice(0, 15)) === text ? text : null
}

/** The next id of an object by its three-character key prefix. */
export function nextId(world: World, prefix: string): string {
  let count = next(world, `id:${prefix}`)
  let digits = ''
  for (let place = 0; place < 9; place += 1) {
    digits = ALPHABET[count % 62] + digits
    count = Math.floor(count / 62)
  }
  return eighteen(`${prefix}Sm0${digits}`)
}

/** Counts 1, 2, 3 … under a name; numbers are not given back when a transaction is undone, as in the real thing. */
export function next(world: World, name: string): number {
  const sequences = world.table<number>('salesforce.sequences')
  return sequences.put(name, (sequences.get(name) ?? 0) + 1)
}
