import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const settings = (login: string) => ({
  publisherId: 'contoso',
  tenantId: '8f5d0f3a-2a7e-4c3f-9d10-1f0d0a6b7c01',
  clientId: '5c2d7f10-93f1-4a5e-8a0e-6f1b3f6d2a11',
  endpoints: { login, ingestion: 'http://127.0.0.1:9' },
})

/** Which packages a process of its own has loaded once it has opened an account and asked it something. */
async function packagesLoaded(login: string): Promise<readonly string[]> {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = new Set()
    registerHooks({
      load(url, context, next) {
        const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]
        if (name) loaded.add(name)
        return next(url, context)
      },
    })
    const { adapters } = await import('./adapters/index.ts')
    const world = { fetch, nowMs: Date.now }
    const account = { settings: ${JSON.stringify(settings(login))}, credentials: { clientSecret: 'secret' } }
    const { listings } = adapters.find(({ provider }) => provider === 'azure').open(account, world)
    await listings.changedSince(null).catch(() => {})
    console.log(JSON.stringify([...loaded]))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', script],
    { cwd: root, timeout: 60_000 },
  )
  return JSON.parse(stdout)
}

describe('a vendor’s own client to sign in with', () => {
  it('is not loaded by opening an account that signs in without it', async () => {
    const loaded = await packagesLoaded('http://127.0.0.1:9')
    expect(loaded).toContain('zod')
    expect(loaded).not.toContain('@azure/identity')
  })

  it('is loaded by the first account that signs in with it', async () => {
    expect(await packagesLoaded('https://127.0.0.1:9')).toContain('@azure/identity')
  })
})
