import { type ObjectPermission, type Org, type PermissionSet, switchesOf } from './org.ts'
import { type Field, fieldOf, type Row, type SObject } from './schema.ts'

/** What one user may do, as profile and permission sets together allow. */
export type Access = {
  object(object: SObject): ObjectPermission
  canRead(object: SObject, field: Field): boolean
  canWrite(object: SObject, field: Field): boolean
}

const NOTHING: ObjectPermission = {
  create: false,
  read: false,
  edit: false,
  delete: false,
  viewAll: false,
  modifyAll: false,
}
export const EVERYTHING: ObjectPermission = {
  create: true,
  read: true,
  edit: true,
  delete: true,
  viewAll: true,
  modifyAll: true,
}
const SETUP_OBJECTS = ['User', 'Organization', 'PermissionSet', 'PermissionSetAssignment']

/** A person at the screen, or the platform itself: field-level security is not asked. */
export const unrestricted: Access = {
  object: () => EVERYTHING,
  canRead: () => true,
  canWrite: () => true,
}

/** What an API user may do. Nobody sees a new custom field before a permission set grants it, administrators included. */
export function accessOf(org: Org, user: Row): Access {
  const isAdmin = user.Profile === 'System Administrator'
  const sets = permissionSetsOf(org, user.Id)
  const { hiddenFields, readOnlyFields } = switchesOf(org)
  const hidden = new Set(hiddenFields.map((name) => name.toLowerCase()))
  const readOnly = new Set(readOnlyFields.map((name) => name.toLowerCase()))
  const byObject = new Map<string, ObjectPermission>()
  const granted = (object: SObject, field: Field, what: 'readable' | 'editable') =>
    !field.permissionable ||
    (isAdmin && !field.custom) ||
    sets.some((set) => set.fields[`${object.name}.${field.name}`]?.[what])
  const access: Access = {
    object(object) {
      const known = byObject.get(object.name) ?? objectPermission(object, sets, isAdmin)
      byObject.set(object.name, known)
      return known
    },
    canRead: (object, field) =>
      !hidden.has(`${object.name}.${field.name}`.toLowerCase()) &&
      granted(object, field, 'readable'),
    canWrite: (object, field) =>
      access.canRead(object, field) &&
      !readOnly.has(`${object.name}.${field.name}`.toLowerCase()) &&
      granted(object, field, 'editable'),
  }
  return access
}

function objectPermission(
  object: SObject,
  sets: PermissionSet[],
  isAdmin: boolean,
): ObjectPermission {
  if (isAdmin) return EVERYTHING
  const grants = sets.map((set) => set.objects[object.name] ?? NOTHING)
  const any = (what: keyof ObjectPermission) => grants.some((grant) => grant[what])
  return {
    create: any('create'),
    read: any('read') || SETUP_OBJECTS.includes(object.name),
    edit: any('edit'),
    delete: any('delete'),
    viewAll: any('viewAll') || SETUP_OBJECTS.includes(object.name),
    modifyAll: any('modifyAll'),
  }
}

function permissionSetsOf(org: Org, userId: string): PermissionSet[] {
  const assigned = org
    .rows('PermissionSetAssignment')
    .values()
    .filter((row) => row.AssigneeId === userId && !row.IsDeleted)
  return assigned.flatMap((row) => {
    const name = org.rows('PermissionSet').get(String(row.PermissionSetId))?.Name
    const set = org.permissionSets.get(String(name))
    return set ? [set] : []
  })
}

/** The object when the user may know of it. */
export function visibleObject(object: SObject | undefined, access: Access): SObject | undefined {
  return object && access.object(object).read ? object : undefined
}

/** The field when the user may read it. */
export function visibleField(object: SObject, name: string, access: Access): Field | undefined {
  const field = fieldOf(object, name)
  return field && access.canRead(object, field) ? field : undefined
}
