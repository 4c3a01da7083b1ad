import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Column,
  fieldsOf,
  type Lookup,
  type Mapping,
  mappings,
} from '../../adapters/salesforce/mapping.ts'

const root = join(import.meta.dirname, '../../adapters/salesforce/package')
const source = join(root, 'force-app/main/default')
const read = (path: string) => readFileSync(join(source, path), 'utf8')
const files = (pattern: string) => globSync(pattern, { cwd: source }).toSorted()

const all = (xml: string, tag: string) =>
  [...xml.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))].map((m) => m[1]!.trim())
const one = (xml: string, tag: string) => all(xml, tag)[0]
const num = (xml: string, tag: string) => Number(one(xml, tag))

const fieldFiles = files('objects/*/fields/*.field-meta.xml')
const fields = new Map(
  fieldFiles.map((path) => {
    const object = basename(dirname(dirname(path)))
    return [`${object}.${basename(path, '.field-meta.xml')}`, read(path)]
  }),
)
const objects = files('objects/*/*.object-meta.xml').map((path) => basename(dirname(path)))

/** What the Metadata API calls a column of ours. */
const types: Record<Column['as'], string> = {
  text: 'Text',
  lines: 'LongTextArea',
  url: 'Url',
  day: 'Date',
  instant: 'DateTime',
  amount: 'Currency',
  number: 'Number',
  percent: 'Percent',
  choice: 'Picklist',
}

describe('the package has every field that a row is written into', () => {
  for (const mapping of Object.values(mappings) as Mapping[]) {
    const columns = Object.values(mapping.columns as Record<string, Column | Column[] | null>)
      .flatMap((column) => column ?? [])
      .map((column) => [`${mapping.object}.${column.field}`, column] as const)

    it.each(columns)('%s: fitting type and size', (name, column) => {
      const xml = fields.get(name)
      expect(xml, name).toBeDefined()
      if (column.as === 'choice' && one(xml!, 'type') === 'Text') {
        const longest = Math.max(...Object.values(column.values).map((v) => v.length))
        expect(num(xml!, 'length')).toBeGreaterThanOrEqual(longest)
        return
      }
      expect(one(xml!, 'type')).toBe(types[column.as])
      expect(one(xml!, 'formula')).toBeUndefined()
      if ('max' in column) expect(num(xml!, 'length')).toBe(column.max)
      if ('scale' in column) {
        expect(num(xml!, 'precision')).toBe(column.precision)
        expect(num(xml!, 'scale')).toBe(column.scale)
      }
      if (column.as === 'amount')
        expect([num(xml!, 'precision'), num(xml!, 'scale')]).toEqual([18, 2])
      if (column.as === 'choice') {
        expect(all(xml!, 'fullName')).toEqual(expect.arrayContaining(Object.values(column.values)))
        expect(one(xml!, 'restricted')).toBe(String(!column.open))
      }
    })

    it(`${mapping.object}: lookups to the right objects, and the key`, () => {
      for (const { field, to } of Object.values(mapping.links as Record<string, Lookup>)) {
        const xml = fields.get(`${mapping.object}.${field}`)!
        expect(one(xml, 'type')).toBe('Lookup')
        const target = to in mappings ? mappings[to as keyof typeof mappings].object : to
        expect(one(xml, 'referenceTo')).toBe(target)
        expect(one(xml, 'deleteConstraint')).toBe('SetNull')
      }
      if (mapping.key === 'Id') return
      const key = fields.get(`${mapping.object}.${mapping.key}`)!
      for (const tag of ['externalId', 'unique', 'caseSensitive', 'required'])
        expect(one(key, tag), tag).toBe('true')
      expect(num(key, 'length')).toBe(120)
    })
  }
})

