import {
  DescribeChangeSetCommand,
  type DescribeChangeSetResponse,
  ListChangeSetsCommand,
  StartChangeSetCommand,
} from '@aws-sdk/client-marketplace-catalog'
import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import { addDays } from '../../src/kernel/time.ts'
import type { Reason } from '../../src/offers/model.ts'
import type { ChangeProgress, OfferProgress, OffersPort } from '../../src/offers/port.ts'
import { type AwsClient, catalogName } from './client.ts'
import { withoutRevision } from './listings.ts'
import { availabilityRequest, type ChangeSetRequest, createRequest } from './offer-changes.ts'
import { paymentsMax } from './offer-payment-rules.ts'
import { currencies, rateDecimalsMax } from './offer-pricing-rules.ts'
import { monthsMax, violations } from './offer-rules.ts'

/** Private offers by change sets of the Catalog API. An operation is a change set's id. */
export const offers = (aws: AwsClient): OffersPort => ({
  traits: {
    currencies,
    monthsMax,
    paymentsMax,
    rateDecimalsMax,
    acceptWithinDaysMax: null,
    pricing: ['contract', 'flat', 'usage'],
    contractQuantity: 'whole',
  },
  violations,
  requests: (order, key) => [createRequest(order, key)],

  async submit(order, key) {
    return { is: 'publishing', operation: await start(aws, createRequest(order, key)) }
  },
  async progress(operation) {
    return offerProgress(aws, operation, await describe(aws, operation))
  },
  async withdraw(offerRef, today, key) {
    const request = availabilityRequest(offerRef, addDays(today, -1), key)
    return { is: 'running', operation: await start(aws, request) }
  },
  async extend(offerRef, acceptBy, key) {
    const request = availabilityRequest(offerRef, acceptBy, key)
    return { is: 'running', operation: await start(aws, request) }
  },
  async changeProgress(operation) {
    return changeProgress(operation, await describe(aws, operation))
  },
})

/**
 * Starts a change set, or finds the one this key started. AWS answers a repeated ClientRequestToken with the first
 * change set but does not say for how long, so the change sets of that name are looked up first: AWS keeps them for
 * 60 days at least. The token covers what the list may not show yet.
 */
async function start(aws: AwsClient, request: ChangeSetRequest): Promise<string> {
  const earlier = await find(aws, request.ChangeSetName)
  if (earlier !== undefined) return earlier
  const command = new StartChangeSetCommand(request)
  const answer = await aws
    .call('StartChangeSet', (options) => aws.once.catalog.send(command, options))
    .catch((error: unknown) => {
      throw refusal(error)
    })
  if (!answer.ChangeSetId)
    throw new Problem('internal', 'AWS StartChangeSet answered without a change set id')
  return answer.ChangeSetId
}

async function find(aws: AwsClient, name: string): Promise<string | undefined> {
  const command = new ListChangeSetsCommand({
    Catalog: catalogName,
    FilterList: [{ Name: 'ChangeSetName', ValueList: [name] }],
    Sort: { SortBy: 'StartTime', SortOrder: 'ASCENDING' },
    MaxResults: 20,
  })
  const answer = await aws.call('ListChangeSets', (options) => aws.catalog.send(command, options))
  const found = answer.ChangeSetSummaryList?.find(({ ChangeSetName }) => ChangeSetName === name)
  return found?.ChangeSetId
}

/** A product or offer that AWS does not know is a refusal of what we asked for. */
function refusal(error: unknown): unknown {
  if (!(error instanceof Problem) || error.code !== 'not_found') return error
  const reason: Reason = {
    part: 'StartChangeSet',
    code: String(error.details.awsCode),
    message: error.message,
  }
  return new Problem('rejected', error.message, { ...error.details, reasons: [reason] })
}

async function describe(aws: AwsClient, operation: string): Promise<DescribeChangeSetResponse> {
  const command = new DescribeChangeSetCommand({ Catalog: catalogName, ChangeSetId: operation })
  const answer = aws.call('DescribeChangeSet', (options) => aws.catalog.send(command, options))
  return answer.catch((error: unknown) => {
    // The id is all we send, so what AWS calls invalid is an id that never was.
    if (!(error instanceof Problem) || error.code !== 'rejected') throw error
    throw new Problem('not_found', error.message, error.details)
  })
}

const created = z.looseObject({ ProductId: z.string() })

function offerProgress(
  aws: AwsClient,
  operation: string,
  set: DescribeChangeSetResponse,
): OfferProgress {
  const progress = changeProgress(operation, set)
  if (progress.is === 'running') return { is: 'publishing', operation }
  if (progress.is !== 'done') return progress
  const create = set.ChangeSet?.find(({ ChangeType }) => ChangeType === 'CreateOffer')
  const offerRef = withoutRevision(create?.Entity?.Identifier ?? '')
  if (!offerRef.startsWith('offer-'))
    throw new Problem('internal', `AWS change set ${operation} succeeded without naming its offer`)
  const product = created.safeParse(create?.DetailsDocument ?? parsed(create?.Details)).data
  return { is: 'live', offerRef, buyUrl: buyUrl(aws, offerRef, product?.ProductId ?? '') }
}

function parsed(details: string | undefined): unknown {
  try {
    return JSON.parse(details ?? 'null')
  } catch {
    return null
  }
}

/**
 * AWS documents the buyer's page of private offers, where the offer is found by its id ("Viewing and subscribing to
 * a private offer"), but not the form of the link that its console copies: that one is a setting.
 */
const buyUrl = ({ settings }: AwsClient, offerRef: string, productRef: string): string =>
  settings.buyUrl
    .replaceAll('{offer}', encodeURIComponent(offerRef))
    .replaceAll('{product}', encodeURIComponent(productRef))

/** A change set is applied whole or not at all, so no change takes an offer down on its way. */
type WholeChange = Exclude<ChangeProgress, { is: 'withdrawn' }>

/** Where a change set stands: Catalog API, DescribeChangeSet. */
function changeProgress(operation: string, set: DescribeChangeSetResponse): WholeChange {
  switch (set.Status) {
    case 'PREPARING':
    case 'APPLYING':
      return { is: 'running', operation }
    case 'SUCCEEDED':
      return { is: 'done' }
    case 'CANCELLED':
      return { is: 'refused', reasons: [cancelled] }
    case 'FAILED':
      return failure(set)
    default:
      throw new Problem('internal', `AWS change set ${operation} is in state ${set.Status}`)
  }
}

const cancelled: Reason = {
  part: 'change set',
  code: 'CANCELLED',
  message: 'the change set was cancelled at AWS before it was applied',
}

function failure(set: DescribeChangeSetResponse): WholeChange {
  const reasons = (set.ChangeSet ?? []).flatMap(({ ChangeType, ErrorDetailList }) =>
    (ErrorDetailList ?? []).map(({ ErrorCode, ErrorMessage }) => ({
      part: ChangeType ?? 'change set',
      code: ErrorCode ?? null,
      message: ErrorMessage ?? 'AWS gives no reason',
    })),
  )
  const said = set.FailureDescription ?? 'AWS gives no reason'
  if (set.FailureCode === 'SERVER_FAULT') return { is: 'failed', detail: said }
  const whole = { part: 'change set', code: set.FailureCode ?? null, message: said }
  return { is: 'refused', reasons: reasons.length > 0 ? reasons : [whole] }
}
