import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Adapter, PortName, Ports } from '../src/adapter.ts'
import { openExample } from './readme-offer.ts'

const root = join(import.meta.dirname, '..')

const ports: Readonly<Record<PortName, string>> = {
  account: 'connection check',
  listings: 'listings and dimensions',
  offers: 'private offers',
  agreements: 'agreements, registration',
  metering: 'metered usage',
  revenue: 'revenue reports',
  notices: 'notices pushed to us or fetched',
  crm: 'CRM records',
}
const portNames = Object.keys(ports) as PortName[]

const noSales = 'a marketplace keeps no sales records; Salesforce does'
const noMarket = 'it sells nothing; it shows what the marketplaces sold'
/** Why a port is absent, said for each that is. */
const reasons: Readonly<Record<string, Partial<Record<PortName, string>>>> = {
  aws: { crm: noSales },
  azure: { crm: noSales },
  gcp: { crm: noSales },
  salesforce: {
    listings: noMarket,
    offers: noMarket,
    agreements: noMarket,
    metering: noMarket,
    revenue: noMarket,
    notices: 'it is written to, and read by questions; it calls nobody',
  },
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[], line: string) =>
  [row(head), `|---|${line.repeat(head.length - 1)}`, ...rows.map(row)].join('\n')

/** What each adapter can do, with the file it is in, and what is missing and why. */
export function matrix(adapters: readonly Adapter[]): string {
  const cell = ({ provider, supports }: Adapter, port: PortName) =>
    supports.includes(port) ? `[yes](${fileOf(provider, port)})` : '–'
  return [
    table(
      ['', ...adapters.map(({ title }) => title)],
      portNames.map((port) => [ports[port], ...adapters.map((one) => cell(one, port))]),
      ':-:|',
    ),
    '',
    'What is missing, and why:',
    ...adapters.map((one) => `- ${one.title}: ${missing(one)}.`),
  ].join('\n')
}

function fileOf(provider: string, port: PortName): string {
  const file = `adapters/${provider}/${port}.ts`
  if (!existsSync(join(root, file))) throw new Error(`${file} is not where the form has it`)
  return file
}

function missing({ provider, supports }: Adapter): string {
  const told = reasons[provider] ?? {}
  const absent = portNames.filter((port) => !supports.includes(port))
  const odd = Object.keys(told).find((port) => supports.some((one) => one === port))
  if (odd !== undefined) throw new Error(`${provider} has ${odd}, and a reason why not`)
  const byReason = Map.groupBy(absent, (port) => {
    const reason = told[port]
    if (reason === undefined) throw new Error(`nobody says why ${provider} has no ${port}`)
    return reason
  })
  return [...byReason]
    .map(([reason, names]) => `${names.map((name) => ports[name]).join('; ')} (${reason})`)
    .join('; ')
}

type Column = { readonly title: string } & Pick<
  Ports,
  'offers' | 'agreements' | 'metering' | 'revenue'
>

const yes = (is: unknown) => (is ? 'yes' : 'no')
const words = (names: readonly string[]) =>
  names.map((name) => name.replaceAll('_', ' ')).join(', ') || 'nothing'

/** How marketplaces that have a port differ in it: its traits, and what it has beside the rest. */
const differences: readonly (readonly [string, (of: Column) => string])[] = [
  ['an offer is', ({ offers }) => (offers.traits.byHand ? 'typed in by a person' : 'published')],
  ['priced by', ({ offers }) => words(offers.traits.pricing.map((part) => priceWords[part]))],
  ['units sold up front', ({ offers }) => unitsOf(offers)],
  ['currencies', ({ offers }) => words(offers.traits.currencies)],
  ['longest term, months', ({ offers }) => String(offers.traits.monthsMax)],
  ['decimals of a rate', ({ offers }) => String(offers.traits.rateDecimalsMax)],
  ['through a reseller', ({ offers }) => yes(offers.traits.reseller)],
  ['its days are of', ({ offers }) => offers.traits.timeZone ?? 'UTC'],
  ['acceptance is seen', ({ offers }) => seenBy(offers)],
  ['activation', ({ agreements }) => activations[agreements.traits.activation]],
  ['a seller may ask for', ({ agreements }) => words(agreements.traits.operations)],
  [
    'usage is taken',
    ({ metering: { traits } }) => `${traits.quantity}, for ${traits.lateHoursMax} h`,
  ],
  ['what it holds is read back', ({ metering }) => yes(metering.readBack)],
  ['included units are left out by us', ({ metering }) => yes(metering.traits.overageOnly)],
  ['reports', ({ revenue }) => (revenue.prepare ? 'are made when asked' : 'lie ready as files')],
]

const priceWords = {
  contract: 'units up front',
  flat: 'flat fee',
  usage: 'usage rates',
  usageDiscountPercent: 'usage discount',
  commitment: 'commitment',
} as const
const activations = {
  none: 'none needed',
  on_registration: 'as the buyer registers',
  on_request: 'when asked',
} as const

const unitsOf = ({ traits }: Ports['offers']): string =>
  traits.contractUnits === 'named'
    ? 'only words beside a price'
    : `listed, ${traits.contractQuantity}`

function seenBy({ traits, look, changedSince }: Ports['offers']): string {
  if (changedSince) return 'by one list of offers'
  if (look) return `by looking every ${traits.lookEveryMinutes} min`
  return traits.byHand ? 'by the agreement of its account' : 'by notices'
}

/** The differences that adapters state as traits, for marketplaces; one that makes offers in two ways has two columns. */
export function traits(adapters: readonly Adapter[]): string {
  const columns = adapters
    .filter(({ supports }) => supports.includes('offers'))
    .flatMap((one) => columnsOf(one))
  return table(
    ['', ...columns.map(({ title }) => title)],
    differences.map(([name, tell]) => [name, ...columns.map(tell)]),
    '---|',
  )
}

/** What an account's settings may choose between, and how the choice is called. */
const choices: Readonly<Record<string, readonly (readonly [string, object])[]>> = {
  gcp: [
    [', offers by API', { offers: 'api' }],
    [', offers by hand', { offers: 'handoff' }],
  ],
}

function columnsOf(adapter: Adapter): readonly Column[] {
  return (choices[adapter.provider] ?? [['', {}]]).map(([name, settings]) => {
    const { offers, agreements, metering, revenue } = openExample(adapter, settings)
    if (!offers || !agreements || !metering || !revenue)
      throw new Error(`${adapter.provider} is only part of a marketplace`)
    return { title: `${adapter.title}${name}`, offers, agreements, metering, revenue }
  })
}