describe('the package breaks no rule of a deploy (Metadata API Developer Guide)', () => {
  it.each(objects.map((o) => [o]))('%s says all an object must say, and no fields', (object) => {
    const xml = read(`objects/${object}/${object}.object-meta.xml`)
    for (const tag of ['label', 'pluralLabel', 'nameField', 'sharingModel'])
      expect(one(xml, tag), tag).toBeTruthy()
    expect(one(xml, 'deploymentStatus')).toBe('Deployed')
    expect(xml).not.toMatch(/<fields>/)
  })

  it.each([...fields])('%s is well formed for its type', (name, xml) => {
    const type = one(xml, 'type')
    expect(one(xml, 'fullName')).toBe(name.split('.')[1])
    expect(name.split('.')[1]!.length).toBeLessThanOrEqual(43)
    expect(one(xml, 'label')!.length).toBeLessThanOrEqual(40)
    expect(one(xml, 'inlineHelpText')!.length).toBeLessThanOrEqual(510)
    if (type === 'TextArea') expect(xml).not.toMatch(/<length>/)
    if (type === 'Text') expect(num(xml, 'length')).toBeLessThanOrEqual(255)
    if (type === 'LongTextArea') expect(num(xml, 'visibleLines')).toBeGreaterThan(0)
    if (one(xml, 'precision') !== undefined) {
      expect(num(xml, 'precision')).toBeLessThanOrEqual(18)
      expect(num(xml, 'scale')).toBeLessThanOrEqual(num(xml, 'precision'))
    }
    if (type === 'Picklist') {
      expect(all(xml, 'valueSetDefinition')).toHaveLength(1)
      expect(all(xml, 'value').length).toBeLessThanOrEqual(1000)
    }
    if (type === 'Lookup') expect(one(xml, 'relationshipName')).toMatch(/^[A-Za-z]\w{0,39}$/)
  })

  it('has no two lookups with one relationship name on one parent', () => {
    const names = [...fields.values()]
      .filter((xml) => one(xml, 'type') === 'Lookup')
      .map((xml) => `${one(xml, 'referenceTo')}.${one(xml, 'relationshipName')}`)
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(files('permissionsets/*').map((f) => [f]))('%s lists what it may list', (file) => {
    const xml = read(file)
    const writes = basename(file).startsWith('Marketplace_Integration')
    const listed = new Map(
      all(xml, 'fieldPermissions').map((p) => [one(p, 'field')!, one(p, 'editable') === 'true']),
    )
    for (const [name, editable] of listed) {
      const field = fields.get(name)
      expect(field, name).toBeDefined()
      expect(one(field!, 'required'), `${name} is required and must not be listed`).not.toBe('true')
      expect(editable).toBe(writes && one(field!, 'formula') === undefined)
    }
    const granted = all(xml, 'objectPermissions').map((p) => one(p, 'object')!)
    expect(granted.toSorted()).toEqual(['Account', 'Opportunity', ...objects].toSorted())
    for (const p of all(xml, 'objectPermissions')) expect(one(p, 'allowRead')).toBe('true')
  })

  it('lets the integration write every field that is not required', () => {
    const xml = read('permissionsets/Marketplace_Integration.permissionset-meta.xml')
    const listed = all(xml, 'fieldPermissions').map((p) => one(p, 'field')!)
    const needed = (Object.values(mappings) as Mapping[]).flatMap((mapping) =>
      fieldsOf(mapping)
        .filter((field) => field !== mapping.key)
        .map((field) => `${mapping.object}.${field}`),
    )
    expect(listed).toEqual(expect.arrayContaining(needed))
    expect(all(xml, 'userPermissions').map((p) => one(p, 'name'))).toEqual(['ApiEnabled'])
  })

  it('shows every field of our objects on their layouts', () => {
    for (const object of objects) {
      const xml = read(files(`layouts/${object}-*`)[0]!)
      const shown = all(xml, 'layoutItems').map((item) => one(item, 'field')!)
      const own = [...fields.keys()].filter((n) => n.startsWith(`${object}.`))
      expect(shown.toSorted()).toEqual([...own.map((n) => n.split('.')[1]!), 'Name'].toSorted())
    }
  })

  it('pins the version that the adapter speaks', () => {
    const project = JSON.parse(readFileSync(join(root, 'sfdx-project.json'), 'utf8'))
    expect(project.sourceApiVersion).toBe('68.0')
  })
})
