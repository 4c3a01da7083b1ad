/** Who may import whom, and what a source file may not hold: pure, so that tests can plant violations. */
const capabilities = [
  'connections',
  'events',
  'listings',
  'buyers',
  'offers',
  'agreements',
  'contracts',
  'meters',
  'metering',
  'backfills',
  'revenue',
  'statements',
  'commitments',
  'referrals',
  'crm',
  'notices',
]
const entries = /^src\/(node|worker)\.ts$|^src\/runtime\//
const shared = /^src\/(deps|api|sync|adapter)\.ts$/

/** Why a file may not import another, or undefined when it may. Paths from the project's root. */
export function illegal(from: string, to: string): string | undefined {
  const [top = '', area = ''] = from.split('/')
  const [toTop = '', toArea = '', toFile = ''] = to.split('/')
  if (top === 'test' || top === 'bench') return undefined
  if (top === 'simulator')
    return toTop === 'simulator' ? undefined : 'the simulator imports nothing of ours'
  if (top === 'migrations') return toTop === 'migrations' ? undefined : 'a migration stands alone'
  if (top === 'adapters') return adapterMayNot(area, to)
  if (entries.test(from)) return undefined
  if (toTop !== 'src') return 'only the entry points know adapters, migrations and simulators'
  if (area === 'kernel')
    return toArea === 'kernel' ? undefined : 'kernel imports nothing but itself'
  if (area === 'platform')
    return ['kernel', 'platform'].includes(toArea) ? undefined : 'platform knows no capability'
  if (toArea === 'kernel') return undefined
  if (!capabilities.includes(area)) return rootMayNot(from, to)
  return capabilityMayNot(from, area, to, toArea, toFile)
}

function adapterMayNot(area: string, to: string): string | undefined {
  const [toTop = '', toArea = '', toFile = ''] = to.split('/')
  if (toTop === 'adapters')
    return area === 'index.ts' || toArea === area ? undefined : 'an adapter never sees another'
  const seen =
    toTop === 'src' &&
    (toArea === 'kernel' ||
      to === 'src/adapter.ts' ||
      to === 'src/platform/http.ts' ||
      /^(port|model)\.ts$/.test(toFile))
  return seen ? undefined : 'an adapter sees only kernel, ports, models and platform/http.ts'
}

/** Files right below src: the app joins everything; the rest know ports, platform and each other. */
function rootMayNot(from: string, to: string): string | undefined {
  const [, toArea = '', toFile = ''] = to.split('/')
  if (entries.test(to)) return 'nothing imports an entry point'
  if (!capabilities.includes(toArea) || from === 'src/app.ts') return undefined
  return toFile === 'port.ts' ? undefined : `${from} knows capabilities only by their ports`
}

function capabilityMayNot(
  from: string,
  area: string,
  to: string,
  toArea: string,
  toFile: string,
): string | undefined {
  const file = from.split('/').at(-1) ?? ''
  if (area === toArea)
    return /^(model|port)\.ts$/.test(file) && /^(store|service|routes|jobs)\.ts$/.test(toFile)
      ? `a ${file} does not know ${toFile}`
      : undefined
  if (capabilities.includes(toArea)) {
    if (capabilities.indexOf(toArea) > capabilities.indexOf(area))
      return `${area} comes before ${toArea} in the life of a deal`
    if (file === 'store.ts') return 'a store knows only its own model'
    const open = file === 'model.ts' || file === 'port.ts' ? /^model\.ts$/ : /^(model|service)\.ts$/
    return open.test(toFile) ? undefined : `${to} is private to its folder`
  }
  if (file === 'model.ts' || file === 'port.ts') return `a ${file} knows only kernel and models`
  if (toArea === 'platform' || shared.test(to)) return undefined
  return `${to} is not a capability's business`
}

const linesMax = {
  src: 300,
  adapters: 300,
  simulator: 300,
  migrations: 300,
  test: 500,
  bench: 300,
} as const
const providerWords = /\b(aws|amazon|azure|microsoft|gcp|google|salesforce)/i
const providerHomes = /^(adapters|simulator|test|bench|migrations)\//

/** What stands in a file that may not. */
export function faults(file: string, text: string): string[] {
  const found: string[] = []
  const lines = text.split('\n')
  const max = linesMax[file.split('/')[0] as keyof typeof linesMax] ?? 300
  if (lines.length - 1 > max) found.push(`${lines.length - 1} lines; at most ${max}`)
  if (/\bvi\.mock\(/.test(text)) found.push('vi.mock: pass it in instead')
  if (/\bFIXME\b/.test(text)) found.push('FIXME')
  if (/\bTODO\b/.test(text)) found.push('TODO')
  if (providerWords.test(text) && !providerHomes.test(file) && !entries.test(file))
    found.push(`provider's name: ${providerWords.exec(text)?.[0]}`)
  if (/^(src|adapters)\//.test(file) && !entries.test(file)) {
    if (/\bDate\.now\(\)|new Date\(\)/.test(text)) found.push('reads the clock; take deps.now')
    if (/\bprocess\.env\b/.test(text)) found.push('reads the environment; platform/config.ts does')
  }
  if (/^(export )?(default )?(enum|namespace) /m.test(text)) found.push('enum or namespace')
  if (
    /^export default/m.test(text) &&
    /^(src|adapters|simulator)\//.test(file) &&
    file !== 'src/worker.ts'
  )
    found.push('default export')
  return found
}
