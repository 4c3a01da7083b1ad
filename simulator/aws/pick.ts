/** The table's own entry of that name: names come from requests, and `constructor` is one, too. */
export function pick<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
