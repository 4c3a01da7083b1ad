import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { salesforce } from '../../../adapters/salesforce/index.ts'
import type { PortName, Ports } from '../../../src/adapter.ts'
import type { CrmKind } from '../../../src/crm/model.ts'
import type { AccountWorld } from '../account.ts'
import type { CrmWorld } from '../crm.ts'
import type { World } from '../world.ts'
import type { Worlds } from '../worlds.ts'
import { nowhere, simulate } from './simulated.ts'

const control = '/salesforce/control'
const folder = new URL('../../../adapters/salesforce/package', import.meta.url).pathname
const permissionSet = 'Marketplace_Integration'
const credentials = {
  kind: 'client_credentials',
  clientId: 'tradepost-simulator',
  clientSecret: 'simulated-client-secret',
}

/** Where Salesforce's ports are tried: an org each. */
export const salesforceWorlds: Partial<Worlds> = {
  account: { 'client credentials': salesforceAccount },
  crm: { 'client credentials': salesforceCrm },
}

async function startOrg() {
  const cloud = await simulate('salesforce')
  const turn = (switches: object) => cloud.post(`${control}/switches`, switches)
  function world<Name extends PortName>(port: Name): World<Name> {
    const open = (loginUrl: string, secret: object = {}): Ports[Name] => {
      const account = {
        settings: { loginUrl, currency: 'USD' },
        credentials: { ...credentials, ...secret },
      }
      return salesforce.open(account, cloud.environment)[port] as Ports[Name]
    }
    return {
      port: () => open(`${cloud.origin}/salesforce`),
      impostor: () => open(`${cloud.origin}/salesforce`, { clientSecret: 'a-secret-of-nobody' }),
      astray: () => open(nowhere),
      forbid: () => turn({ apiDisabled: true }),
      strike: cloud.strike,
      async heal() {
        await cloud.heal()
        await turn({ apiDisabled: false })
      },
      advance: cloud.advance,
      now: cloud.now,
      async calls() {
        const { calls } = await cloud.get(`${control}/calls`)
        return Object.values<number>(calls).reduce((sum, count) => sum + count, 0)
      },
      secrets: [credentials.clientSecret, 'a-secret-of-nobody'],
      close: cloud.close,
    }
  }
  const install = async () => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('-meta.xml'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path: relative(folder, path), content: readFileSync(path, 'utf8') }))
    await cloud.post(`${control}/install`, { files, assign: [permissionSet] })
  }
  const rows = async (object: string): Promise<any[]> =>
    (await cloud.get(`${control}/rows?object=${object}`)).rows.filter((row: any) => !row.IsDeleted)
  return { ...cloud, turn, world, install, rows }
}

async function salesforceAccount(): Promise<AccountWorld> {
  const org = await startOrg()
  await org.install()
  const fields = ['Marketplace_Offer__c.Status__c', 'Opportunity.Marketplace_Offer_Status__c']
  const permissionOf = (field: string) => `${field}: Edit`
  return {
    ...org.world('account'),
    permissions: fields.map(permissionOf),
    async deny(permissions) {
      await org.turn({
        hiddenFields: fields.filter((field) => permissions.includes(permissionOf(field))),
      })
    },
    furnish: async () => {},
    untried: [],
    holdings: async () => [
      await org.rows('Marketplace_Offer__c'),
      await org.rows('Opportunity'),
      await org.rows('Account'),
    ],
  }
}

const objects: Readonly<Record<CrmKind, string>> = {
  offer: 'Marketplace_Offer__c',
  agreement: 'Marketplace_Agreement__c',
  commitment: 'Marketplace_Commitment__c',
  opportunity: 'Opportunity',
}

const money = (value: number | null) => (value === null ? null : value.toFixed(2))
const same = (value: unknown) => value
/** How the fields of the package read in our words; choices are left out where several words share one. */
const readers: Readonly<
  Record<CrmKind, Readonly<Record<string, readonly [string, (value: any) => unknown]>>>
