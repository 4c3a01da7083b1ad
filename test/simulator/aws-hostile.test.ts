import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { openAws, type SimulatedAws } from './aws-clients.ts'
import { agreed, goodOffer, offerChanges, publish } from './aws-offers.ts'
import { signedFetch } from './aws-signer.ts'

let aws: SimulatedAws
let agreementId = ''

beforeAll(async () => {
  vi.spyOn(console, 'error')
  aws = await openAws()
  agreementId = (await agreed(aws)).agreementId
})
afterAll(() => aws.stop())

const JUNK = ['', 'null', '[]', '"x"', '5', '{', '{"constructor":{}}', '{"__proto__":1}']
const NOISE: unknown[] = [
  null,
  0,
  -1,
  1.5,
  '',
  'constructor',
  '$x.Entity.Identifier',
  [],
  {},
  [null],
  [[]],
  true,
  'x'.repeat(20_000),
]

const rest = (operation: string, body: string) =>
  signedFetch(`${aws.origin}/aws`, {
    method: 'POST',
    url: `/${operation}`,
    service: 'aws-marketplace',
    contentType: 'application/json',
    target: null,
    body,
  })
const target = (name: string, body: string) =>
  signedFetch(`${aws.origin}/aws`, {
    method: 'POST',
    url: '/',
    service: 'aws-marketplace',
    contentType: 'application/x-amz-json-1.1',
    target: name,
    body,
  })
const calm = async (answer: Response, about: unknown) => {
  expect(
    answer.status,
    `${JSON.stringify(about)?.slice(0, 200)} ${await answer.text()}`,
  ).toBeLessThan(500)
}

it('answers junk to its services with refusals, never with a failure of its own', async () => {
  const targets = [
    'AWSMPCommerceService_v20200301.SearchAgreements',
    'AWSMPCommerceService_v20200301.GetAgreementTerms',
    'AWSMPCommerceService_v20200301.constructor',
    'AWSMPMeteringService.BatchMeterUsage',
    'AWSMPMeteringService.ResolveCustomer',
    'AWSMPEntitlementService.GetEntitlements',
    'Nobody.Nothing',
  ]
  for (const body of JUNK) {
    for (const name of targets) await calm(await target(name, body), [name, body])
    for (const name of ['StartChangeSet', 'ListEntities', 'BatchDescribeEntities', 'constructor']) {
      await calm(await rest(name, body), [name, body])
    }
  }
})

it('answers strange values in every field of a change set with refusals or failed sets', async () => {
  for (const [type, details] of Object.entries(goodOffer)) {
    for (const noise of NOISE) {
      for (const changed of [noise, ...fields(details, noise)]) {
        const ChangeSet = offerChanges().map((change) =>
          change.ChangeType === type ? { ...change, DetailsDocument: changed } : change,
        )
        const body = JSON.stringify({ Catalog: 'AWSMarketplace', ChangeSet })
        const answer = await rest('StartChangeSet', body)
        await calm(answer, [type, changed])
        if (answer.status === 200) await aws.advance('PT5S')
      }
    }
  }
  expect(console.error).not.toHaveBeenCalled()
  expect((await publish(aws, offerChanges())).Status).toBe('SUCCEEDED')
}, 60_000)

it('answers strange requests of buyers and operators with refusals', async () => {
  const paths = ['/clock', '/faults', '/aws/buyer/accept', '/aws/buyer/register', '/aws/buyer/pay']
    .concat([
      '/aws/buyer/cancel',
      '/aws/buyer/amend',
      '/aws/control/settings',
      '/aws/control/denied',
    ])
    .concat(['/aws/control/accounts', '/aws/control/destinations', '/aws/control/refunds'])
    .concat(['/aws/control/products/nobody', '/aws/control/disbursements/x/fail', '/aws/nothing'])
  const bodies = [
    ...JUNK,
    ...NOISE.map((quantities) => JSON.stringify({ agreementId, quantities })),
  ]
  for (const path of paths) {
    for (const body of bodies) {
      await calm(await fetch(aws.origin + path, { method: 'POST', body }), [path, body])
    }
  }
  expect((await aws.set({ quotas: { enforced: 'yes' } })).status).toBe(422)
  expect((await aws.set({ nothing: {} })).status).toBe(422)
})

/** The details with one field, at any depth, made strange. */
function fields(value: any, noise: unknown): any[] {
  if (value === null || typeof value !== 'object') return []
  return Object.keys(value).flatMap((key) => {
    const put = (inner: unknown) => {
      const copy = structuredClone(value)
      copy[key] = inner
      return copy
    }
    return [put(noise), ...fields(value[key], noise).map(put)]
  })
}
