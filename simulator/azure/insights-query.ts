import catalogue from './insights-catalogue.json' with { type: 'json' }

/** A dataset as `ScheduledDataset` describes it, and the column its TIMESPAN looks at. */
export type Dataset = {
  readonly dateColumn: string
  readonly columns: readonly string[]
  readonly metrics: readonly string[]
  readonly dateRanges: readonly string[]
}

export type Condition = {
  readonly column: string
  readonly operator: string
  readonly values: readonly string[]
}

/** A report query taken apart. Columns carry the dataset's own spelling. */
export type Query = {
  readonly distinct: boolean
  readonly columns: readonly string[]
  readonly dataset: string
  readonly where: readonly Condition[]
  readonly orderBy: readonly { readonly column: string; readonly ascending: boolean }[]
  readonly limit: number | null
  readonly timespan: string
}

export const datasets: Readonly<Record<string, Dataset>> = catalogue.datasets
export const systemQueries: readonly {
  readonly queryId: string
  readonly name: string
  readonly query: string
}[] = catalogue.systemQueries

const TIMESPAN_DEFAULT = 'LAST_6_MONTHS'
const SHORTEST_FIRST = [
  'TODAY',
  'YESTERDAY',
  'LAST_7_DAYS',
  'LAST_14_DAYS',
  'LAST_30_DAYS',
  'LAST_MONTH',
  'LAST_90_DAYS',
  'LAST_3_MONTHS',
  'LAST_180_DAYS',
  'LAST_6_MONTHS',
  'LAST_365_DAYS',
  'LAST_1_YEAR',
  'LIFETIME',
]
const TOKEN = /\s*('(?:[^']|'')*'|<=|>=|!=|[=<>(),*]|[A-Za-z_][\w.]*|\d+(?:\.\d+)?|\S)/gy
const COMPARISONS = ['=', '>', '<', '>=', '<=', '!=']

/** What is wrong with a query, in the words of the error table of "Programmatic access FAQ". */
export class QueryFault extends Error {}

/**
 * Reads `SELECT … FROM … WHERE … ORDER BY … LIMIT … TIMESPAN …` ("Custom query specification",
 * Partner Center documentation). Throws a `QueryFault` with the service's message.
 */
export function parseQuery(text: string): Query {
  const words = tokens(text)
  expect(words, 'SELECT')
  const distinct = take(words, 'DISTINCT')
  const asked = names(words)
  expect(words, 'FROM')
  const dataset = datasetNamed(words.shift())
  const where = take(words, 'WHERE') ? conditions(words, dataset) : []
  const orderBy = takeAll(words, 'ORDER', 'BY') ? orders(words, dataset) : []
  const limit = take(words, 'LIMIT') ? whole(words.shift()) : null
  const timespan = take(words, 'TIMESPAN')
    ? span(words.shift(), dataset)
    : usualSpan(datasets[dataset])
  if (words.length > 0) throw new QueryFault(`Invalid query: unexpected '${words[0]}'`)
  const columns =
    asked.length === 1 && asked[0] === '*'
      ? [...(datasets[dataset]?.columns ?? []), ...(datasets[dataset]?.metrics ?? [])]
      : asked.map((one) => columnOf(dataset, one))
  return { distinct, columns, dataset, where, orderBy, limit, timespan }
}

function usualSpan(dataset: Dataset | undefined): string {
  return dataset?.dateRanges.includes(TIMESPAN_DEFAULT) ? TIMESPAN_DEFAULT : 'LAST_3_MONTHS'
}

function tokens(text: string): string[] {
  const found: string[] = []
  TOKEN.lastIndex = 0
  const trimmed = text.trim()
  while (TOKEN.lastIndex < trimmed.length) {
    const match = TOKEN.exec(trimmed)
    if (!match?.[1]) break
    found.push(match[1])
  }
  return found
}

function is(word: string | undefined, keyword: string): boolean {
  return word?.toUpperCase() === keyword
}

