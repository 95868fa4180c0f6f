import { filter, parse, type Filter } from 'scim2-parse-filter'
import { refused } from './refusing.ts'
import { type Attribute, attributeIn, type Kind, notKept } from './schema.ts'

/** JSON of any depth. */
type Json = Record<string, any>

export interface Operation {
  op: 'add' | 'remove' | 'replace'
  path?: string
  value?: unknown
}

/** Where an operation goes: an attribute, of a list those that a filter picks, and a part of it. */
interface Target {
  attribute: Attribute
  picked?: Filter
  sub?: Attribute
}

const mostOperations = 1000

/** Operations of a request (RFC 7644, 3.5.2); Entra ID writes the word with a capital. */
export function operationsIn(body: unknown): Operation[] {
  const { Operations: given } = Object.fromEntries(
    Object.entries((body ?? {}) as Json).map(([name, value]) => [
      /^operations$/i.test(name) ? 'Operations' : name,
      value,
    ]),
  ) as Json
  if (!Array.isArray(given) || given.length === 0)
    throw refused('invalidSyntax', 'Operations is a list with at least one of them.')
  if (given.length > mostOperations) throw refused('tooMany', `A request has ${mostOperations} operations at the most.`)
  return given.map(operation => {
    const { op, path, value } = (operation ?? {}) as Json
    const known = typeof op === 'string' ? op.toLowerCase() : ''
    if (known !== 'add' && known !== 'remove' && known !== 'replace')
      throw refused('invalidSyntax', 'op is add, remove or replace.')
    if (path !== undefined && typeof path !== 'string') throw refused('invalidPath', 'path is a text.')
    if (known === 'remove' && !path) throw refused('noTarget', 'What is removed is named by path.')
    if (known !== 'remove' && value === undefined) throw refused('invalidValue', 'value is missing.')
    return { op: known, ...(path && { path }), value }
  })
}

/** What a resource is after these operations, as text of JSON would be: the former one stays as it is. */
export function patched(kind: Kind, resource: Json, operations: readonly Operation[]): Json {
  const next = structuredClone(resource)
  for (const operation of operations) apply(kind, next, operation)
  return next
}

function apply(kind: Kind, resource: Json, operation: Operation): void {
  if (operation.path === undefined) {
    const { value } = operation
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      throw refused('invalidValue', 'Without a path value has the attributes by their names.')
    // Names may be paths themselves, as those of Entra ID are.
    for (const [path, one] of Object.entries(value))
      if (!isOurs(path)) apply(kind, resource, { ...operation, path, value: one })
    return
  }
  const target = targetOf(kind, operation.path)
  if (!target) return
  const { attribute, picked, sub } = target
  for (const { mutability } of sub ? [attribute, sub] : [attribute])
    if (mutability === 'readOnly') throw refused('mutability', `${operation.path} is not changed by clients.`)
  if (attribute.multiValued) return many(resource, target, operation)
  if (picked) throw refused('invalidPath', `${attribute.name} is no list.`)
  if (!sub) return one(resource, attribute, operation)
  const whole = (resource[attribute.name] ?? {}) as Json
  one(whole, sub, operation)
  if (Object.keys(whole).length > 0) resource[attribute.name] = whole
  else delete resource[attribute.name]
}

/** What clients send back of what we said of a resource is no wish of theirs. */
const isOurs = (name: string): boolean => ['id', 'meta', 'schemas', 'groups'].includes(name.toLowerCase())

/** An attribute with one value. */
function one(of: Json, attribute: Attribute, { op, value }: Operation): void {
  const { name, required } = attribute
  if (op === 'remove' || value === null) {
    if (required) throw refused('mutability', `${name} has to be there.`)
    delete of[name]
  } else if (attribute.type === 'complex') of[name] = { ...of[name], ...valueOf(attribute, value) }
  else of[name] = valueOf(attribute, value)
}

