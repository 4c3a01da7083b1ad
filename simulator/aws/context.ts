import type { Table, World } from '../world.ts'
import type { Agreement, License } from './agreements/model.ts'
import type { ChangeSet, Entity } from './catalog/model.ts'
import type { AccessKey, Account, Role, Session } from './identity.ts'
import { createIds, type Ids } from './ids.ts'
import { readSettings, type Settings } from './settings.ts'
import { createTimers, type Timers } from './timers.ts'

/** The simulated AWS as its parts see it: the world, what AWS holds, and how to plan for later. */
export type Aws = {
  readonly world: World
  readonly ids: Ids
  readonly timers: Timers
  readonly feedsDir: string | undefined
  /** Simulated milliseconds. */
  now(): number
  settings(): Settings
  readonly accounts: Table<Account>
  readonly keys: Table<AccessKey>
  readonly roles: Table<Role>
  readonly sessions: Table<Session>
  readonly entities: Table<Entity>
  /** Every revision of every entity, by `<id>@<revision>`. */
  readonly revisions: Table<Entity>
  readonly changeSets: Table<ChangeSet>
  readonly agreements: Table<Agreement>
  readonly licenses: Table<License>
}

export function createContext(world: World, feedsDir: string | undefined): Aws {
  return {
    world,
    ids: createIds(world),
    timers: createTimers(world),
    feedsDir,
    now: () => world.clock.now(),
    settings: () => readSettings(world),
    accounts: world.table('aws.accounts'),
    keys: world.table('aws.keys'),
    roles: world.table('aws.roles'),
    sessions: world.table('aws.sessions'),
    entities: world.table('aws.entities'),
    revisions: world.table('aws.revisions'),
    changeSets: world.table('aws.changeSets'),
    agreements: world.table('aws.agreements'),
    licenses: world.table('aws.licenses'),
  }
}

/** `2026-11-22T15:59:00Z`, the form the Catalog API uses. */
export function seconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}

/** `2026-11-22T15:59:00.123Z`. */
export function millis(at: number): string {
  return new Date(at).toISOString()
}

/** Epoch seconds with a fraction, the form the JSON services use. */
export function epoch(at: number): number {
  return at / 1000
}
