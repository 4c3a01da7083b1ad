import { nextId } from '../ids.ts'
import type { Org } from '../org.ts'
import { notFound, refuse } from '../refusal.ts'
import type { Reply } from '../rest/call.ts'
import type { Row } from '../schema.ts'
import { stamp } from '../stamp.ts'
import { tally } from '../usage.ts'
import { type Deployed, deploy } from './deploy.ts'
import { readSource } from './source.ts'
import { unzip } from './zip.ts'

type Stored = {
  readonly options: object
  readonly checkOnly: boolean
  readonly result: Deployed
  readonly at: string
}

const deploysOf = (org: Org) => org.world.table<Stored>('salesforce.deploys')

/** `POST /metadata/deployRequest` (Metadata API, Deploy with REST): the zip in a multipart body. It is Pending until first asked about. */
export async function deployRest(
  org: Org,
  user: Row,
  contentType: string,
  raw: ArrayBuffer | null,
): Promise<Reply> {
  tally(org, 'deploy')
  mayDeploy(user)
  const form = await new Response(raw, { headers: { 'content-type': contentType } })
    .formData()
    .catch(() => refuse('UNSUPPORTED_MEDIA_TYPE', 'A deploy is a multipart/form-data request'))
  const file = form.get('file')
  const content = form.get('entity_content')
  if (!(file instanceof Blob) || content === null) {
    return refuse('INVALID_MULTIPART_REQUEST', 'file and entity_content are required')
  }
  const options = optionsOf(typeof content === 'string' ? content : await content.text())
  const checkOnly = options.checkOnly === true
  const { components, failures } = readSource(files(Buffer.from(await file.arrayBuffer())))
  const result = deploy(org, components, { checkOnly, failures })
  const id = nextId(org.world, '0Af')
  deploysOf(org).put(id, { options, checkOnly, result, at: stamp(org.world.clock.now()) })
  const deployResult = { id, done: false, status: 'Pending', success: false, checkOnly }
  return { status: 201, body: { id, deployOptions: options, deployResult } }
}

/** `GET /metadata/deployRequest/<id>?includeDetails=true`. */
export function deployStatus(org: Org, user: Row, id: string, url: URL): Reply {
  tally(org, 'deployStatus')
  mayDeploy(user)
  const { options, checkOnly, result, at } = deploysOf(org).get(id) ?? notFound()
  const { success, componentFailures, deployed } = result
  const componentSuccesses = deployed.map((fullName) => ({ fullName, success: true }))
  const failures = componentFailures.map((each) => ({
    ...each,
    success: false,
    problemType: 'Error',
  }))
  const deployResult = {
    id,
    done: true,
    status: success ? 'Succeeded' : 'Failed',
    success,
    checkOnly,
    rollbackOnError: true,
    createdDate: at,
    completedDate: at,
    numberComponentsTotal: deployed.length + failures.length,
    numberComponentsDeployed: deployed.length,
    numberComponentErrors: failures.length,
    ...(url.searchParams.get('includeDetails') === 'true'
      ? { details: { componentFailures: failures, componentSuccesses } }
      : {}),
  }
  return { status: 200, body: { id, deployOptions: options, deployResult } }
}

function mayDeploy(user: Row): void {
  if (user.Profile === 'System Administrator') return
  refuse(
    'INSUFFICIENT_ACCESS',
    'You do not have the level of access necessary to perform the operation you requested.',
  )
}

function optionsOf(text: string): Record<string, unknown> {
  try {
    const { deployOptions } = JSON.parse(text)
    return deployOptions ?? {}
  } catch {
    return refuse('JSON_PARSER_ERROR', 'entity_content is not JSON')
  }
}

function files(bytes: Buffer) {
  try {
    return unzip(bytes)
  } catch {
    return refuse('INVALID_MULTIPART_REQUEST', 'file is not a zip that can be read')
  }
}
