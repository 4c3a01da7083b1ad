import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/index.ts'
import { secretKey } from '../world.ts'
import { marketplaceOf } from './marketplaces.ts'

const root = join(import.meta.dirname, '../..')
const postgres = process.env.TEST_DATABASE_URL || 'postgres://postgres@127.0.0.1:5432/postgres'
const database = `tradepost_workerd_${process.pid}`
const adminKey = 'tp_workerd_admin_0123456789abcdef'
/** "Worker size" of Cloudflare's limits, after compression, on the paid plan. */
const bundleKiBMax = 10 * 1024
const quiet = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  CI: '1',
}

const reachable = await new Promise<boolean>((resolve) => {
  const { hostname, port } = new URL(postgres)
  const socket = connect(Number(port || 5432), hostname)
  socket.once('connect', () => resolve(true) ?? socket.destroy())
  socket.once('error', () => resolve(false))
})
if (!reachable) console.warn(`No Postgres at ${postgres}: the Workers runtime test is SKIPPED`)

describe.runIf(reachable)('on workerd', () => {
  const bundle = mkdtempSync(join(tmpdir(), 'tradepost-worker-'))
  let worker: Miniflare
  let clouds: Simulator
  let ticking: ReturnType<typeof setInterval>
  let gzipKiB: number

  beforeAll(async () => {
    await administer(`create database ${database}`)
    clouds = await startSimulator({ port: 0 })
    ticking = setInterval(() => void clouds.tick(), 200)
    const { stdout } = await promisify(execFile)(
      'npx',
      ['wrangler', 'deploy', '--dry-run', '--outdir', bundle],
      { cwd: root, env: { ...process.env, ...quiet } },
    )
    console.log(stdout.split('\n').find((line) => line.includes('Total Upload')))
    gzipKiB = Number(/gzip: ([\d.]+) KiB/.exec(stdout)?.[1])
    const url = new URL(postgres)
    url.pathname = `/${database}`
    const options = {
      modulesRoot: bundle,
      modules: [modules(bundle)].flat(),
      compatibilityDate: '2026-10-20',
      compatibilityFlags: ['nodejs_compat'],
      bindings: {
        DATABASE_URL: url.href,
        SECRET_KEY: secretKey,
        ADMIN_KEY: adminKey,
        PUBLIC_URL: 'http://tradepost.test',
      },
    }
    worker = new Miniflare(convertV4MiniflareOptions(options as never))
    await worker.ready
  }, 120_000)

  afterAll(async () => {
    clearInterval(ticking)
    await worker?.dispose()
    await clouds?.stop()
    await administer(`drop database if exists ${database} with (force)`)
    rmSync(bundle, { recursive: true, force: true })
  })

  it('is a bundle that Workers take', () => {
    expect(gzipKiB).toBeLessThan(bundleKiBMax)
  })

  it.each(['aws', 'azure', 'gcp'])(
    'publishes an offer at %s from cron',
    async (name) => {
      const cloud = marketplaceOf(name)
      const { provider, plan } = cloud
      await cloud.hasten?.(clouds.origin)
      const account = cloud.account(clouds.origin)
      const connection = await call('POST', '/v1/connections', { provider, name, ...account })
      const listing = await until(async () =>
        (await call('GET', '/v1/listings')).data.find(
          (l: any) => l.listingRef === cloud.listingRef,
        ),
      )
      const buyer = await call('POST', '/v1/buyers', {
        name: 'Initech',
        accounts: [{ provider, ref: cloud.buyerRef }],
      })
      const offer = await call('POST', '/v1/offers', {
        connection: connection.id,
        listing: listing.id,
        ...(plan ? { plan: listing.plans.find((one: any) => one.planRef === plan).id } : {}),
        buyer: buyer.id,
        name: 'From a Worker',
        contacts: [{ name: 'Bill Lumbergh', email: 'bill.lumbergh@initech.example' }],
        acceptBy: new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10),
        start: 'acceptance',
        term: { months: 12 },
        currency: 'USD',
        pricing: cloud.pricing,
        legal: { kind: 'standard', documents: [] },
        renewal: { attested: false },
      })
      await call('POST', `/v1/offers/${offer.id}/submit`, {})
      const live = await until(async () => {
        const { state } = await call('GET', `/v1/offers/${offer.id}`)
        return state.is === 'live' || state.is === 'refused' ? state : undefined
      })
      expect(live).toMatchObject({ is: 'live', offerRef: cloud.offerRef })
    },
    120_000,
  )

  it('loads a vendor’s own client to sign in with, where that is what is asked for', async () => {
    const { settings, credentials } = marketplaceOf('azure').account('https://127.0.0.1:9')
    const { id } = await call('POST', '/v1/connections', {
      provider: 'azure',
      name: 'nowhere',
      settings,
      credentials,
    })
    const { checks } = await call('POST', `/v1/connections/${id}/check`, {})
    expect(JSON.stringify(checks)).toContain(
      'Microsoft (token) cannot be reached, or does not know the tenantId',
    )
  }, 60_000)

  it('answers problems as it does on Node', async () => {
    const response = await worker.dispatchFetch('http://tradepost.test/v1/offers')
    expect([response.status, ((await response.json()) as any).code]).toEqual([
      401,
      'unauthenticated',
    ])
  })

  /** Each turn runs the cron trigger once, as the platform does every minute. */
  async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
    for (let turn = 0; turn < 30; turn++) {
      const service = (await worker.getWorker()) as unknown as {
        scheduled(event: { cron: string }): Promise<unknown>
      }
      await service.scheduled({ cron: '* * * * *' })
      const answer = await ask()
      if (answer !== undefined) return answer
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    throw new Error('waited in vain')
  }

  async function call(method: string, path: string, body?: unknown): Promise<any> {
    const response = await worker.dispatchFetch(`http://tradepost.test${path}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    expect(response.ok, `${method} ${path}: ${text}`).toBe(true)
    return JSON.parse(text)
  }
})

/** The entry first, then whatever it imports. */
function modules(folder: string) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(m?js|wasm)$/.test(name),
  )
  names.sort((a, b) => Number(b === 'worker.js') - Number(a === 'worker.js'))
  return names.map((name) => ({
    type: name.endsWith('.wasm') ? 'CompiledWasm' : 'ESModule',
    path: join(folder, name),
  }))
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}
