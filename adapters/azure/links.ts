import { Problem } from '../../src/kernel/problem.ts'
import { type Api, apis } from './apis.ts'
import type { Settings } from './settings.ts'

/**
 * Host of a finished job's `resourceUri`. It takes no token of ours: the same path is asked for below the product
 * ingestion base URL ("Job status and retrieve private offer detail API").
 */
const jobHost = 'product-ingestion.mp.microsoft.com'

type Place = {
  readonly path?: string
  readonly query?: Readonly<Record<string, string | undefined>>
}

/** A path below an API's base URL, with the version that the API asks for unless the query names another. */
export function pathTo(api: Api, { path = '', query = {} }: Place, settings: Settings): URL {
  const url = new URL(settings.endpoints[api].replace(/\/$/, '') + path)
  const { version } = apis[api]
  const all = version === null ? query : { [version.name]: settings.versions[version.of], ...query }
  for (const [name, value] of Object.entries(all))
    if (value !== undefined) url.searchParams.set(name, value)
  return url
}

/**
 * A link out of an answer, as it stands. It carries our token, so it may lead to the API's own host or to one of
 * `followUpHosts`, by https wherever the API itself is; any other is refused.
 */
export function linkTo(api: Api, link: string, settings: Settings): URL {
  const base = new URL(settings.endpoints[api])
  const url = URL.canParse(link, base) ? new URL(link, base) : undefined
  if (url?.host === jobHost)
    return pathTo(api, { path: url.pathname, query: queryOf(url) }, settings)
  const isKnown = url && (url.host === base.host || settings.followUpHosts.includes(url.host))
  const isSafe = url && (url.protocol === 'https:' || url.protocol === base.protocol)
  if (url && isKnown && isSafe && url.username === '') return url
  throw new Problem(
    'internal',
    `an answer of Microsoft’s leads to ${url?.host ?? 'nowhere'}, which is none of the hosts in the settings (followUpHosts)`,
  )
}

const queryOf = (url: URL): Record<string, string> => Object.fromEntries(url.searchParams)
