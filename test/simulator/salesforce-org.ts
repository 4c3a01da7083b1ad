import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Connection } from 'jsforce'
import { strike } from '../../simulator/faults.ts'
import { salesforceCloud } from '../../simulator/salesforce/index.ts'
import { type Clock, createClock, createWorld } from '../../simulator/world.ts'

export const VERSION = '68.0'
export const START = Date.parse('2026-11-02T09:00:00Z')

export type SimulatedOrg = {
  readonly origin: string
  readonly url: string
  readonly clock: Clock
  tick(): Promise<void>
  nextDue(): number | null
  control(method: string, path: string, body?: object): Promise<any>
  /** A connection signed in by client credentials, as the integration user. */
  connect(): Promise<Connection>
  /** A request as no library would send it. */
  raw(path: string, init?: Init): Promise<Response>
  addFault(fault: object): void
  stop(): Promise<void>
}

export type Init = { method?: string; headers?: Record<string, string>; body?: string }

/** A fresh org behind real HTTP, with a clock that stands still. */
export async function startOrg(options: { file?: string } = {}): Promise<SimulatedOrg> {
  const clock = createClock({ real: () => START, startAt: START, frozen: true })
  let origin = ''
  const world = createWorld({
    clock,
    origin: () => origin,
    ...(options.file ? { file: options.file } : {}),
  })
  const cloud = salesforceCloud(world)
  const app = new Hono()
  app.use('/salesforce/*', strike(world, cloud))
  app.route('/salesforce', cloud.routes)
  const server = await new Promise<ReturnType<typeof serve>>((ready) => {
    const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () =>
      ready(started),
    )
  })
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `${origin}/salesforce`
  let token = ''
  return {
    origin,
    url,
    clock,
    tick: () => cloud.tick(),
    nextDue: () => cloud.nextDue(),
    async control(method, path, body) {
      const response = await fetch(`${url}/control${path ? `/${path}` : ''}`, {
        method,
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      return { status: response.status, ...(await response.json()) }
    },
    connect: () => connect(url),
    async raw(path, init = {}) {
      token ||= (await connect(url)).accessToken ?? ''
      return fetch(`${url}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, ...init.headers },
      })
    },
    addFault(fault) {
      const plan = world.table<object>('frame.faults')
      const id = `fault-${plan.size}`
      plan.put(id, { id, cloud: 'salesforce', rate: 1, ms: 0, struck: 0, ...fault })
    },
    stop: () =>
      new Promise((done) => {
        if ('closeAllConnections' in server) server.closeAllConnections()
        server.close(() => {
          world.close()
          done()
        })
      }),
  }
}

async function connect(url: string): Promise<Connection> {
  const conn = new Connection({ version: VERSION, oauth2: oauth(url) })
  await conn.authorize({ grant_type: 'client_credentials' })
  return conn
}

export function oauth(url: string, more: object = {}) {
  return {
    loginUrl: url,
    clientId: 'tradepost-simulator',
    clientSecret: 'simulated-client-secret',
    ...more,
  }
}

/** A small landing object with one field of each kind that has rules of its own. */
export const SCHEMA = {
  objects: {
    Marketplace_Offer__c: {
      label: 'Marketplace Offer',
      nameField: { type: 'AutoNumber', displayFormat: 'MO-{000000}' },
      fields: [
        {
          fullName: 'Marketplace_Key__c',
          type: 'Text',
          length: 120,
          externalId: true,
          unique: true,
          caseSensitive: true,
        },
        { fullName: 'Cloud__c', type: 'Picklist', values: ['AWS', 'Microsoft'], restricted: true },
        { fullName: 'Needs__c', type: 'MultiselectPicklist', values: ['A', 'B'], restricted: true },
        {
          fullName: 'Account__c',
          type: 'Lookup',
          referenceTo: 'Account',
          relationshipName: 'Marketplace_Offers',
        },
        {
          fullName: 'Opportunity__c',
          type: 'Lookup',
          referenceTo: 'Opportunity',
          relationshipName: 'Marketplace_Offers',
        },
        { fullName: 'Total__c', type: 'Currency', precision: 18, scale: 2 },
        { fullName: 'Drawn__c', type: 'Currency', precision: 18, scale: 2 },
        { fullName: 'Term_Months__c', type: 'Number', precision: 4, scale: 0 },
        { fullName: 'Accept_By__c', type: 'Date' },
        { fullName: 'Synced_At__c', type: 'DateTime' },
        { fullName: 'Auto_Renew__c', type: 'Checkbox' },
        { fullName: 'Owner_Email__c', type: 'Email' },
        { fullName: 'Sync_Error__c', type: 'LongTextArea', length: 32768 },
        {
          fullName: 'Left__c',
          type: 'Formula(Currency)',
          formula: 'MAX(0, Total__c - Drawn__c)',
        },
        {
          fullName: 'Share__c',
          type: 'Formula(Percent)',
          formula: 'IF(Total__c > 0, Drawn__c / Total__c, NULL)',
        },
      ],
    },
    Account: {
      fields: [
        {
          fullName: 'Marketplace_Domain__c',
          type: 'Text',
          length: 120,
          externalId: true,
        },
      ],
    },
    Opportunity: {
      fields: [
        { fullName: 'ACE_Id__c', type: 'Text', length: 20, externalId: true, unique: true },
        { fullName: 'Offer_Status__c', type: 'Text', length: 40 },
      ],
    },
  },
} as const