function take(words: string[], keyword: string): boolean {
  if (!is(words[0], keyword)) return false
  words.shift()
  return true
}

function takeAll(words: string[], first: string, second: string): boolean {
  if (!is(words[0], first) || !is(words[1], second)) return false
  words.splice(0, 2)
  return true
}

function expect(words: string[], keyword: string): void {
  if (!take(words, keyword)) throw new QueryFault(`Invalid query: ${keyword} is expected`)
}

function names(words: string[]): string[] {
  const found: string[] = []
  do {
    const name = words.shift()
    if (name === undefined || is(name, 'FROM')) throw new QueryFault('Null or missing value')
    found.push(name)
  } while (take(words, ','))
  return found
}

function datasetNamed(name: string | undefined): string {
  const found = Object.keys(datasets).find((one) => one.toUpperCase() === name?.toUpperCase())
  if (found === undefined) throw new QueryFault(`Invalid table name: ${name ?? ''}`)
  return found
}

function columnOf(dataset: string, name: string | undefined): string {
  const known = [...(datasets[dataset]?.columns ?? []), ...(datasets[dataset]?.metrics ?? [])]
  const found = known.find((one) => one.toUpperCase() === name?.toUpperCase())
  if (found === undefined) throw new QueryFault(`Incorrect column name: ${name ?? ''}`)
  return found
}

function conditions(words: string[], dataset: string): Condition[] {
  const found: Condition[] = []
  do {
    const column = columnOf(dataset, words.shift())
    const negated = take(words, 'NOT') ? 'NOT ' : ''
    const operator = words.shift()?.toUpperCase() ?? ''
    if (operator === 'IN') {
      found.push({ column, operator: `${negated}IN`, values: listed(words) })
    } else if (operator === 'LIKE' || (negated === '' && COMPARISONS.includes(operator))) {
      found.push({ column, operator: `${negated}${operator}`, values: [literal(words.shift())] })
    } else throw new QueryFault(`Invalid query: '${negated}${operator}' is not an operator`)
  } while (take(words, 'AND'))
  if (is(words[0], 'OR')) throw new QueryFault('Invalid query: only AND joins conditions')
  return found
}

function listed(words: string[]): string[] {
  if (words.shift() !== '(') throw new QueryFault("Invalid query: '(' is expected after IN")
  const values = [literal(words.shift())]
  while (take(words, ',')) values.push(literal(words.shift()))
  if (words.shift() !== ')') throw new QueryFault("Invalid query: ')' is expected")
  return values
}

function literal(word: string | undefined): string {
  if (word === undefined) throw new QueryFault('Null or missing value')
  if (!word.startsWith("'")) {
    throw new QueryFault(`Invalid query: ${word} must stand in single quotes`)
  }
  return word.slice(1, -1).replaceAll("''", "'")
}

function orders(words: string[], dataset: string): Query['orderBy'] {
  const found: { column: string; ascending: boolean }[] = []
  do {
    const column = columnOf(dataset, words.shift())
    const ascending = take(words, 'ASC')
    if (!ascending) take(words, 'DESC')
    found.push({ column, ascending })
  } while (take(words, ','))
  return found
}

function whole(word: string | undefined): number {
  if (word === undefined || !/^\d+$/.test(word)) {
    throw new QueryFault('Invalid query: LIMIT needs a whole number')
  }
  return Number(word)
}

/** A span must be one the dataset offers, or shorter than its longest. */
function span(word: string | undefined, dataset: string): string {
  const wanted = word?.toUpperCase() ?? ''
  const length = SHORTEST_FIRST.indexOf(wanted)
  const longest = Math.max(
    ...(datasets[dataset]?.dateRanges ?? []).map((one) => SHORTEST_FIRST.indexOf(one)),
  )
  if (length < 0 || length > longest) throw new QueryFault(`Invalid query: TIMESPAN ${wanted}`)
  return wanted
}
