import {
  DescribeChangeSetCommand,
  StartChangeSetCommand,
} from '@aws-sdk/client-marketplace-catalog'
import { PRODUCT, type SimulatedAws } from './aws-clients.ts'

type Details = Record<string, any> | null

const OFFER = { Type: 'Offer@1.0', Identifier: '$Create.Entity.Identifier' }

/** Details of a private offer AWS accepts in January 2027: ten seats, two instalments, metered usage. */
export const goodOffer: Record<string, any> = {
  CreateOffer: { ProductId: PRODUCT },
  UpdateInformation: { Name: 'Acme for Initech', Description: 'Ten seats for a year' },
  UpdateTargeting: { PositiveTargeting: { BuyerAccounts: ['111122223333'] } },
  UpdatePricingTerms: {
    PricingModel: 'Contract',
    Terms: [
      {
        Type: 'FixedUpfrontPricingTerm',
        CurrencyCode: 'USD',
        Price: '0.0',
        Grants: [{ DimensionKey: 'seats', MaxQuantity: 10 }],
      },
      {
        Type: 'UsageBasedPricingTerm',
        CurrencyCode: 'USD',
        RateCards: [
          {
            RateCard: [
              { DimensionKey: 'api_calls', Price: '0.01' },
              { DimensionKey: 'storage_gb', Price: '0.00250000' },
            ],
          },
        ],
      },
    ],
  },
  UpdateValidityTerms: { Terms: [{ Type: 'ValidityTerm', AgreementDuration: 'P12M' }] },
  UpdatePaymentScheduleTerms: {
    Terms: [
      {
        Type: 'PaymentScheduleTerm',
        CurrencyCode: 'USD',
        Schedule: [
          { ChargeDate: '2027-01-10', ChargeAmount: '700.00' },
          { ChargeDate: '2027-03-01', ChargeAmount: '500.00' },
        ],
      },
    ],
  },
  UpdateLegalTerms: {
    Terms: [{ Type: 'LegalTerm', Documents: [{ Type: 'StandardEula', Version: '2022-07-14' }] }],
  },
  UpdateAvailability: { AvailabilityEndDate: '2027-01-31' },
  ReleaseOffer: {},
}

/** The change set of a private offer: the good one, with details changed, or left out where null. */
export function offerChanges(changed: Record<string, Details> = {}): any[] {
  return Object.entries({ ...goodOffer, ...changed }).flatMap(([ChangeType, details]): any[] => {
    if (details === null) return []
    const DetailsDocument = details
    return ChangeType.startsWith('Create')
      ? [{ ChangeType, ChangeName: 'Create', Entity: { Type: 'Offer@1.0' }, DetailsDocument }]
      : [{ ChangeType, Entity: OFFER, DetailsDocument }]
  })
}

/** Starts a change set and waits out the simulated minutes; returns how it ended. */
export async function publish(aws: SimulatedAws, ChangeSet: any[]): Promise<any> {
  const Catalog = 'AWSMarketplace'
  const { ChangeSetId } = await aws.catalog.send(new StartChangeSetCommand({ Catalog, ChangeSet }))
  await aws.advance('PT5S')
  const ended: any = await aws.catalog.send(new DescribeChangeSetCommand({ Catalog, ChangeSetId }))
  return {
    ...ended,
    offerId: ended.ChangeSet[0].Entity.Identifier?.split('@')[0],
    codes: ended.ChangeSet.flatMap((change: any) =>
      (change.ErrorDetailList ?? []).map((one: any) => `${change.ChangeType}/${one.ErrorCode}`),
    ),
  }
}

/** A released private offer's id. */
export async function released(
  aws: SimulatedAws,
  changed: Record<string, Details> = {},
): Promise<string> {
  const { Status, codes, offerId } = await publish(aws, offerChanges(changed))
  if (Status !== 'SUCCEEDED') throw new Error(`the offer failed: ${codes.join(', ')}`)
  return offerId
}

/** Releases an offer and accepts it as Initech; two minutes later its licence is there. */
export async function agreed(
  aws: SimulatedAws,
  changed: Record<string, Details> = {},
  acceptance: object = {},
): Promise<{ agreementId: string; licenseArn: string; registrationToken: string }> {
  const offerId = await released(aws, changed)
  const accepted = await aws.post('/aws/buyer/accept', {
    offerId,
    account: '111122223333',
    ...acceptance,
  })
  if (accepted.status !== 201) throw new Error(`not accepted: ${accepted.error}`)
  await aws.advance('PT2M')
  return accepted
}
