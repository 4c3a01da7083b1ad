import {
  DescribeChangeSetCommand,
  StartChangeSetCommand,
} from '@aws-sdk/client-marketplace-catalog'
import { aws } from '../../../../adapters/aws/index.ts'
import type { PortName, Ports } from '../../../../src/adapter.ts'
import { clientsOf, ROLE, sellerKey } from '../../../simulator/aws-clients.ts'
import { offerChanges } from '../../../simulator/aws-offers.ts'
import type { World } from '../../world.ts'
import { nowhere, simulate } from '../simulated.ts'

export const bucket = 'seller-data-feeds'
export const seller = '777788889999'
/** The seller's own keys, or a role of his that the platform's keys may take on. */
const principals = {
  keys: {
    credentials: { kind: 'keys', ...sellerKey },
    name: { accessKeyId: sellerKey.accessKeyId },
  },
  role: {
    credentials: {
      kind: 'role',
      roleArn: ROLE,
      externalId: 'tradepost-demo',
      accessKeyId: 'AKIASIMPLATFORM00001',
      secretAccessKey: 'simulated-platform-secret',
    },
    name: { roleArn: ROLE },
  },
}

/** The simulated AWS with its rates off and its events in order, and the adapter opened on it. */
export async function startAws(
  options: {
    readonly startAt?: string
    readonly feedsDir?: string
    readonly as?: keyof typeof principals
  } = {},
) {
  const { credentials, name } = principals[options.as ?? 'keys']
  const cloud = await simulate('aws', options)
  const set = (settings: object) => cloud.post('/aws/control/settings', settings)
  await set({
    quotas: { enforced: false },
    events: { duplicateRate: 0, disorderRate: 0 },
  })
  const clients = clientsOf(cloud.origin)
  const sdk = clients.catalog

  /** What a world of any of AWS's ports has; settings are added to those every connection has. */
  function world<Name extends PortName>(port: Name, settings: object = {}): World<Name> {
    const open = (endpoint: string, secret: object = {}): Ports[Name] => {
      const account = {
        settings: { endpoint, ...settings },
        credentials: { ...credentials, ...secret },
      }
      return aws.open(account, cloud.environment)[port] as Ports[Name]
    }
    return {
      port: () => open(`${cloud.origin}/aws`),
      impostor: () => open(`${cloud.origin}/aws`, { secretAccessKey: 'a-secret-of-nobody' }),
      astray: () => open(nowhere),
      forbid: () => deny(['aws-marketplace:*', 's3:*', 'sts:*']),
      strike: cloud.strike,
      async heal() {
        await cloud.heal()
        await deny([])
      },
      advance: cloud.advance,
      now: cloud.now,
      calls: async () => total(await cloud.get('/aws/control/calls')),
      secrets: [credentials.secretAccessKey, 'a-secret-of-nobody'],
      close: cloud.close,
    }
  }

  const deny = async (actions: readonly string[]) => {
    await cloud.post('/aws/control/denied', { ...name, actions })
  }

  /** Sends a change set past the adapter and waits; returns how it ended. */
  async function change(ChangeSet: any[]): Promise<any> {
    const Catalog = 'AWSMarketplace'
    const { ChangeSetId } = await sdk.send(new StartChangeSetCommand({ Catalog, ChangeSet }))
    await cloud.advance('PT5S')
    return sdk.send(new DescribeChangeSetCommand({ Catalog, ChangeSetId }))
  }

  /** A released private offer, made past the adapter. */
  async function offer(changed: Record<string, Record<string, any> | null> = {}): Promise<string> {
    const ended = await change(offerChanges(changed))
    if (ended.Status !== 'SUCCEEDED') throw new Error(JSON.stringify(ended.ChangeSet))
    return ended.ChangeSet[0].Entity.Identifier.split('@')[0]
  }

  /** A buyer accepts; two minutes later the licence is there. */
  async function accept(offerId: string, more: object = {}): Promise<Accepted> {
    const accepted = await cloud.post('/aws/buyer/accept', {
      offerId,
      account: '111122223333',
      ...more,
    })
    await cloud.advance('PT2M')
    return accepted
  }

  return { ...cloud, ...clients, set, deny, world, change, offer, accept }
}

export type SimulatedAws = Awaited<ReturnType<typeof startAws>>
export type Accepted = {
  readonly agreementId: string
  readonly licenseArn: string
  readonly registrationToken: string
}

const total = (calls: Readonly<Record<string, number>>) =>
  Object.values(calls).reduce((sum, count) => sum + count, 0)
