import { useEffect, useRef, useState } from 'react'
import attributes from 'law:attributes'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { read, useRead } from '../../blocks/data.tsx'
import type { Version } from '../../blocks/difference.ts'
import { Editor } from '../../blocks/editor.tsx'
import { pathOf, pointerOf, type Schema } from '../../blocks/schema.ts'
import { useLanguage, useTexts, type Language } from '../../texts/texts.tsx'
import type { Passport } from './passports.tsx'

export type Attribute = components['schemas']['PassportAttribute']
type Members = Record<string, unknown>

const text: Schema = { type: 'string', maxLength: 2_000 }
const decimal: Schema = { type: 'string', format: 'decimal' }
const object = (...names: string[]): Schema => ({
  type: 'object',
  properties: Object.fromEntries(names.map(name => [name, text])),
})
const listOf = (items: Schema): Schema => ({ type: 'array', items })
const document = object('title', 'url')
const contact = object('name', 'street', 'postalCode', 'city', 'country', 'website', 'email')
/** What people enter for the shapes of the law's values; of what none stands here, JSON. */
const shapes: Readonly<Record<string, Schema>> = {
  text,
  symbol: text,
  uri: { ...text, format: 'uri' },
  enum: text,
  duration: { ...text, examples: ['P8Y'] },
  date: { type: 'string', format: 'date' },
  instant: { type: 'string', format: 'date-time' },
  month: { ...text, examples: ['2027-02'] },
  localized: text,
  texts: listOf(text),
  links: listOf(text),
  document,
  documents: listOf(document),
  contact,
  contacts: listOf(contact),
  chemistry: object('shortName', 'clearName'),
  materials: listOf(object('name', 'cas', 'location')),
  parts: listOf(object('partName', 'partNumber')),
}

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The shape that a value is entered in; one that was given in a simpler one stays in it. */
function shapeOf(id: string, given: unknown): Schema {
  const { type, units = [] } = attributes[id]!
  const called = Object.fromEntries(units.map(unit => [unit, unit]))
  const measured: Schema = {
    type: 'object',
    properties: { value: decimal, unit: { enum: units, called } },
  }
  switch (type) {
    case 'quantity':
      return measured
    case 'count':
      return { type: 'object', properties: { value: decimal } }
    case 'bySoc':
      return listOf({ type: 'object', properties: { soc: decimal, ...measured.properties } })
    case 'byPart':
      return { type: 'object', properties: { pack: measured, module: measured, cell: measured } }
    case 'localized':
      return Array.isArray(given) ? listOf(object('language', 'value')) : text
    default: {
      const shape = shapes[type]
      if (!shape) return {}
      const isList = shape.type === 'array'
      if (typeof given === 'string') return isList || shape.type === 'object' ? text : shape
      const isPlain = Array.isArray(given) && given.some(each => typeof each === 'string')
      return isList && isPlain ? listOf(text) : shape
    }
  }
}

/** What stands at an attribute now, as it is entered; digits and units as they were given. */
function enteredOf(id: string, item: Attribute | undefined, own: unknown): unknown {
  const { type, unit } = attributes[id]!
  const given = item?.notApplicable ? undefined : item?.givenValue
  if (type === 'quantity' || type === 'count') {
    const told = type === 'count' ? {} : { unit: item?.givenUnit ?? unit }
    return { ...(isMembers(own) && !('notApplicable' in own) && own), ...(given != null && { value: given }), ...told }
  }
  if (type === 'byPart' && Array.isArray(given))
    return Object.fromEntries((given as Members[]).map(({ part, ...rest }) => [part, rest]))
  return given ?? undefined
}

/** What is sent of it: with its evidence, where it has some; null where nothing was left of a value of its own. */
function sentOf(id: string, entered: unknown, own: unknown): unknown {
  const nothing = own === undefined ? undefined : null
  if (isMembers(entered) && Object.keys(entered).every(key => key === 'unit')) return nothing
  const { type } = attributes[id]!
  const isWrapped = isMembers(own) && 'value' in own && !('language' in own) && !/^(quantity|count)$/.test(type)
  return entered === undefined ? nothing : isWrapped ? { ...own, value: entered } : entered
}

const ownIn = ({ data }: Passport): Members => (isMembers(data.attributes) ? data.attributes : {})

