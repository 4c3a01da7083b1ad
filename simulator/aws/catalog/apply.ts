import type { Aws } from '../context.ts'
import { changeSetEvent, offerReleasedEvent } from '../events-catalog.ts'
import { createDraft, type Draft, type Fault, type Handler } from './draft.ts'
import type { Change, ChangeSet, Entity } from './model.ts'
import { createOfferSet, offerSetChanges } from './offer-sets.ts'
import { createOffer, createReplacementOffer, offerChanges } from './offers.ts'
import { createProduct, productChanges } from './products.ts'
import { isCreate, resolve } from './read-changes.ts'

type Create = (draft: Draft, id: string, details: any) => Entity | Fault

const CREATES: Record<string, { readonly prefix: string; readonly create: Create }> = {
  'SaaSProduct@1.0/CreateProduct': { prefix: 'prod-', create: createProduct },
  'Offer@1.0/CreateOffer': { prefix: 'offer-', create: createOffer },
  'Offer@1.0/CreateReplacementOffer': { prefix: 'offer-', create: createReplacementOffer },
  'OfferSet@1.0/CreateOfferSet': { prefix: 'offerset-', create: createOfferSet },
}

const CHANGES: Record<string, Record<string, Handler>> = {
  'SaaSProduct@1.0': productChanges,
  'Offer@1.0': offerChanges,
  'OfferSet@1.0': offerSetChanges,
}

const TYPE_ORDER = ['SaaSProduct@1.0', 'Offer@1.0', 'OfferSet@1.0']

/** PREPARING becomes APPLYING, which lasts longer when people at AWS must look at it. */
export function startApplying(aws: Aws, { id }: { id: string }, at: number): void {
  const set = aws.changeSets.get(id)
  if (set?.status !== 'PREPARING') return
  set.status = 'APPLYING'
  aws.changeSets.put(id, set)
  const { applyingMs, reviewMs } = aws.settings().timers
  const reviewed = set.changes.some((change) => change.Details?.TargetVisibility === 'Public')
  aws.timers.set('changeSet.finish', at + applyingMs + (reviewed ? reviewMs : 0), { id })
}

/** APPLYING becomes SUCCEEDED with everything kept, or FAILED with nothing kept. */
export function finishApplying(aws: Aws, { id }: { id: string }, at: number): void {
  const set = aws.changeSets.get(id)
  if (set?.status !== 'APPLYING') return
  const script = takeScript(aws)
  set.endedAt = at
  if (script?.code === 'SERVER_FAULT') {
    set.status = 'FAILED'
    set.failureCode = 'SERVER_FAULT'
    set.failureDescription = script.message
  } else {
    settle(aws, set, at, script)
  }
  aws.changeSets.put(id, set)
  changeSetEvent(aws, set, at)
}

function settle(aws: Aws, set: ChangeSet, at: number, script: Script | undefined): void {
  const { draft, changes } = run(aws, set, at)
  const first = changes[0]
  if (script && first) first.errors.push({ ErrorCode: script.code, ErrorMessage: script.message })
  if (changes.some((change) => change.errors.length > 0)) {
    set.changes = set.changes.map((change, place) => ({
      ...change,
      errors: changes[place]?.errors ?? [],
    }))
    set.status = 'FAILED'
    set.failureCode = 'CLIENT_ERROR'
    set.failureDescription = 'Change set failed. See the error details of its changes.'
    return
  }
  for (const entity of draft.touched()) keep(aws, entity, at)
  set.changes = changes.map((change) => ({
    ...change,
    Entity: { ...change.Entity, ...identifier(aws, change) },
  }))
  set.status = 'SUCCEEDED'
  for (const change of changes) {
    if (change.ChangeType !== 'ReleaseOffer') continue
    const offer = aws.entities.get(bare(change))
    if (offer) offerReleasedEvent(aws, offer, at)
  }
}

/** Stores the next revision of an entity. */
export function keep(aws: Aws, entity: Entity, at: number): void {
  entity.revision += 1
  entity.modifiedAt = at
  aws.entities.put(entity.id, entity)
  aws.revisions.put(`${entity.id}@${entity.revision}`, structuredClone(entity))
}

