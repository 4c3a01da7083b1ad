import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { faults, illegal } from './rules.ts'

const root = join(import.meta.dirname, '..')
const self = ['test/rules.ts', 'test/tidy.test.ts']
const files = ['src', 'adapters', 'simulator', 'migrations', 'test', 'bench'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name))),
)
const imported = (file: string, text: string) =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) =>
    normalize(join(dirname(file), match[1]!)),
  )

describe('the source', () => {
  it('is found', () => expect(files.length).toBeGreaterThan(60))

  it.each(files)('%s keeps the house rules', (file) => {
    const text = readFileSync(join(root, file), 'utf8')
    const laws = imported(file, text)
      .map((to) => illegal(file, to))
      .filter((why) => why !== undefined)
    expect([...laws, ...(self.includes(file) ? [] : faults(file, text))]).toEqual([])
  })

  it('has no two migrations with one number, and lists them all', async () => {
    const numbered = readdirSync(join(root, 'migrations')).filter((name) => /^\d{4}_/.test(name))
    const { migrations } = await import('../migrations/index.ts')
    expect(Object.keys(migrations)).toEqual(numbered.map((name) => name.replace('.ts', '')).sort())
    expect(new Set(numbered.map((name) => name.slice(0, 4))).size).toBe(numbered.length)
  })
})

describe('the law', () => {
  it.each([
    ['adapters/aws/offers.ts', 'src/offers/store.ts'],
    ['adapters/aws/offers.ts', 'adapters/salesforce/client.ts'],
    ['adapters/aws/offers.ts', 'simulator/aws/catalog.ts'],
    ['src/kernel/id.ts', 'src/platform/db.ts'],
    ['src/platform/db.ts', 'src/offers/model.ts'],
    ['src/offers/service.ts', 'src/agreements/model.ts'],
    ['src/agreements/service.ts', 'src/offers/store.ts'],
    ['src/agreements/store.ts', 'src/offers/model.ts'],
    ['src/offers/model.ts', 'src/offers/service.ts'],
    ['src/offers/model.ts', 'src/platform/db.ts'],
    ['simulator/aws/catalog.ts', 'adapters/aws/client.ts'],
    ['simulator/aws/catalog.ts', 'src/kernel/money.ts'],
    ['src/app.ts', 'adapters/index.ts'],
    ['src/deps.ts', 'src/offers/service.ts'],
    ['migrations/0001_foundation.ts', 'src/platform/db.ts'],
  ])('forbids %s to import %s', (from, to) => expect(illegal(from, to)).toBeTypeOf('string'))

  it.each([
    ['src/agreements/service.ts', 'src/offers/service.ts'],
    ['src/offers/port.ts', 'src/offers/model.ts'],
    ['src/node.ts', 'adapters/index.ts'],
    ['adapters/aws/offers.ts', 'src/offers/port.ts'],
    ['src/app.ts', 'src/offers/routes.ts'],
  ])('lets %s import %s', (from, to) => expect(illegal(from, to)).toBeUndefined())

  it.each([
    ['src/offers/service.ts', 'if (provider === "aws") {}', /provider/],
    ['src/offers/service.ts', 'const at = Date.now()', /clock/],
    ['src/offers/service.ts', 'process.env.PORT', /environment/],
    ['test/x.test.ts', "vi.mock('./a.ts')", /vi\.mock/],
    ['src/offers/service.ts', '// FIXME later', /FIXME/],
    ['src/offers/service.ts', `${'x\n'.repeat(301)}`, /at most 300/],
    ['src/offers/model.ts', 'export enum State { Live }', /enum/],
    ['adapters/aws/offers.ts', 'export default 1', /default export/],
  ])('finds the fault planted in %s', (file, text, fault) =>
    expect(faults(file, text).join()).toMatch(fault),
  )
})
