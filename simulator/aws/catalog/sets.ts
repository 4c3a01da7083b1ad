import { type Aws, seconds } from '../context.ts'
import { changeSetEvent } from '../events-catalog.ts'
import { AwsFailure } from '../failure.ts'
import type { Caller } from '../identity.ts'
import { page } from '../pages.ts'
import { pick } from '../pick.ts'
import { type ChangeSet, changeSetArn } from './model.ts'
import { invalid } from './read-changes.ts'

const RETENTION_MS = 90 * 86_400_000
const PAGE_MAX = 20

export function describeChangeSet(aws: Aws, input: any, caller: Caller) {
  const set = find(aws, input.ChangeSetId, caller)
  return {
    ChangeSetId: set.id,
    ChangeSetArn: changeSetArn(set),
    ChangeSetName: set.name,
    Intent: set.intent,
    StartTime: seconds(set.startedAt),
    ...(set.endedAt === null ? {} : { EndTime: seconds(set.endedAt) }),
    Status: set.status,
    ...(set.failureCode === null ? {} : { FailureCode: set.failureCode }),
    ...(set.failureDescription === null ? {} : { FailureDescription: set.failureDescription }),
    ChangeSet: set.changes.map((change) => ({
      ChangeType: change.ChangeType,
      Entity: change.Entity,
      Details: JSON.stringify(change.Details),
      DetailsDocument: change.Details,
      ErrorDetailList: change.errors,
      ...(change.ChangeName === undefined ? {} : { ChangeName: change.ChangeName }),
    })),
  }
}

export function cancelChangeSet(aws: Aws, input: any, caller: Caller) {
  const set = find(aws, input.ChangeSetId, caller)
  if (set.status !== 'PREPARING') {
    throw new AwsFailure(
      'ResourceInUseException',
      `Change set ${set.id} can't be cancelled in status ${set.status}.`,
    )
  }
  set.status = 'CANCELLED'
  set.endedAt = aws.now()
  aws.changeSets.put(set.id, set)
  changeSetEvent(aws, set, aws.now())
  return { ChangeSetId: set.id, ChangeSetArn: changeSetArn(set) }
}

export function listChangeSets(aws: Aws, input: any, caller: Caller) {
  const filters = (input.FilterList ?? []).map((filter: any) => {
    const test = pick(FILTERS, filter.Name ?? '')
    if (!test) throw invalid([{ Reason: 'Other', Message: `Unknown filter ${filter.Name}.` }])
    return (set: ChangeSet) => test(set, filter.ValueList ?? [])
  })
  const by = input.Sort?.SortBy ?? 'StartTime'
  if (!['StartTime', 'EndTime'].includes(by)) {
    throw invalid([{ Reason: 'Other', Message: 'Sort by StartTime or EndTime.' }])
  }
  const sign = input.Sort?.SortOrder === 'ASCENDING' ? 1 : -1
  const at = (set: ChangeSet) => (by === 'EndTime' ? (set.endedAt ?? Infinity) : set.startedAt)
  const sets = aws.changeSets
    .values()
    .filter((set) => set.account === caller.account && !isForgotten(aws, set))
    .filter((set) => filters.every((test: (set: ChangeSet) => boolean) => test(set)))
    .sort((a, b) => sign * (at(a) - at(b)))
  const { items, NextToken } = page(sets, input, { max: PAGE_MAX, usual: PAGE_MAX })
  return {
    ChangeSetSummaryList: items.map((set) => ({
      ChangeSetId: set.id,
      ChangeSetArn: changeSetArn(set),
      ChangeSetName: set.name,
      StartTime: seconds(set.startedAt),
      ...(set.endedAt === null ? {} : { EndTime: seconds(set.endedAt) }),
      Status: set.status,
      EntityIdList: entitiesOf(set),
      ...(set.failureCode === null ? {} : { FailureCode: set.failureCode }),
    })),
    ...(NextToken === undefined ? {} : { NextToken }),
  }
}

const FILTERS: Record<string, (set: ChangeSet, values: readonly string[]) => boolean> = {
  ChangeSetName: (set, values) => values.includes(set.name),
  Status: (set, values) => values.includes(set.status),
  EntityId: (set, values) => entitiesOf(set).some((id) => values.includes(id)),
  BeforeStartTime: (set, [limit = '']) => set.startedAt < Date.parse(limit),
  AfterStartTime: (set, [limit = '']) => set.startedAt > Date.parse(limit),
  BeforeEndTime: (set, [limit = '']) => set.endedAt !== null && set.endedAt < Date.parse(limit),
  AfterEndTime: (set, [limit = '']) => set.endedAt !== null && set.endedAt > Date.parse(limit),
}

function entitiesOf(set: ChangeSet): string[] {
  const ids = set.changes.map((change) => change.Entity.Identifier?.split('@')[0] ?? '$')
  return [...new Set(ids.filter((id) => !id.startsWith('$')))]
}

function find(aws: Aws, id: string, caller: Caller): ChangeSet {
  const set = aws.changeSets.get(id)
  if (set?.account !== caller.account || isForgotten(aws, set)) {
    throw new AwsFailure('ResourceNotFoundException', `Change set ${id} does not exist.`)
  }
  return set
}

function isForgotten(aws: Aws, set: ChangeSet): boolean {
  return set.endedAt !== null && set.endedAt + RETENTION_MS < aws.now()
}
