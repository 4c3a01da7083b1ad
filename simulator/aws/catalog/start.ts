import { createHash } from 'node:crypto'
import type { Aws } from '../context.ts'
import { AwsFailure } from '../failure.ts'
import type { Caller } from '../identity.ts'
import { CATALOG, type Change, type ChangeSet, changeSetArn, isOpen } from './model.ts'
import { about, invalid, isCreate, readChanges } from './read-changes.ts'

const DAY_MS = 86_400_000

/**
 * StartChangeSet: everything AWS checks before it answers with an id ("AWS Marketplace Catalog API
 * reference", StartChangeSet and the synchronous validations of each change type).
 */
export function startChangeSet(aws: Aws, input: any, caller: Caller) {
  if (input.Catalog !== CATALOG) throw invalid([{ Reason: 'Other', Message: `Use ${CATALOG}.` }])
  const changes = readChanges(input)
  const token = input.ClientRequestToken ?? null
  const content = contentHash(input)
  const earlier = token === null ? undefined : findByToken(aws, caller.account, token)
  if (earlier) {
    if (earlier.content === content) return answer(earlier)
    throw invalid([
      { Reason: 'Other', Message: 'The ClientRequestToken was used with different content.' },
    ])
  }
  const locks = lockable(aws, changes, caller)
  checkLocks(aws, locks)
  checkQuotas(aws, caller.account, changes)
  const now = aws.now()
  const set: ChangeSet = {
    id: aws.ids.word('', 25),
    account: caller.account,
    name: input.ChangeSetName ?? `Submitted by ${caller.account}`,
    intent: input.Intent ?? 'APPLY',
    token,
    content,
    startedAt: now,
    endedAt: null,
    status: 'PREPARING',
    failureCode: null,
    failureDescription: null,
    changes,
    locks,
  }
  aws.changeSets.put(set.id, set)
  aws.timers.set('changeSet.apply', now + aws.settings().timers.preparingMs, { id: set.id })
  return answer(set)
}

function answer(set: ChangeSet) {
  return { ChangeSetId: set.id, ChangeSetArn: changeSetArn(set) }
}

function contentHash(input: any): string {
  const { ClientRequestToken: _, ...content } = input
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}

function findByToken(aws: Aws, account: string, token: string): ChangeSet | undefined {
  const since = aws.now() - aws.settings().catalog.tokenLifeDays * DAY_MS
  return aws.changeSets
    .values()
    .find((set) => set.account === account && set.token === token && set.startedAt >= since)
}

function lockable(aws: Aws, changes: readonly Change[], caller: Caller): string[] {
  const locks = new Set<string>()
  for (const change of changes) {
    const named = change.Entity.Identifier
    if (named !== undefined && !named.startsWith('$')) {
      const [id = '', revision] = named.split('@')
      const entity = own(aws, id, caller, change.Entity.Type)
      if (revision !== undefined && Number(revision) !== entity.revision) {
        throw invalid([
          about(
            change,
            'Other',
            'Entity.Identifier',
            `The latest revision of ${id} is ${id}@${entity.revision}.`,
          ),
        ])
      }
      locks.add(id)
    }
    const product = change.ChangeType === 'CreateOffer' ? change.Details.ProductId : undefined
    if (product !== undefined && !product.startsWith('$'))
      own(aws, product, caller, 'SaaSProduct@1.0')
    const agreementId =
      change.ChangeType === 'CreateReplacementOffer' ? change.Details.AgreementId : undefined
    if (agreementId !== undefined && aws.agreements.get(agreementId)?.proposer !== caller.account) {
      throw new AwsFailure('ResourceNotFoundException', `Agreement ${agreementId} does not exist.`)
    }
  }
  return [...locks]
}

function own(aws: Aws, id: string, caller: Caller, type: string) {
  const entity = aws.entities.get(id)
  if (!entity || `${entity.type}@1.0` !== type) {
    throw new AwsFailure(
      'ResourceNotFoundException',
      `Entity ${id} of type ${type} does not exist.`,
    )
  }
  if (entity.owner !== caller.account) {
    throw new AwsFailure('AccessDeniedException', `You do not have access to entity ${id}.`)
  }
  return entity
}

function checkLocks(aws: Aws, locks: readonly string[]): void {
  for (const set of aws.changeSets.values()) {
    if (!isOpen(set)) continue
    const taken = locks.find((id) => set.locks.includes(id))
    if (taken === undefined) continue
    throw new AwsFailure(
      'ResourceInUseException',
      `Requested change set has entities locked by change sets - entity: ${taken}, change sets: ${set.id}.`,
    )
  }
}

function checkQuotas(aws: Aws, account: string, changes: readonly Change[]): void {
  const { enforced, openChangeSetsMax, offersInWorkMax } = aws.settings().quotas
  if (!enforced) return
  const open = aws.changeSets.values().filter((set) => set.account === account && isOpen(set))
  if (open.length >= openChangeSetsMax) {
    throw new AwsFailure(
      'ServiceQuotaExceededException',
      `The maximum number of open change sets (${openChangeSetsMax}) is reached.`,
    )
  }
  const offers = [...open.flatMap((set) => offersOf(set.changes)), ...offersOf(changes)]
  if (offers.length > offersInWorkMax) {
    throw new AwsFailure(
      'ServiceQuotaExceededException',
      `At most ${offersInWorkMax} offers can be created or updated at once.`,
    )
  }
}

function offersOf(changes: readonly Change[]): string[] {
  const offers = changes.filter((change) => change.Entity.Type === 'Offer@1.0')
  const named = offers.flatMap(({ Entity: { Identifier: id } }) =>
    id && !id.startsWith('$') ? [id] : [],
  )
  return [...new Set(named), ...offers.filter(isCreate).map((change) => change.ChangeType)]
}
