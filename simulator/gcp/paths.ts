const AREAS = [
  { name: 'procurement', path: /^\/v1\/providers\// },
  { name: 'serviceControl', path: /^\/v1\/services\// },
  { name: 'pubsub', path: /^\/v1\/projects\/[^/]+\/(subscriptions|topics|snapshots)/ },
  { name: 'iamcredentials', path: /^\/v1\/projects\/[^/]+\/serviceAccounts\// },
  { name: 'producer', path: /^\/v1beta\/projects\// },
  { name: 'storage', path: /^\/(download\/|upload\/)?storage\/v1\// },
] as const
const FIXED: Readonly<Record<string, string>> = {
  '/token': 'token:create',
  '/v1/token': 'sts:token',
  '/oauth2/v3/certs': 'certs:push',
}
const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'create',
  PATCH: 'patch',
  DELETE: 'delete',
}
const STORAGE = /\/b\/[^/]+\/o(\/.+)?$/

/**
 * The operation a path of Google's asks for, `procurement:entitlements.approve`, or null for anything that is
 * not Google's. Collection and verb are read off the path as Google builds them (AIP-127, AIP-136).
 */
export function operationAt(method: string, path: string): string | null {
  const fixed = FIXED[path]
  if (fixed !== undefined) return fixed
  if (path.startsWith('/robot/v1/metadata/')) return 'certs:signUp'
  const area = AREAS.find((one) => one.path.test(path))?.name
  if (area === undefined) return null
  if (area === 'storage') return storageOperation(path)
  const [resource = '', custom] = splitVerb(path)
  const segments = resource.split('/').slice(2)
  const isCollection = segments.length % 2 === 1
  const collection = segments.at(isCollection ? -1 : -2) ?? ''
  const verb = custom ?? VERBS[method] ?? (isCollection ? 'list' : 'get')
  return `${area}:${collection}.${verb}`
}

function splitVerb(path: string): [string, string | undefined] {
  const slash = path.lastIndexOf('/')
  const colon = path.indexOf(':', slash)
  return colon === -1 ? [path, undefined] : [path.slice(0, colon), path.slice(colon + 1)]
}

function storageOperation(path: string): string {
  const object = STORAGE.exec(path)
  if (!object) return 'storage:buckets.get'
  return object[1] === undefined ? 'storage:objects.list' : 'storage:objects.get'
}