> = {
  offer: {
    name: ['Offer_Name__c', same],
    offerRef: ['Offer_Id__c', same],
    listingRef: ['Product_Id__c', same],
    buyUrl: ['Offer_URL__c', same],
    acceptBy: ['Accept_By__c', same],
    startsOn: ['Starts_On__c', same],
    endsOn: ['Ends_On__c', same],
    status: [
      'Status__c',
      (word) => ({ 'Pending Acceptance': 'live', Accepted: 'accepted' })[word as string] ?? word,
    ],
    termMonths: ['Term_Months__c', String],
    currency: ['Source_Currency__c', same],
    value: ['Total_Contract_Value__c', money],
    feePercent: ['Listing_Fee_Percent__c', String],
    netValue: ['Net_Value__c', money],
    buyerRefs: ['Buyer_Account_Ids__c', same],
  },
  agreement: {
    agreementRef: ['Agreement_Id__c', same],
    buyerRef: ['Buyer_Account_Id__c', same],
    nativeStatus: ['Native_Status__c', same],
    acceptedAt: ['Accepted_At__c', (value) => value.replace('+0000', 'Z')],
    endsAt: ['Ends_At__c', same],
    value: ['Contract_Value__c', money],
    drawn: ['Drawn_To_Date__c', money],
    remaining: ['Remaining_Commit__c', money],
  },
  commitment: {
    instrument: ['Program__c', same],
    committed: ['Committed_Amount__c', money],
    drawnThroughUs: ['Drawn_Through_Us__c', money],
    drawn: ['Drawn_To_Date__c', money],
    remaining: ['Remaining__c', money],
    startsOn: ['Starts_On__c', same],
    endsOn: ['Ends_On__c', same],
  },
  opportunity: {
    buyUrl: ['Marketplace_Offer_URL__c', same],
    acceptBy: ['Marketplace_Offer_Expires__c', same],
    netValue: ['Marketplace_Net_Amount__c', money],
    status: [
      'Marketplace_Offer_Status__c',
      (word) => ({ 'Pending Acceptance': 'live' })[word as string] ?? word,
    ],
  },
}

async function salesforceCrm(): Promise<CrmWorld> {
  const org = await startOrg()
  const find = async (kind: CrmKind, key: string) =>
    (await org.rows(objects[kind])).find((row) =>
      kind === 'opportunity' ? row.Id === key : row.Marketplace_Key__c === key,
    )
  return {
    ...org.world('crm'),
    install: org.install,
    accounts: ['001Sm0000000001IAA', '001Sm0000000002IAA'],
    opportunities: ['006Sm0000000001IAA', '006Sm0000000002IAA'],
    async read(kind, key) {
      const row = await find(kind, key)
      if (!row) return undefined
      const fields = Object.fromEntries(
        Object.entries(readers[kind]).map(([name, [field, read]]) => [name, read(row[field])]),
      )
      const offerId = row.Offer__c ?? row.Marketplace_Primary_Offer__c
      const offer = offerId && (await org.rows(objects.offer)).find(({ Id }) => Id === offerId)
      return {
        crmRef: row.Id,
        fields: fields as any,
        account: row.Account__c,
        offer: offer?.Marketplace_Key__c ?? null,
      }
    },
    count: async (kind) => (await org.rows(objects[kind])).length,
    async move(kind, key, account) {
      const { Id: id } = await find(kind, key)
      const values = { Account__c: account }
      await org.put(`${control}/rows`, {
        object: objects[kind],
        id,
        values,
        as: 'admin@acme.example',
      })
    },
    refuseNamesWith: (word) =>
      org.turn({
        validationRules: [
          {
            object: objects.offer,
            name: 'No_Such_Names',
            formula: `CONTAINS(Offer_Name__c, "${word}")`,
            message: `a name may not hold ${word}`,
            field: 'Offer_Name__c',
          },
        ],
      }),
    lockEvery: (lockEveryNth) => org.turn({ lockEveryNth }),
    rationTo: (dailyRequestsMax) => org.turn({ dailyRequestsMax }),
    async hide(field) {
      const hidden = field && `${objects.offer}.${readers.offer[field]?.[0]}`
      await org.turn({ hiddenFields: hidden ? [hidden] : [] })
    },
    expire: () => org.post(`${control}/expire`, { what: 'tokens' }),
    async refuseSessions() {
      await org.turn({ always401: true })
      await org.remove(`${control}/calls`)
      return async () => {
        const { calls } = await org.get(`${control}/calls`)
        await org.turn({ always401: false })
        return calls.token ?? 0
      }
    },
  }
}
