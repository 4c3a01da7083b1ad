import type { Table, World } from '../world.ts'
import type { Row, SObject, ValidationRule } from './schema.ts'

/** Behaviour a test or a person may change by the control endpoints. */
export type Switches = {
  /** Rows in a page of a query; null follows the caller's `batchSize`, at most 2,000. */
  pageSize: number | null
  /** Every token is answered with INVALID_SESSION_ID. */
  always401: boolean
  /** Client credentials are on but nobody is named as the run-as user. */
  noRunAsUser: boolean
  /** The organisation has no API. */
  apiDisabled: boolean
  /** `Object.Field` names hidden from API users by field-level security. */
  hiddenFields: string[]
  /** `Object.Field` names API users may read but not write. */
  readOnlyFields: string[]
  /** Every n-th row write fails with UNABLE_TO_LOCK_ROW; 0 is never. */
  lockEveryNth: number
  /** API calls in 24 hours. */
  dailyRequestsMax: number
  /** Minutes without use after which a token is dead. */
  sessionMinutes: number
  validationRules: ValidationRule[]
  duplicateRules: DuplicateRule[]
  /** Objects whose rows only their owner and those with View All see. */
  privateObjects: string[]
}

/** A new row that agrees in all these fields with an old one is refused, or passed with `allowSave=true` when it is only an alert. */
type DuplicateRule = {
  readonly object: string
  readonly name: string
  readonly fields: readonly string[]
  readonly action: 'block' | 'alert'
}

/** The connected application and whom it may act for. */
export type App = {
  clientId: string
  clientSecret: string
  runAsUser: string | null
  /** PEM of a certificate or public key; null turns the JWT bearer flow off. */
  certificate: string | null
  /** User names approved for the JWT bearer flow by an administrator. */
  approved: string[]
}

export type PermissionSet = {
  readonly name: string
  readonly label: string
  readonly objects: Record<string, ObjectPermission>
  /** By `Object.Field`. */
  readonly fields: Record<string, { readonly readable: boolean; readonly editable: boolean }>
}

export type ObjectPermission = {
  readonly create: boolean
  readonly read: boolean
  readonly edit: boolean
  readonly delete: boolean
  readonly viewAll: boolean
  readonly modifyAll: boolean
}

export type OrgFacts = {
  readonly id: string
  readonly isSandbox: boolean
  schemaChangedAtMs: number
  /** How many row writes there have been, for the lock switch. */
  writes: number
}

/** A simulated org: all its state lives in the world's tables. */
export type Org = {
  readonly world: World
  readonly facts: Table<OrgFacts>
  readonly switches: Table<Switches>
  readonly apps: Table<App>
  readonly objects: Table<SObject>
  readonly permissionSets: Table<PermissionSet>
  rows(object: string): Table<Row>
  /** Undo steps of the transaction in progress, or null. */
  journal: (() => void)[] | null
}

export const DEFAULTS: Switches = {
  pageSize: null,
  always401: false,
  noRunAsUser: false,
  apiDisabled: false,
  hiddenFields: [],
  readOnlyFields: [],
  lockEveryNth: 0,
  dailyRequestsMax: 15_000,
  sessionMinutes: 120,
  validationRules: [],
  duplicateRules: [],
  privateObjects: [],
}

/** Opens the tables of the one org of this world; `seed` fills them when they are empty. */
export function openOrg(world: World): Org {
  return {
    world,
    facts: world.table('salesforce.org'),
    switches: world.table('salesforce.switches'),
    apps: world.table('salesforce.apps'),
    objects: world.table('salesforce.objects'),
    permissionSets: world.table('salesforce.permissionSets'),
    rows: (object) => world.table(`salesforce.rows.${object}`),
    journal: null,
  }
}

export const factsOf = (org: Org): OrgFacts => org.facts.get('org')!
export const switchesOf = (org: Org): Switches => org.switches.get('switches')!

/** The object of that name, whatever the case of its letters. */
export function objectOf(org: Org, name: string): SObject | undefined {
  const exact = org.objects.get(name)
  if (exact) return exact
  const wanted = name.toLowerCase()
  return org.objects.values().find((each) => each.name.toLowerCase() === wanted)
}

/** The object an id belongs to by its first three characters. */
export function objectOfId(org: Org, id: string): SObject | undefined {
  return org.objects.values().find((each) => id.startsWith(each.keyPrefix))
}

/** Says that the schema or somebody's view of it changed, so that a cached describe is out of date. */
export function schemaChanged(org: Org): void {
  org.facts.put('org', { ...factsOf(org), schemaChangedAtMs: org.world.clock.now() })
}

/** Runs row writes as one: when `work` throws, every row is as before. Transactions nest. */
export function atomically<T>(org: Org, work: () => T): T {
  const outer = org.journal
  const mine: (() => void)[] = []
  org.journal = mine
  try {
    const result = work()
    outer?.push(...mine)
    return result
  } catch (cause) {
    org.journal = null
    for (const undo of mine.reverse()) undo()
    throw cause
  } finally {
    org.journal = outer
  }
}