/** Of a published model each correction says why. */
const isModel = ({ granularity, status }: Passport): boolean => granularity === 'model' && status === 'published'

/** Values of attributes, entered where they lack or changed where they stand; or why there are none. */
export default function Point(props: { passport: Passport; ids: readonly string[]; close: () => void }) {
  const { passport, close } = props
  const { id } = passport
  const ids = props.ids.filter(each => attributes[each] && !attributes[each].computed)
  const { data } = useRead('/api/passports/{id}/attributes', { id })
  return data && <Form passport={passport} items={data.data.items} ids={ids} close={close} />
}

interface Entering {
  readonly passport: Passport
  readonly items: readonly Attribute[]
  readonly ids: readonly string[]
  readonly close: () => void
}

function versionOf({ passport, items, ids }: Omit<Entering, 'close'>): Version {
  const own = ownIn(passport)
  const found = ids.map(each => [each, enteredOf(each, items.find(item => item.id === each), own[each])]) // prettier-ignore
  const none = items.find(item => ids.includes(item.id) && item.notApplicable)?.notApplicable
  return { data: Object.fromEntries([...found, ['notApplicable', none]]), tag: `"${passport.version}"` }
}

function schemaOf({ passport, ids }: Entering, entered: Members, language: Language, none: string): Schema {
  const fields = ids.map(each => [each, { ...shapeOf(each, entered[each]), title: attributes[each]![language] }])
  return {
    type: 'object',
    ...(isModel(passport) && { required: ['reason'] }),
    properties: {
      ...(Object.fromEntries(fields) as Record<string, Schema>),
      notApplicable: { type: 'string', maxLength: 500, title: none },
      ...(isModel(passport) && { reason: { type: 'string', maxLength: 500 } }),
    },
  }
}

function Form(props: Entering) {
  const { passport, ids, close } = props
  const { id } = passport
  const texts = useTexts()
  const language = useLanguage()
  // What the form began with: what others save meanwhile is told, and does not touch it.
  const [initial] = useState(() => versionOf(props))
  const [own] = useState(() => ownIn(passport))
  const sent = useRef<Members>({})
  const form = useRef<HTMLDivElement>(null)
  useEffect(() => form.current?.querySelector<HTMLElement>('input, textarea')?.focus(), [])
  const latest = async (): Promise<Version> => {
    const [one, { data }] = await Promise.all([
      read('/api/passports/{id}', { id }),
      read('/api/passports/{id}/attributes', { id }),
    ])
    return versionOf({ passport: one.data, items: data.items, ids })
  }
  return (
    <div
      ref={form}
      className="grow"
      onKeyDown={({ key, target }) => {
        // Of a list that is open Escape closes that.
        if (key === 'Escape' && (target as Element).ariaExpanded !== 'true') close()
      }}
      role="presentation"
    >
      <Editor
        name={`passport ${id} ${ids.join(' ')}`}
        schema={schemaOf(props, initial.data as Members, language, texts.readiness.notApplicable)}
        initial={initial}
        current={latest}
        button={texts.form.save}
        cancel={close}
        hint={`"${passport.version}"` === initial.tag ? undefined : texts.form.changedMeanwhile}
        fieldOf={pointer => fieldOf(pointer, sent.current)}
        save={(entered, headers) => {
          const { notApplicable, reason, ...values } = entered as Members
          sent.current = Object.fromEntries(
            ids.map(each => [each, notApplicable ? { notApplicable } : sentOf(each, values[each], own[each])]),
          )
          const body = { attributes: sent.current, ...(reason !== undefined && { reason }) }
          return ask('PATCH', `/api/passports/${id}/attributes`, { body, headers })
        }}
        saved={close}
      />
    </div>
  )
}

/** By the fields of the form, wherever the values stand in what was sent. */
function fieldOf(pointer: string, sent: Members): string {
  const path = pathOf(pointer)
  const at = path.indexOf('attributes')
  if (at < 0) return pointer
  const [id, ...rest] = path.slice(at + 1)
  const given = sent[String(id)]
  if (isMembers(given) && 'notApplicable' in given) return '/notApplicable'
  // Of a quantity as a whole, at its number.
  const isNumber = rest.length === 0 && /quantity|count/.test(attributes[String(id)]?.type ?? '')
  return pointerOf([id!, ...(isNumber ? ['value'] : rest)])
}
