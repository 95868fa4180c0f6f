import type { Compare, Filter } from 'scim2-parse-filter'
import { type Db, isInstant, timeOf } from '#kernel'
import { refused } from './refusing.ts'
import type { Kind } from './schema.ts'

const nothingOf = (db: Db) => db``
/** A piece of a statement. */
export type Sql = ReturnType<typeof nothingOf>

/** What stands for an attribute in a statement. */
type Column =
  | { of: 'text'; sql: Sql; caseExact?: boolean }
  | { of: 'truth'; sql: Sql }
  | { of: 'time'; sql: Sql }
  /** Things of which any may be it: `rows` with the columns of one of them. */
  | { of: 'list'; rows: (condition: Sql) => Sql; columns: Record<string, Column> }

const text = (sql: Sql, caseExact = false): Column => ({ of: 'text', sql, caseExact })

/** By their names in small letters. */
const columnsOf = (db: Db, kind: Kind['name']): Record<string, Column> =>
  kind === 'User'
    ? {
        id: text(db`s.user_id::text`, true),
        externalid: text(db`s.external_id`, true),
        username: text(db`s.user_name`),
        displayname: text(db`s.said->>'displayName'`),
        preferredlanguage: text(db`s.said->>'preferredLanguage'`),
        name: text(db`nullif(s.said->>'name', '{}')`),
        'name.formatted': text(db`s.said->'name'->>'formatted'`),
        'name.familyname': text(db`s.said->'name'->>'familyName'`),
        'name.givenname': text(db`s.said->'name'->>'givenName'`),
        active: { of: 'truth', sql: db`s.active` },
        'meta.created': { of: 'time', sql: db`s.created_at` },
        'meta.lastmodified': { of: 'time', sql: db`s.changed_at` },
        emails: {
          of: 'list',
          rows: condition => db`
            exists (select from jsonb_array_elements(coalesce(s.said->'emails', '[]')) e where ${condition})`,
          columns: {
            value: text(db`e->>'value'`),
            type: text(db`e->>'type'`),
            primary: { of: 'truth', sql: db`coalesce((e->>'primary')::boolean, false)` },
          },
        },
        groups: {
          of: 'list',
          rows: condition => db`
            exists (
              select from scim_members m join scim_groups g on g.id = m.group_id
              where m.organisation_id = s.organisation_id and m.user_id = s.user_id and ${condition})`,
          columns: { value: text(db`m.group_id::text`, true), display: text(db`g.display_name`) },
        },
      }
    : {
        id: text(db`s.id::text`, true),
        externalid: text(db`s.external_id`, true),
        displayname: text(db`s.display_name`),
        'meta.created': { of: 'time', sql: db`s.created_at` },
        'meta.lastmodified': { of: 'time', sql: db`s.changed_at` },
        members: {
          of: 'list',
          rows: condition => db`exists (select from scim_members m where m.group_id = s.id and ${condition})`,
          columns: { value: text(db`m.user_id::text`, true) },
        },
      }

/** A filter as the condition of a statement on `s`. Fails with `invalidFilter`. */
export const conditionOf = (db: Db, kind: Kind, wanted: Filter): Sql =>
  condition(db, wanted, columnsOf(db, kind.name), kind.urn)

function condition(db: Db, wanted: Filter, columns: Record<string, Column>, urn = ''): Sql {
  const part = (filter: Filter): Sql => condition(db, filter, columns, urn)
  if (wanted.op === 'not') return db`not coalesce(${part(wanted.filter)}, false)`
  if ('filters' in wanted)
    return wanted.filters
      .map(part)
      .reduce((left, right) => (wanted.op === 'and' ? db`(${left} and ${right})` : db`(${left} or ${right})`))
  const path = pathIn(wanted.attrPath, urn)
  if (wanted.op === '[]') {
    const list = columns[path]
    if (list?.of !== 'list') throw nothing(wanted.attrPath)
    return list.rows(condition(db, wanted.valFilter, list.columns))
  }
  const { column, rows } = found(columns, path, wanted.attrPath)
  const own = wanted.op === 'pr' ? db`${column.sql} is not null` : compared(db, column, wanted)
  return rows ? rows(own) : own
}

const pathIn = (path: string, urn: string): string => {
  const small = path.toLowerCase()
  return urn && small.startsWith(`${urn.toLowerCase()}:`) ? small.slice(urn.length + 1) : small
}

/** A list stands for the values in it. */
function found(columns: Record<string, Column>, path: string, given: string) {
  const own = Object.hasOwn(columns, path) ? columns[path] : undefined
  const [name = '', sub = 'value'] = path.split('.', 2)
  const list = own?.of === 'list' ? own : Object.hasOwn(columns, name) ? columns[name] : undefined
  if (own && own.of !== 'list') return { column: own, rows: undefined }
  if (list?.of !== 'list' || !Object.hasOwn(list.columns, sub)) throw nothing(given)
  return { column: list.columns[sub] as Exclude<Column, { of: 'list' }>, rows: list.rows }
}

const nothing = (path: string) => refused('invalidFilter', `Nothing is filtered by ${path.slice(0, 100)}.`)

function compared(db: Db, column: Exclude<Column, { of: 'list' }>, { op, attrPath, compValue }: Compare): Sql {
  const wrong = () => refused('invalidFilter', `${attrPath.slice(0, 100)} is not compared so.`)
  if (compValue === null) {
    if (op !== 'eq' && op !== 'ne') throw wrong()
    return op === 'eq' ? db`${column.sql} is null` : db`${column.sql} is not null`
  }
  if (column.of === 'truth') {
    const said = typeof compValue === 'string' ? { true: true, false: false }[compValue.toLowerCase()] : compValue
    if (typeof said !== 'boolean' || (op !== 'eq' && op !== 'ne')) throw wrong()
    return op === 'eq' ? db`${column.sql} = ${said}` : db`${column.sql} <> ${said}`
  }
  if (typeof compValue !== 'string') throw wrong()
  if (column.of === 'time') {
    if (!isInstant(compValue) || op === 'co' || op === 'sw' || op === 'ew') throw wrong()
    return inOrder(db, op, db`date_trunc('milliseconds', ${column.sql})`, db`${timeOf(compValue)}::timestamptz`)
  }
  const [own, value] = column.caseExact
    ? [column.sql, db`${compValue}::text`]
    : [db`lower(${column.sql})`, db`lower(${compValue}::text)`]
  if (op === 'co') return db`strpos(${own}, ${value}) > 0`
  if (op === 'sw') return db`starts_with(${own}, ${value})`
  if (op === 'ew') return db`right(${own}, length(${value})) = ${value}`
  return inOrder(db, op, own, value)
}

function inOrder(db: Db, op: 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le', left: Sql, right: Sql): Sql {
  switch (op) {
    case 'eq':
      return db`${left} = ${right}`
    case 'ne':
      return db`${left} is distinct from ${right}`
    case 'gt':
      return db`${left} > ${right}`
    case 'ge':
      return db`${left} >= ${right}`
    case 'lt':
      return db`${left} < ${right}`
    case 'le':
      return db`${left} <= ${right}`
  }
}
