import { type Access, visibleField, visibleObject } from '../access.ts'
import { parseId } from '../ids.ts'
import { type Org, objectOf } from '../org.ts'
import { refuse, unsupportedType } from '../refusal.ts'
import { type Field, referenceOf, type SObject, type Value } from '../schema.ts'
import { isDay, parseDateTime, stamp } from '../stamp.ts'
import type { Condition, Literal, Operator, Path, Query } from './parser.ts'

/** A path whose every step the user may see: relationship names, then a field. */
export type Column = {
  readonly names: readonly string[]
  readonly object: SObject
  readonly field: Field
}

export type Filter =
  | { readonly is: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly is: 'not'; readonly part: Filter }
  | {
      readonly is: 'test'
      readonly column: Column
      readonly operator: Operator
      readonly values: readonly Value[]
    }

export type Plan = {
  readonly object: SObject
  readonly select: readonly (Column | ChildPlan)[]
  readonly count: boolean
  readonly filter: Filter | null
  readonly order: readonly { column: Column; descending: boolean; nullsLast: boolean }[]
  readonly limit: number | null
  readonly offset: number
}

export type ChildPlan = {
  readonly relationship: string
  readonly reference: Field
  readonly plan: Plan
}

type World = { readonly org: Org; readonly access: Access; readonly text: string }

const OFFSET_MAX = 2000

/** Resolves every name of a query against the schema as this user sees it: hidden is the same as absent. */
export function plan(org: Org, access: Access, text: string, query: Query): Plan {
  const object = visibleObject(objectOf(org, query.from), access)
  if (!object) return unsupportedType(query.from)
  return planFor({ org, access, text }, query, object)
}

function planFor(world: World, query: Query, object: SObject): Plan {
  const seen = new Set<string>()
  for (const item of query.select) {
    const name = 'path' in item ? item.path.names.join('.') : ''
    if (name && seen.has(name.toLowerCase())) {
      refuse('INVALID_FIELD', `duplicate field selected: ${name}`)
    }
    seen.add(name.toLowerCase())
  }
  if (query.offset > OFFSET_MAX) {
    refuse('NUMBER_OUTSIDE_VALID_RANGE', 'Maximum SOQL offset allowed is 2000')
  }
  return {
    object,
    count: query.count,
    select: query.select.map((item) =>
      'path' in item ? column(world, object, item.path) : children(world, object, item.children),
    ),
    filter: query.where && filter(world, object, query.where),
    order: query.order.map(({ path, descending, nullsLast }) => {
      const found = column(world, object, path)
      if (!found.field.filterable) {
        const message = `field '${found.field.name}' can not be sorted in a query call`
        refuse('INVALID_FIELD', where(world.text, path, message))
      }
      return { column: found, descending, nullsLast }
    }),
    limit: query.limit,
    offset: query.offset,
  }
}

function column(world: World, start: SObject, path: Path): Column {
  let object = start
  // `FROM Account WHERE Account.Name = …` names its own object.
  const names =
    path.names.length > 1 && same(path.names[0], start.name) && !referenceOf(start, start.name)
      ? path.names.slice(1)
      : path.names
  for (const name of names.slice(0, -1)) {
    const reference = referenceOf(object, name)
    const isVisible = reference && world.access.canRead(object, reference)
    const next = isVisible ? objectOf(world.org, reference.referenceTo[0] ?? '') : undefined
    const seen = visibleObject(next, world.access)
    if (!seen)
      return refuse(
        'INVALID_FIELD',
        where(
          world.text,
          path,
          `Didn't understand relationship '${name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
        ),
      )
    object = seen
  }
  const last = names.at(-1)!
  const field = visibleField(object, last, world.access)
  if (!field) {
    return refuse(
      'INVALID_FIELD',
      where(
        world.text,
        path,
        `No such column '${last}' on entity '${object.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
      ),
    )
  }
  return { names, object, field }
}

