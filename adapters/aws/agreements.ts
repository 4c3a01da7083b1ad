import {
  type AgreementViewSummary,
  DescribeAgreementCommand,
  type DescribeAgreementOutput,
  type Filter,
  GetAgreementTermsCommand,
  SearchAgreementsCommand,
} from '@aws-sdk/client-marketplace-agreement'
import type { Registration, RemoteAgreement } from '../../src/agreements/model.ts'
import type { AgreementsPort, AgreementsTraits } from '../../src/agreements/port.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { instant } from '../../src/kernel/time.ts'
import { type Documents, readAgreement } from './agreement-document.ts'
import { type AwsClient, catalogName } from './client.ts'
import { entitlementsOf } from './entitlements.ts'
import { readToken, resolve } from './registration.ts'
import { readTerms, type Term } from './terms.ts'
import { advance, news, type Position, readPosition, toSeconds, writePosition } from './window.ts'

/** Each agreement of a page costs two to four calls, at five a second for the account. */
const pageMax = 20
const searchPageMax = 50
const searchPagesMax = 20
const termsPageMax = 50
const termsPagesMax = 20
const readingsAtOnceMax = 3

type Summary = AgreementViewSummary & { readonly agreementId: string }

/** The Agreement API gives sellers nothing to ask for: a buyer accepts, amends and cancels alone, and is active at once. */
const traits: AgreementsTraits = {
  operations: [],
  activation: 'none',
  buyerChanges: { plan: 'accept', quantity: 'accept' },
}

/** Agreements that the seller proposed, by the Agreement API; one call when nothing changed. */
export const agreements = (aws: AwsClient): AgreementsPort => ({
  traits,
  async changedSince(cursor) {
    const at = readPosition(cursor)
    const { summaries, token } = await nextPage(aws, at)
    const page = summaries.flatMap((summary) => {
      const changed = summary.lastUpdateTime ?? summary.acceptanceTime
      return changed ? [{ ref: summary.agreementId, at: instant(changed), summary }] : []
    })
    return {
      agreements: await inTurns(news(at, page), ({ summary }) => readListed(aws, summary)),
      cursor: writePosition(advance(at, page, token)),
      more: token !== undefined,
    }
  },
  get: (agreementRef) => get(aws, agreementRef),
  readToken,
  resolve: (token): Promise<Registration> => resolve(aws, token),
})

async function nextPage(aws: AwsClient, at: Position) {
  const since =
    at.after === null ? [] : [{ name: 'AfterLastUpdateTime', values: [toSeconds(at.after)] }]
  try {
    return await search(aws, since, pageMax, at.token)
  } catch (error) {
    // A page token lives for a while only; the walk then begins again where it began.
    const isStale = error instanceof Problem && error.details.awsReason === 'INVALID_NEXT_TOKEN'
    if (!isStale || at.token === undefined) throw error
    return search(aws, since, pageMax)
  }
}

async function search(
  aws: AwsClient,
  filters: readonly Filter[],
  maxResults: number,
  nextToken?: string,
): Promise<{ summaries: readonly Summary[]; token?: string | undefined }> {
  const command = new SearchAgreementsCommand({
    catalog: catalogName,
    filters: [
      { name: 'PartyType', values: ['Proposer'] },
      { name: 'AgreementType', values: ['PurchaseAgreement'] },
      ...filters,
    ],
    sort: { sortBy: 'LastUpdateTime', sortOrder: 'ASCENDING' },
    maxResults,
    nextToken,
  })
  const answer = await aws.call('SearchAgreements', (options) =>
    aws.agreement.send(command, options),
  )
  const summaries = (answer.agreementViewSummaries ?? []).flatMap((summary) =>
    summary.agreementId ? [{ ...summary, agreementId: summary.agreementId }] : [],
  )
  return { summaries, token: answer.nextToken }
}

/** The summary alone names licences, and it can be searched for by the first agreement of the chain. */
async function get(aws: AwsClient, agreementRef: string): Promise<RemoteAgreement> {
  const detail = await describe(aws, agreementRef)
  const chain = detail.initialAgreementId ?? agreementRef
  const filter = { name: 'InitialAgreementId', values: [chain] }
  let token: string | undefined
  for (let pages = 0; pages < searchPagesMax; pages += 1) {
    const page = await search(aws, [filter], searchPageMax, token)
    const summary = page.summaries.find(({ agreementId }) => agreementId === agreementRef)
    if (summary) return read(aws, summary, detail)
    if (page.token === undefined) break
    token = page.token
  }
  throw new Problem('not_found', `${agreementRef} is not an agreement that this seller proposed`)
}

async function describe(aws: AwsClient, agreementId: string): Promise<DescribeAgreementOutput> {
  const command = new DescribeAgreementCommand({ agreementId })
  const answer = aws.call('DescribeAgreement', async (options) => {
    const { $metadata: _metadata, ...detail } = await aws.agreement.send(command, options)
    return detail
  })
  return answer.catch((error: unknown) => {
    // The id is all we send: what AWS calls invalid is an id that never was. A want of permission names the action;
    // any other denial is about the agreement, which is somebody else's.
    const notOurs =
      error instanceof Problem &&
      (error.code === 'rejected' ||
        (error.code === 'forbidden' && !/not authorized to perform/i.test(error.message)))
    if (!notOurs) throw error
    throw new Problem('not_found', error.message, error.details)
  })
}

/** What was just listed and cannot be found has not arrived everywhere yet. */
const readListed = (aws: AwsClient, summary: Summary): Promise<RemoteAgreement> =>
  read(aws, summary).catch((error: unknown) => {
    if (!(error instanceof Problem) || error.code !== 'not_found') throw error
    throw new Problem('unavailable', error.message, error.details, { cause: error })
  })

async function read(
  aws: AwsClient,
  summary: Summary,
  known?: DescribeAgreementOutput,
): Promise<RemoteAgreement> {
  const detail = known ?? (await describe(aws, summary.agreementId))
  const accepted = await acceptedTerms(aws, summary.agreementId)
  const terms = readTerms(accepted)
  const { entitlements, native } = await entitlementsOf(aws, summary, terms)
  const documents: Documents = { summary, detail, terms, accepted, entitlements, native }
  return readAgreement(summary.agreementId, documents)
}

async function acceptedTerms(aws: AwsClient, agreementId: string): Promise<readonly Term[]> {
  const terms: Term[] = []
  let nextToken: string | undefined
  for (let pages = 0; pages < termsPagesMax; pages += 1) {
    const command = new GetAgreementTermsCommand({
      agreementId,
      maxResults: termsPageMax,
      nextToken,
    })
    const answer = await aws.call('GetAgreementTerms', (options) =>
      aws.agreement.send(command, options),
    )
    terms.push(...(answer.acceptedTerms ?? []))
    if (answer.nextToken === undefined) return terms
    nextToken = answer.nextToken
  }
  throw new Problem('internal', `AWS agreement ${agreementId} has more terms than can be read`)
}

/** A few at a time, so that a page neither waits for each in turn nor runs into AWS's rates. */
async function inTurns<From, To>(
  items: readonly From[],
  act: (item: From) => Promise<To>,
): Promise<To[]> {
  const done: To[] = []
  for (let first = 0; first < items.length; first += readingsAtOnceMax)
    done.push(...(await Promise.all(items.slice(first, first + readingsAtOnceMax).map(act))))
  return done
}
