import { StartChangeSetCommand } from '@aws-sdk/client-marketplace-catalog'
import { instant } from '../../../../src/kernel/time.ts'
import { PRODUCT, PUBLIC_OFFER } from '../../../simulator/aws-clients.ts'
import { offerChanges } from '../../../simulator/aws-offers.ts'
import type { NoticesWorld, Told } from '../../notices.ts'
import { openMailbox } from '../mailbox.ts'
import { startAws } from './cloud.ts'

/** "EventBridge API destinations": events posted as they are, with the connection's own header. */
export async function awsNotices(): Promise<NoticesWorld> {
  const cloud = await startAws()
  const secret = 'shared-between-bus-and-us'
  const mailbox = await openMailbox()
  await cloud.post('/aws/control/destinations', {
    url: mailbox.url,
    header: 'X-Tradepost-Secret',
    secret,
  })
  const world = cloud.world('notices')
  const after = async (act: () => Promise<unknown>) => {
    mailbox.empty()
    await act()
    await cloud.advance('PT5M')
    return mailbox.empty()
  }
  const accept = () =>
    cloud.post('/aws/buyer/accept', {
      offerId: PUBLIC_OFFER,
      account: '111122223333',
      quantities: { seats: 1 },
    })
  const about = (one: { agreementId: string; licenseArn: string }) => ({
    created: {
      is: 'agreement',
      agreementRef: one.agreementId,
      licenseRef: null,
      listingRef: null,
    } as const,
    licensed: {
      is: 'agreement',
      agreementRef: one.agreementId,
      licenseRef: one.licenseArn,
      listingRef: PRODUCT,
    } as const,
  })
  return {
    ...world,
    secret,
    happens: {
      async 'an offer is accepted and its licence is there'(): Promise<Told> {
        let accepted: any
        const incoming = await after(async () => {
          accepted = await accept()
        })
        const { created, licensed } = about(accepted)
        return { incoming, about: [created, licensed] }
      },
      async 'units are added'(): Promise<Told> {
        const accepted = await accept()
        await cloud.advance('PT5M')
        const incoming = await after(() =>
          cloud.post('/aws/buyer/amend', {
            agreementId: accepted.agreementId,
            quantities: { seats: 2 },
          }),
        )
        const { created, licensed } = about(accepted)
        return { incoming, about: [created, licensed] }
      },
      async 'an agreement is cancelled, and then its licence ends'(): Promise<Told> {
        const accepted = await accept()
        await cloud.advance('PT5M')
        const end = Date.parse(cloud.now()) + 31_000
        const incoming = await after(() =>
          cloud.post('/aws/buyer/cancel', { agreementId: accepted.agreementId }),
        )
        const ended = {
          is: 'license_ended',
          agreementRef: accepted.agreementId,
          licenseRef: accepted.licenseArn,
          at: instant(end),
        } as const
        return { incoming, about: [about(accepted).created, ended] }
      },
      async 'an offer is released'(): Promise<Told> {
        let operation = ''
        const incoming = await after(async () => {
          operation = await start(offerChanges())
        })
        const { entities } = await cloud.get('/aws/control/entities')
        const offerRef = entities.at(-1).id
        return {
          incoming,
          about: [
            { is: 'offer', offerRef, operation: null },
            { is: 'offer', offerRef: null, operation },
          ],
        }
      },
      async 'an offer is refused'(): Promise<Told> {
        let operation = ''
        const incoming = await after(async () => {
          operation = await start(offerChanges({ UpdateLegalTerms: null }))
        })
        return { incoming, about: [{ is: 'offer', offerRef: null, operation }] }
      },
    },
    renamed: ({ headers, body }, kind) => ({
      headers,
      body: JSON.stringify({ ...JSON.parse(body), 'detail-type': kind }),
    }),
    async deliverUnruly() {
      await cloud.set({ events: { duplicateRate: 1, disorderRate: 0.5 } })
      return after(accept)
    },
    async close() {
      mailbox.close()
      await world.close()
    },
  }

  async function start(ChangeSet: any[]): Promise<string> {
    const command = new StartChangeSetCommand({ Catalog: 'AWSMarketplace', ChangeSet })
    return (await cloud.catalog.send(command)).ChangeSetId ?? ''
  }
}