/** The message with the place in the query drawn above it, as the platform does. */
function where(text: string, { at }: Path, message: string): string {
  const before = text.lastIndexOf('\n', at) + 1
  const end = text.indexOf('\n', at)
  const line = text.slice(before, end < 0 ? undefined : end)
  const row = text.slice(0, at).split('\n').length
  const caret = `${' '.repeat(at - before)}^`
  return `\n${line}\n${caret}\nERROR at Row:${row}:Column:${at - before + 1}\n${message}`
}

function children(world: World, parent: SObject, query: Query): ChildPlan {
  for (const object of world.org.objects.values()) {
    for (const field of object.fields) {
      if (!field.childRelationship || !field.referenceTo.includes(parent.name)) continue
      const name = field.custom ? `${field.childRelationship}__r` : field.childRelationship
      if (!same(name, query.from)) continue
      const isVisible = visibleObject(object, world.access) && world.access.canRead(object, field)
      if (!isVisible) break
      return { relationship: name, reference: field, plan: planFor(world, query, object) }
    }
  }
  return refuse(
    'INVALID_TYPE',
    `Didn't understand relationship '${query.from}' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
  )
}

function filter(world: World, object: SObject, condition: Condition): Filter {
  if (condition.is === 'not') return { is: 'not', part: filter(world, object, condition.part) }
  if (condition.is !== 'test') {
    return { is: condition.is, parts: condition.parts.map((part) => filter(world, object, part)) }
  }
  const found = column(world, object, condition.path)
  const { field } = found
  if (!field.filterable) {
    refuse(
      'INVALID_FIELD',
      where(
        world.text,
        condition.path,
        `field '${field.name}' can not be filtered in a query call`,
      ),
    )
  }
  const isSet = condition.operator === 'INCLUDES' || condition.operator === 'EXCLUDES'
  if (isSet !== (field.type === 'multipicklist') && (isSet || condition.operator === 'LIKE')) {
    refuse('INVALID_QUERY_FILTER_OPERATOR', `operator not valid for this field type: ${field.name}`)
  }
  const values = condition.values.map((literal) => value(field, literal, condition.operator))
  return { is: 'test', column: found, operator: condition.operator, values }
}

const TEXT_LIKE = ['string', 'textarea', 'picklist', 'multipicklist', 'email', 'phone', 'url']

/** The literal in stored form; quotes and kinds must fit the field's type. */
function value(field: Field, literal: Literal, operator: Operator): Value {
  if (literal.kind === 'null') return null
  const { type } = field
  if (type === 'id' || type === 'reference') {
    const id = literal.kind === 'text' ? parseId(literal.value) : null
    if (id || (operator === 'LIKE' && literal.kind === 'text')) return id ?? String(literal.value)
    return refuse('INVALID_QUERY_FILTER_OPERATOR', `invalid ID field: ${literal.value}`)
  }
  if (TEXT_LIKE.includes(type))
    return literal.kind === 'text' ? literal.value : wrong(field, literal)
  if (type === 'boolean') return literal.kind === 'boolean' ? literal.value : wrong(field, literal)
  if (type === 'date') {
    return literal.kind === 'date' && isDay(literal.value) ? literal.value : wrong(field, literal)
  }
  if (type === 'datetime') {
    const ms = literal.kind === 'datetime' ? parseDateTime(literal.value) : null
    // Rows hold whole seconds: what is later within a second must still compare as later.
    if (ms !== null) return ms % 1000 === 0 ? stamp(ms) : stamp(ms).replace('.000', `.${ms % 1000}`)
    return wrong(field, literal)
  }
  return literal.kind === 'number' ? literal.value : wrong(field, literal)
}

function wrong(field: Field, literal: Literal): never {
  const quotes = literal.kind === 'text' ? 'should not be' : 'should be'
  const type = field.type === 'datetime' ? 'dateTime' : field.type
  return refuse(
    'INVALID_FIELD',
    `value of filter criterion for field '${field.name}' must be of type ${TEXT_LIKE.includes(field.type) ? 'string' : type} and ${quotes} enclosed in quotes`,
  )
}

const same = (one: string | undefined, two: string) => one?.toLowerCase() === two.toLowerCase()
