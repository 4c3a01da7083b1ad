import { z } from 'zod'

const signer = 'cloud-commerce-partner@system.gserviceaccount.com'
const certsPath = `/robot/v1/metadata/x509/${signer}`

/** Who signs sign-up tokens, word for word; it is also where its certificates are: "Integrate your app's frontend". */
export const signUpIssuer = `https://www.googleapis.com${certsPath}`

const url = z.url({ protocol: /^https?$/, error: 'must be an http or https address' })
/** Google's clients drop a path from the address of an API, so it must have none. */
const origin = url
  .refine((text) => ['', '/'].includes(new URL(text).pathname), 'must be an origin, without a path')
  .transform((text) => new URL(text).origin)

/** Where everything is, at Google itself. */
const google = {
  token: 'https://oauth2.googleapis.com/token',
  procurement: 'https://cloudcommerceprocurement.googleapis.com',
  producer: 'https://commerceproducer.googleapis.com',
  serviceControl: 'https://servicecontrol.googleapis.com',
  pubsub: 'https://pubsub.googleapis.com',
  storage: 'https://storage.googleapis.com',
  signUpCerts: signUpIssuer,
  pushCerts: 'https://www.googleapis.com/oauth2/v3/certs',
}
export type Endpoints = Readonly<typeof google>

/** What of it is all below one origin: a simulator or a proxy. */
const below = (at: string): Endpoints => ({
  token: `${at}/token`,
  procurement: at,
  producer: at,
  serviceControl: at,
  pubsub: at,
  storage: at,
  signUpCerts: `${at}${certsPath}`,
  pushCerts: `${at}/oauth2/v3/certs`,
})

export const endpoint = origin.describe(
  'One origin for all of Google’s APIs: a simulator or a proxy',
)

export const endpoints = z.strictObject({
  token: url.optional().describe('Token endpoint'),
  procurement: origin.optional().describe('Partner Procurement API'),
  producer: origin.optional().describe('Commerce Producer API'),
  serviceControl: origin.optional().describe('Service Control API'),
  pubsub: origin.optional().describe('Pub/Sub'),
  storage: origin.optional().describe('Cloud Storage'),
  signUpCerts: url.optional().describe('Certificates that sign-up tokens are signed with'),
  pushCerts: url.optional().describe('Keys that pushed notices are signed with'),
})

/** Single addresses go before the one origin, and that before Google’s own. */
export function endpointsOf(
  single: z.output<typeof endpoints>,
  common: string | undefined,
): Endpoints {
  const told = Object.entries(single).filter(([, value]) => value !== undefined)
  return { ...(common === undefined ? google : below(common)), ...Object.fromEntries(told) }
}
