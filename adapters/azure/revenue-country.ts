let codes: ReadonlyMap<string, string> | undefined

/** The ISO 3166 code of a country that a report names by its code or in English; null for a name we do not know. */
export function countryOf(name: string | null): string | null {
  if (name === null) return null
  if (/^[A-Za-z]{2}$/.test(name)) return name.toUpperCase()
  codes ??= englishNames()
  return codes.get(name.toLowerCase()) ?? null
}

function englishNames(): ReadonlyMap<string, string> {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
  return new Map(
    letters
      .flatMap((first) => letters.map((second) => first + second))
      .filter(isCurrent)
      .flatMap((code) => {
        const name = names.of(code)
        return name === undefined ? [] : [[name.toLowerCase(), code] as const]
      }),
  )
}

/** A code that another took the place of has that one's name: DD is called Germany as well. */
const isCurrent = (code: string): boolean =>
  Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`