function run(aws: Aws, set: ChangeSet, at: number): { draft: Draft; changes: Change[] } {
  const created = new Map<string, string>()
  const changes = set.changes.map((change): Change => ({ ...structuredClone(change), errors: [] }))
  for (const change of changes) {
    const how = CREATES[keyOf(change)]
    if (!how) continue
    const id = aws.ids.word(how.prefix, 13)
    change.Entity.Identifier = id
    if (change.ChangeName !== undefined) created.set(change.ChangeName, id)
  }
  const resolved = changes.map((change): Change => resolve(change, created))
  const releasing = new Set(resolved.filter(isRelease).map(bare))
  const draft = createDraft(aws, set.account, at, releasing)
  const order = resolved
    .map((_, place) => place)
    .sort((a, b) => rank(resolved[a]) - rank(resolved[b]))
  for (const place of order) {
    const change = resolved[place]
    if (change) add(change, applyOne(draft, change))
  }
  for (const place of order) {
    const change = resolved[place]
    if (change) add(change, checkOne(draft, change))
  }
  moveReleaseFaults(resolved)
  return { draft, changes: resolved }
}

function applyOne(draft: Draft, change: Change): readonly Fault[] {
  const how = CREATES[keyOf(change)]
  if (how) {
    const made = how.create(draft, bare(change), change.Details)
    if ('code' in made) return [made]
    draft.create(made)
    return []
  }
  const entity = draft.get(bare(change))
  const handler = CHANGES[change.Entity.Type]?.[change.ChangeType]
  if (!entity || !handler) return []
  draft.change(entity.id)
  return handler.apply(draft, entity, change.Details)
}

function checkOne(draft: Draft, change: Change): readonly Fault[] {
  const entity = draft.get(bare(change))
  const handler = CHANGES[change.Entity.Type]?.[change.ChangeType]
  return (entity && handler?.check?.(draft, entity, change.Details)) ?? []
}

function add(change: Change, faults: readonly (Fault & { readonly on?: string })[]): void {
  for (const one of faults) {
    const error = { ErrorCode: one.code, ErrorMessage: one.message }
    change.errors.push(one.on === undefined ? error : Object.assign(error, { on: one.on }))
  }
}

// What only a release finds out is reported where AWS documents it, if the set has such a change.
function moveReleaseFaults(changes: readonly Change[]): void {
  for (const change of changes) {
    const errors = change.errors as (Change['errors'][number] & { on?: string })[]
    change.errors = []
    for (const { on, ...error } of errors) {
      const home = changes.find((other) => other.ChangeType === on && bare(other) === bare(change))
      const target = home ?? change
      const said = target.errors.some(
        (one) => one.ErrorCode === error.ErrorCode && one.ErrorMessage === error.ErrorMessage,
      )
      if (!said) target.errors.push(error)
    }
  }
}

function rank(change: Change | undefined): number {
  if (!change) return 0
  const type = TYPE_ORDER.indexOf(change.Entity.Type)
  if (isCreate(change)) return type
  const offerSet = change.Entity.Type === 'OfferSet@1.0'
  // An offer set can only take offers that are released.
  return (isRelease(change) || offerSet ? 20 : 10) + type + (isRelease(change) && offerSet ? 1 : 0)
}

function isRelease(change: Change): boolean {
  return change.ChangeType.startsWith('Release')
}

function keyOf(change: Change): string {
  return `${change.Entity.Type}/${change.ChangeType}`
}

function bare(change: Change): string {
  return change.Entity.Identifier?.split('@')[0] ?? ''
}

function identifier(aws: Aws, change: Change): { Identifier?: string } {
  const entity = aws.entities.get(bare(change))
  return entity ? { Identifier: `${entity.id}@${entity.revision}` } : {}
}

type Script = { readonly code: string; readonly message: string; times: number }

/** A failure the simulator's owner asked for, used up one change set at a time. */
function takeScript(aws: Aws): Script | undefined {
  const table = aws.world.table<Script>('aws.changeSetScripts')
  const [key, script] = table.entries()[0] ?? []
  if (key === undefined || !script) return undefined
  if (script.times <= 1) table.delete(key)
  else table.put(key, { ...script, times: script.times - 1 })
  return script
}
