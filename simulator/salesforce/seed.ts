import { unrestricted } from './access.ts'
import { fullAccess, keepPermissionSet } from './deploy/deploy.ts'
import { nextId } from './ids.ts'
import { DEFAULTS, type Org, type OrgFacts } from './org.ts'
import { forgetIndexes, save } from './rows.ts'
import type { Value } from './schema.ts'
import { stamp } from './stamp.ts'
import { standardObjects } from './standard.ts'
import { insert, type Writer } from './write.ts'

/** The connected application of a fresh org. */
export const CLIENT_ID = 'tradepost-simulator'
const CLIENT_SECRET = 'simulated-client-secret'

export const RUN_AS = 'integration@acme.example'
const ADMIN = 'admin@acme.example'
export const REP = 'riley.rep@acme.example'

/** The permission set a fresh org gives its integration user: the standard sales objects, nothing else. */
const STANDARD_ACCESS = 'Standard_Sales_Objects'
const SALES_OBJECTS = ['Account', 'Opportunity', 'Contact', 'Lead']

const DAY_MS = 86_400_000

/** Fills an empty org: people, the application, two customers and their deals. Ids come out the same every time. */
export function seed(org: Org): void {
  if (org.facts.has('org')) return
  const now = org.world.clock.now()
  const id = nextId(org.world, '00D')
  const facts: OrgFacts = { id, isSandbox: false, schemaChangedAtMs: now, writes: 0 }
  org.facts.put('org', facts)
  org.switches.put('switches', structuredClone(DEFAULTS))
  for (const object of standardObjects()) org.objects.put(object.name, object)
  const everybody = { FirstName: 'Ada', LastName: 'Admin', Profile: 'System Administrator' }
  person(org, ADMIN, everybody)
  const integration = person(org, RUN_AS, {
    FirstName: 'Integration',
    LastName: 'User',
    Profile: 'Salesforce API Only System Integrations',
  })
  const rep = person(org, REP, { FirstName: 'Riley', LastName: 'Rep', Profile: 'Standard User' })
  org.apps.put(CLIENT_ID, {
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    runAsUser: RUN_AS,
    certificate: null,
    approved: [RUN_AS, ADMIN],
  })
  save(org, org.objects.get('Organization')!, {
    Id: id,
    Name: 'Acme Software',
    OrganizationType: 'Developer Edition',
    IsSandbox: false,
    InstanceName: 'SIM1',
    SystemModstamp: stamp(now),
    CreatedDate: stamp(now),
    LastModifiedDate: stamp(now),
    IsDeleted: false,
  })
  keepPermissionSet(org, fullAccess(org, STANDARD_ACCESS, SALES_OBJECTS))
  assign(org, STANDARD_ACCESS, integration)
  customers(org, rep)
  // The writes of the seed are not the caller's.
  org.facts.put('org', facts)
}

function person(org: Org, Username: string, more: Record<string, Value>): string {
  const now = stamp(org.world.clock.now())
  const Id = nextId(org.world, '005')
  save(org, org.objects.get('User')!, {
    Id,
    Username,
    Email: Username,
    Name: `${more.FirstName} ${more.LastName}`,
    IsActive: true,
    IsFrozen: false,
    IsDeleted: false,
    CreatedDate: now,
    CreatedById: Id,
    LastModifiedDate: now,
    LastModifiedById: Id,
    SystemModstamp: now,
    ...more,
  })
  return Id
}

/** Gives a user a permission set; once is enough. False when either is unknown. */
export function assign(org: Org, permissionSet: string, userId: string): boolean {
  const sets = org.rows('PermissionSet').values()
  const set = sets.find((row) => row.Name === permissionSet)
  if (!set || !org.rows('User').has(userId)) return false
  const known = org
    .rows('PermissionSetAssignment')
    .values()
    .some((row) => row.AssigneeId === userId && row.PermissionSetId === set.Id && !row.IsDeleted)
  if (!known) {
    const input = { AssigneeId: userId, PermissionSetId: set.Id }
    insert(platform(org, userId), org.objects.get('PermissionSetAssignment')!, input)
  }
  return true
}

/** A writer that no field-level security holds back: a person at the screen. */
export function platform(org: Org, userId: string): Writer {
  return { org, userId, access: unrestricted, allowDuplicates: true }
}

function customers(org: Org, rep: string): void {
  const writer = platform(org, rep)
  const account = (Name: string, Website: string) =>
    insert(writer, org.objects.get('Account')!, {
      Name,
      Website,
      Industry: 'Technology',
      BillingCountry: 'United States',
    })
  const closing = new Date(org.world.clock.now() + 60 * DAY_MS).toISOString().slice(0, 10)
  const deal = (Name: string, AccountId: string, StageName: string, Amount: number) =>
    insert(writer, org.objects.get('Opportunity')!, {
      Name,
      AccountId,
      StageName,
      Amount,
      CloseDate: closing,
    })
  const initech = account('Initech', 'https://www.initech.example')
  const globex = account('Globex', 'https://globex.example')
  deal('Initech 2027', initech, 'Negotiation/Review', 120_000)
  deal('Globex Expansion', globex, 'Proposal/Price Quote', 48_000)
}

/** Forgets everything and seeds again. */
export function reset(org: Org): void {
  const names = org.objects.values().map((object) => `rows.${object.name}`)
  const kept = ['org', 'switches', 'apps', 'objects', 'permissionSets', 'sequences', 'sessions']
  const logs = ['refreshTokens', 'locators', 'usage', 'calls', 'pending', 'deploys']
  for (const name of [...names, ...kept, ...logs]) {
    const table = org.world.table(`salesforce.${name}`)
    for (const [key] of table.entries()) table.delete(key)
  }
  forgetIndexes(org)
  seed(org)
}
