import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import Type, { type TObject } from 'typebox'
import { event } from '../contracts/define.ts'
import { Id } from '../contracts/shared.ts'
import { choose } from '../services/all.ts'
import { eventsOf } from '../tools/docs/contracts.ts'
import { broken, freeze, type Frozen } from '../tools/docs/frozen.ts'

const folder = join(import.meta.dirname, '..', 'contracts', 'frozen')
const frozen = readdirSync(folder).map(file => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Frozen)
const events = (await Promise.all((await choose()).map(({ name }) => eventsOf(name)))).flat().map(({ event }) => event)

test('every topic is frozen, and every frozen topic is still there', () => {
  assert.deepEqual(
    events.map(({ topic }) => topic).sort(),
    frozen.map(({ topic }) => topic).sort(),
    'npm run docs freezes a new one; one that was published stays',
  )
})

test('every event keeps what was published of it', () => {
  for (const published of frozen) {
    const present = events.find(({ topic }) => topic === published.topic)
    assert.deepEqual(present && broken(published, freeze(present)), [], published.topic)
  }
})

const base = {
  id: Id,
  name: Type.String(),
  note: Type.Optional(Type.String()),
  state: Type.Enum(['open', 'closed']),
  lines: Type.Array(Type.Object({ sku: Type.String(), amount: Type.Integer() })),
  place: Type.Union([Type.Object({ city: Type.String() }), Type.Null()]),
}
const frozenOf = (data: Record<string, unknown>, key = 'id', topic = 'order.placed') =>
  freeze(event('orders', topic, key, Type.Object(data as typeof base) as TObject))
const published = frozenOf(base)
const { name: _, ...withoutName } = base

const refused: [string, Frozen, RegExp][] = [
  ['a field is removed', frozenOf(withoutName), /^\/name is gone/],
  ['a field is renamed', frozenOf({ ...withoutName, title: Type.Optional(Type.String()) }), /^\/name is gone/],
  ['a type changes', frozenOf({ ...base, name: Type.Integer() }), /^\/name has another type/],
  [
    'a type is narrowed by a pattern',
    frozenOf({ ...base, name: Type.String({ pattern: '^a' }) }),
    /^\/name has another pattern/,
  ],
  [
    'a type is narrowed by a length',
    frozenOf({ ...base, name: Type.String({ maxLength: 3 }) }),
    /^\/name has another maxLength/,
  ],
  ['a text becomes one of a few', frozenOf({ ...base, name: Type.Enum(['a', 'b']) }), /^\/name has another/],
  ['an enum loses a value', frozenOf({ ...base, state: Type.Enum(['open']) }), /^\/state may no longer be "closed"/],
  ['an optional field becomes required', frozenOf({ ...base, note: Type.String() }), /^\/note was optional/],
  [
    'a required field becomes optional',
    frozenOf({ ...base, name: Type.Optional(Type.String()) }),
    /^\/name was always there/,
  ],
  ['a new field is required', frozenOf({ ...base, more: Type.String() }), /^\/more is new and must be optional/],
  [
    'a field inside a list is removed',
    frozenOf({ ...base, lines: Type.Array(Type.Object({ sku: Type.String() })) }),
    /^\/lines\/\*\/amount is gone/,
  ],
  [
    'null is no longer possible',
    frozenOf({ ...base, place: Type.Object({ city: Type.String() }) }),
    /^\/place has another/,
  ],
  [
    'a field inside a union is removed',
    frozenOf({ ...base, place: Type.Union([Type.Object({}), Type.Null()]) }),
    /^\/place\/city is gone/,
  ],
  ['the key changes', frozenOf(base, 'name'), /^its key was id/],
]

for (const [change, present, reason] of refused)
  test(`a published event is refused when ${change}`, () => {
    assert.match(broken(published, present).join('; '), reason)
  })

test('a published event may gain optional fields, enum values and explanations', () => {
  const present = frozenOf({
    ...base,
    name: Type.String({ description: 'As it is printed', examples: ['Pump'] }),
    state: Type.Enum(['open', 'closed', 'lost']),
    more: Type.Optional(Type.String()),
  })
  assert.deepEqual(broken(published, present), [])
  assert.deepEqual(broken(published, published), [])
})

test('a field that is called like an explanation is a field', () => {
  const described = frozenOf({ ...base, description: Type.String() })
  assert.match(broken(described, published).join(), /^\/description is gone/)
})
