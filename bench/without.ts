import { registerHooks } from 'node:module'

/**
 * Loaded before the service (`--import ./bench/without.ts?carry`), takes one fix out of our source as it is loaded, so
 * that a proof can show that it would notice. A place that is not there any more is an error.
 */
type Place = { readonly file: string; readonly is: string; readonly becomes: string }

const places: Readonly<Record<string, Place>> = {
  /** An event that is known counts again. */
  dedupe: {
    file: '/src/metering/roll-up.ts',
    is: 'on conflict do nothing\n      returning source',
    becomes:
      'on conflict (source, id) do update set received_at = excluded.received_at\n      returning source',
  },
  /** What was sent and never answered is made up anew instead of sent again to the letter. */
  resend: {
    file: '/src/metering/freeze.ts',
    is: 'const works = await claims.take(tx.db, connection, now, limit, isProbe)',
    becomes: `const taken = await claims.take(tx.db, connection, now, limit, isProbe)
  const works = taken.map((work) => ({ ...work, sent: null, report: null }))`,
  },
  /** What is less than a whole unit is dropped. */
  carry: {
    file: '/src/metering/freeze.ts',
    is: 'books.leave(work, split.carriedOut)',
    becomes: "books.leave(work, '0')",
  },
}

const name = new URL(import.meta.url).search.slice(1)
const place = places[name]
if (!place) throw new Error(`--without is one of ${Object.keys(places).join(', ')}, not ${name}`)

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    if (!url.endsWith(place.file)) return loaded
    const source = String(loaded.source)
    const found = source.split(place.is).length - 1
    if (found !== 1) throw new Error(`${place.file} has the place of ${name} ${found} times`)
    return { ...loaded, source: source.replace(place.is, () => place.becomes) }
  },
})
