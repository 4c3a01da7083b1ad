import {
  CancelChangeSetCommand,
  DescribeChangeSetCommand,
  ListChangeSetsCommand,
  StartChangeSetCommand,
} from '@aws-sdk/client-marketplace-catalog'
import type { Day } from '../../../../src/kernel/time.ts'
import { INITECH } from '../../../simulator/aws-clients.ts'
import { offerChanges } from '../../../simulator/aws-offers.ts'
import type { OffersWorld, Sent } from '../../offer-world.ts'
import { type SimulatedAws, startAws } from './cloud.ts'
import { bad, cautious, drawn, good, refusedAtOnce, refusedLater } from './orders.ts'

const Catalog = 'AWSMarketplace'

export async function awsOffers(): Promise<OffersWorld> {
  const cloud = await startAws()
  const { catalog } = cloud
  return {
    ...cloud.world('offers'),
    good,
    bad,
    cautious,
    refusedLater,
    refusedAtOnce,
    drawn,
    send: (requests) => send(cloud, requests),
    async operations() {
      let [count, NextToken]: [number, string | undefined] = [0, undefined]
      do {
        const page: any = await catalog.send(new ListChangeSetsCommand({ Catalog, NextToken }))
        count += page.ChangeSetSummaryList.length
        NextToken = page.NextToken
      } while (NextToken)
      return count
    },
    async offers() {
      const { entities } = await cloud.get('/aws/control/entities')
      return entities.filter((entity: any) => entity.type === 'Offer').length
    },
    async compared(requests, ChangeSetId) {
      const { ChangeSetName, ChangeSet }: any = await catalog.send(
        new DescribeChangeSetCommand({ Catalog, ChangeSetId }),
      )
      return [requests.map(essence), [essence({ ChangeSetName, ChangeSet })]]
    },
    settle: () => cloud.advance('PT5S'),
    async occupy(Identifier) {
      const ChangeSet = [
        {
          ChangeType: 'UpdateInformation',
          Entity: { Type: 'Offer@1.0', Identifier },
          DetailsDocument: { Name: 'Somebody else was here' },
        },
      ]
      await catalog.send(new StartChangeSetCommand({ Catalog, ChangeSet }))
    },
    failNext: () => cloud.post('/aws/control/change-sets/fail'),
    async cancel(ChangeSetId) {
      await catalog.send(new CancelChangeSetCommand({ Catalog, ChangeSetId }))
    },
    async seenByBuyer(offerRef) {
      const { offers } = await cloud.get(`/aws/buyer/offers?account=${INITECH}`)
      const seen = offers.find((one: any) => one.offerId === offerRef)
      return seen && !seen.isExpired ? { until: seen.availableUntil.slice(0, 10) as Day } : null
    },
    forgetKeys: (forgets) => cloud.set({ catalog: { tokenLifeDays: forgets ? 1 : 3650 } }),
    ration: () => cloud.set({ quotas: { enforced: true } }),
    relax: () => cloud.set({ quotas: { enforced: false, burstSeconds: 1 } }),
    async crowd() {
      await cloud.set({ quotas: { enforced: true, burstSeconds: 100, offersInWorkMax: 1 } })
      await catalog.send(new StartChangeSetCommand({ Catalog, ChangeSet: offerChanges() }))
    },
  }
}

/** StartChangeSet with just these requests; then DescribeChangeSet once the simulated minutes are over. */
async function send(cloud: SimulatedAws, requests: readonly unknown[]): Promise<Sent> {
  for (const request of requests) {
    const started = await cloud.catalog
      .send(new StartChangeSetCommand(request as any))
      .catch((error: Error) => error)
    if (started instanceof Error) return { is: 'refused', why: [started.message] }
    await cloud.advance('PT5S')
    const ended = await cloud.catalog.send(
      new DescribeChangeSetCommand({ Catalog, ChangeSetId: started.ChangeSetId }),
    )
    const errors = (ended.ChangeSet ?? []).flatMap(({ ChangeType, ErrorDetailList = [] }) =>
      ErrorDetailList.map((one) => `${ChangeType} ${one.ErrorCode}: ${one.ErrorMessage}`),
    )
    if (ended.Status !== 'SUCCEEDED') return { is: 'refused', why: errors }
  }
  return { is: 'taken' }
}

const essence = ({ ChangeSetName, ChangeSet }: any) => ({
  ChangeSetName,
  ChangeSet: ChangeSet.map(({ ChangeType, ChangeName, Entity, DetailsDocument }: any) => ({
    ChangeType,
    ChangeName,
    Entity,
    DetailsDocument,
  })),
})
