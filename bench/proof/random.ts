/** Everything a plan leaves to chance comes from here: the same seed says the same for ever. */
export type Random = {
  /** In [0, 1). */
  next(): number
  /** A whole number, both ends included. */
  whole(min: number, max: number): number
  chance(of: number): boolean
  pick<Item>(items: readonly Item[]): Item
  shuffled<Item>(items: readonly Item[]): Item[]
}

/** Mulberry32 over a seed and a name, so that one part of a plan does not shift another. */
export function seeded(seed: number, part: string): Random {
  let state = seed >>> 0
  for (const letter of part) state = Math.imul(state ^ letter.charCodeAt(0), 0x9e3779b1) >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    whole,
    chance: (of) => next() < of,
    pick(items) {
      const item = items[whole(0, items.length - 1)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
    shuffled(items) {
      const all = [...items]
      for (let last = all.length - 1; last > 0; last--) {
        const other = whole(0, last)
        const kept = all[last]
        all[last] = all[other] as (typeof all)[number]
        all[other] = kept as (typeof all)[number]
      }
      return all
    },
  }
}
