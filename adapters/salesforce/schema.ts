import type { Described } from './client.ts'
import { fieldsOf, type Mapping } from './mapping.ts'

export const permissionSet = 'Marketplace_Integration'

/** What stands between us and an object. */
export type Gap = {
  /** `missing`: not installed, or hidden from the user. `read_only`: there, but rows may not be made or changed. */
  readonly object: 'ok' | 'missing' | 'read_only'
  /** Fields that are absent, hidden or read-only for the user. */
  readonly fields: readonly string[]
  readonly remedy: string
}

/** Compares an object as the user sees it with what we write there. A hidden field and an absent one look the same. */
export function gaps(mapping: Mapping, described: Described | undefined): Gap {
  const install = `deploy the package in adapters/salesforce/package and assign the permission set ${permissionSet}`
  if (!described) return { object: 'missing', fields: [], remedy: install }
  const makes = mapping.key !== 'Id'
  const mayWrite = described.updateable && (described.createable || !makes)
  const byName = new Map(described.fields.map((field) => [field.name, field]))
  const fields = fieldsOf(mapping).filter((name) => {
    const field = byName.get(name)
    return !field?.updateable || (makes && !field.createable)
  })
  if (!mayWrite) {
    const rights = makes ? 'Create and Edit' : 'Edit'
    const remedy = `assign the permission set ${permissionSet}: ${mapping.object} needs ${rights}`
    return { object: 'read_only', fields, remedy }
  }
  return { object: 'ok', fields, remedy: install }
}
