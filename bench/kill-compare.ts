import type { Client } from '../simulator/demo/client.ts'
import { compare as order, plus } from '../src/kernel/decimal.ts'
import type { Asked, Cloud, Deal } from './cloud.ts'
import { eventually } from './seller.ts'
import type { Meter } from './usage.ts'

type Evidence = {
  readonly api: Client
  readonly clouds: Client
  readonly cloud: Cloud
  readonly sent: {
    readonly meter: Meter
    readonly asked: Asked
    readonly name: (i: number) => string
  }
  readonly move: (by?: string) => Promise<unknown>
}

/** Lets everything settle, then puts what the clouds hold beside what was asked for; what does not agree, in words. */
export async function compare(evidence: Evidence): Promise<readonly string[]> {
  const { api, move } = evidence
  await move('PT2H')
  const waiting = { meanwhile: () => move('PT1M') }
  const report = await eventually(
    'all usage to be sent',
    async () => {
      const { data } = await api.get('/v1/reports/metering?limit=200')
      return data.every((row: any) => Number(row.due) === 0) ? data : undefined
    },
    waiting,
  )
  await eventually(
    'the sales org to be in step',
    async () => {
      const rows = await crmRows(api)
      return rows.length > 0 && rows.every((row) => row.state === 'clean') ? true : undefined
    },
    waiting,
  )
  const isWhole = report.every((row: any) => row.holds)
  return [
    ...(isWhole ? [] : ['the metering invariant does not hold']),
    ...(await units(evidence)),
    ...(await offers(evidence)),
    ...(await agreements(evidence)),
    ...(await requests(evidence)),
    ...(await crm(evidence)),
  ]
}

async function units({ clouds, cloud, sent }: Evidence): Promise<string[]> {
  const due = sent.meter.due()
  const held = await cloud.heldUnits(clouds)
  const sum = (all: ReadonlyMap<string, string>) => [...all.values()].reduce(plus, '0')
  console.log(`${sum(due)} units due to the cloud, ${sum(held)} held`)
  return [...new Set([...due.keys(), ...held.keys()])]
    .filter((key) => order(due.get(key) ?? '0', held.get(key) ?? '0') !== 0)
    .map((key) => `the cloud holds ${held.get(key) ?? '0'} of ${due.get(key) ?? '0'} ${key}`)
}

const ends: Readonly<Record<Deal['fate'], string>> = {
  bought: 'live',
  extended: 'live',
  flaky: 'live',
  withdrawn: 'withdrawn',
  unmade: 'withdrawn',
}

/** One offer each was ever made, and it stands as its fate has it. */
async function offers({ clouds, cloud, sent }: Evidence): Promise<string[]> {
  const all = (await cloud.heldOffers(clouds)).filter(({ name }) => name.startsWith('kill '))
  const counts = Object.groupBy(all, ({ is }) => is)
  const words = Object.entries(counts).map(([is, some]) => `${some?.length} ${is}`)
  console.log(`${all.length} offers ever made of ${cloud.deals.length}: ${words.join(', ')}`)
  return cloud.deals.flatMap(({ fate }, i) => {
    const held = all.filter(({ name }) => name === sent.name(i)).map(({ is }) => is)
    return held.join() === (cloud.ends?.[fate] ?? ends[fate])
      ? []
      : [`${sent.name(i)} (${fate}) is held as [${held}]`]
  })
}

async function agreements({ api, clouds, cloud }: Evidence): Promise<string[]> {
  const held = await cloud.heldAgreements?.(clouds)
  if (!held) return []
  const { data } = await api.get('/v1/agreements?limit=200')
  const ours = new Map<string, any>(data.map((one: any) => [one.agreementRef, one]))
  console.log(`${held.length} agreements at the cloud, ${ours.size} here`)
  const faults = held.flatMap(({ agreementRef, state, planRef, quantity }) => {
    const one = ours.get(agreementRef)
    if (!one) return [`agreement ${agreementRef} is not known here`]
    const units = state === 'ended' ? quantity : (one.entitlements[0]?.quantity ?? null)
    const here = `${one.state.is} ${one.planRef} ${units}`
    const there = `${state} ${planRef} ${quantity}`
    return here === there ? [] : [`agreement ${agreementRef} is ${there}, here ${here}`]
  })
  return ours.size === held.length ? faults : [...faults, 'agreements are here that nobody has']
}

async function requests({ clouds, cloud, sent }: Evidence): Promise<string[]> {
  const held = await cloud.heldRequests?.(clouds)
  if (!held) return []
  console.log(
    `changes asked for ${JSON.stringify(sent.asked)}, at the cloud ${JSON.stringify(held)}`,
  )
  return [...new Set([...Object.keys(sent.asked), ...Object.keys(held)])]
    .filter((action) => sent.asked[action] !== held[action])
    .map((action) => `${held[action] ?? 0} ${action} of ${sent.asked[action] ?? 0} at the cloud`)
}

const objects = ['Marketplace_Offer__c', 'Marketplace_Agreement__c', 'Marketplace_Commitment__c']

async function crm({ api, clouds }: Evidence): Promise<string[]> {
  const ours = (await crmRows(api)).length
  let theirs = 0
  for (const object of objects)
    theirs += (await clouds.get(`/salesforce/control/rows?object=${object}`)).rows.length
  console.log(`${ours} rows for the sales org, ${theirs} there`)
  return ours === theirs ? [] : [`the sales org holds ${theirs} rows of ${ours}`]
}

const crmRows = async (api: Client): Promise<any[]> =>
  (await api.get('/v1/crm/rows?limit=200')).data