/** A list: things in it are the same where they have the same value. */
function many(resource: Json, { attribute, picked, sub }: Target, { op, value }: Operation): void {
  const { name } = attribute
  const former = (resource[name] ?? []) as Json[]
  const set = (items: Json[]): void => {
    if (items.length > 0) resource[name] = items
    else delete resource[name]
  }
  if (sub && !picked) {
    // A part of all of them.
    if (op !== 'remove' && former.length === 0) throw refused('noTarget', `There are no ${name}.`)
    for (const item of former) one(item, sub, { op, value })
    return set(former)
  }
  if (!picked) {
    const given = value === undefined || value === null ? [] : listOf(attribute, value)
    if (op === 'remove')
      // Entra ID names in the value whom to remove.
      return set(given.length === 0 ? [] : former.filter(item => !given.some(({ value: gone }) => gone === item.value)))
    if (op === 'replace') return set(inOne(given))
    return set(inOne([...former, ...given]))
  }
  const isPicked = filter(picked)
  const found = former.filter(item => isPicked(item))
  if (op === 'remove' && !sub) return set(former.filter(item => !found.includes(item)))
  if (found.length === 0) {
    if (op === 'remove') return
    // What is to be there is told by what it would be found by.
    if (op === 'replace' || !sub) throw refused('noTarget', `None of ${name} is what the path says.`)
    const made: Json = 'compValue' in picked && picked.op === 'eq' ? { [picked.attrPath]: picked.compValue } : {}
    one(made, sub, { op, value })
    return set([...former, made])
  }
  for (const item of found)
    if (sub) one(item, sub, { op, value })
    else Object.assign(item, valueOf(attribute, value))
  set(former)
}

const listOf = (attribute: Attribute, value: unknown): Json[] =>
  (Array.isArray(value) ? value : [value]).map(item =>
    valueOf(attribute, typeof item === 'string' ? { value: item } : item),
  )

/** Of those with one value the last, and one that is primary: the one that was said last. */
function inOne(items: readonly Json[]): Json[] {
  const byValue = new Map(items.map(item => [item.value ?? item, item]))
  const last = [...byValue.values()].findLast(({ primary }) => primary === true)
  return [...byValue.values()].map(item =>
    item.primary === true && item !== last ? { ...item, primary: false } : item,
  )
}

/** A value of an attribute in the names of the schema. Fails with `invalidValue`. */
export function valueOf(attribute: Attribute, value: unknown): any {
  const wrong = (what: string) => refused('invalidValue', `${attribute.name} is ${what}.`)
  if (attribute.type === 'boolean') {
    // Entra ID says "True" and "False".
    const said = typeof value === 'string' ? value.toLowerCase() : value
    if (said === true || said === 'true') return true
    if (said === false || said === 'false') return false
    throw wrong('true or false')
  }
  if (attribute.type !== 'complex') {
    if (typeof value !== 'string' || value.length > 400) throw wrong('a text of 400 characters at the most')
    return value
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw wrong('an object')
  const parts = Object.entries(value).flatMap(([name, part]) => {
    const sub = attributeIn(attribute.subAttributes, name)
    return !sub || sub.mutability === 'readOnly' || part === null ? [] : [[sub.name, valueOf(sub, part)]]
  })
  return Object.fromEntries(parts)
}

const pathForm = /^(?:(urn:[^\s"[\]]+):)?([A-Za-z$][\w$-]*)(?:\[(.*)\])?(?:\.([A-Za-z$][\w$-]*))?$/s

/** Undefined for what is taken and not kept. Fails with `invalidPath`. */
function targetOf(kind: Kind, path: string): Target | undefined {
  const wrong = () => refused('invalidPath', `${path.slice(0, 200)} is no path to an attribute of a ${kind.name}.`)
  if (path.length > 1000) throw wrong()
  const [, urn, name, picks, part] = pathForm.exec(path) ?? []
  if (!name) throw wrong()
  // Schemas that extend ours are somebody else's.
  if (urn && urn.toLowerCase() !== kind.urn.toLowerCase()) {
    if (/^urn:ietf:params:scim:schemas:extension:/i.test(urn)) return undefined
    throw wrong()
  }
  const attribute = attributeIn(kind.attributes, name)
  if (!attribute && kind.name === 'User' && notKept.has(name.toLowerCase())) return undefined
  if (!attribute) throw wrong()
  const sub = part === undefined ? undefined : attributeIn(attribute.subAttributes, part)
  if (part !== undefined && !sub) throw wrong()
  return { attribute, ...(picks !== undefined && { picked: readFilter(picks) }), ...(sub && { sub }) }
}

/** A filter as a tree (RFC 7644, 3.4.2.2). Fails with `invalidFilter`. */
export function readFilter(text: string): Filter {
  const wrong = (why: string) => refused('invalidFilter', `The filter cannot be read: ${why}`)
  // The library is slow on some texts that are none.
  if (text.length > 1000 || /\p{Cc}/u.test(text)) throw wrong('it is longer than 1000 characters, or of several lines.')
  try {
    return parse(text)
  } catch (error) {
    throw wrong((error as Error).message.slice(0, 200))
  }
}
