import Type from 'typebox'
import { CategoryCreated, CategoryDeleted, CategoryUpdated } from '#contracts/marketplace'
import { Id, Line, Slug } from '#contracts/shared'
import { anyone, newId, notModified, Problem, requireMatch, violates, type Tx } from '#kernel'
import { admins } from '../access.ts'
import type { Workshop } from '../products/changing.ts'
import { showing } from '../products/routes.ts'
import { shownQuery } from '../products/shown.ts'
import { slugOf } from '../words.ts'
import { readCategories } from './catalogue.ts'
import { Attribute, treeOf, type Category } from './tree.ts'

const Names = Type.Object({ en: Line(120, { examples: ['Wallboxes'] }), de: Line(120, { examples: ['Wallboxen'] }) })
const AttributeView = Type.Object({
  ...Attribute.properties,
  names: Type.Object({ en: Type.String(), de: Type.String() }),
  unit: Type.Optional(Type.String()),
  choices: Type.Optional(Type.Array(Type.String())),
})
const CategoryView = Type.Object(
  {
    id: Id,
    parentId: Type.Union([Id, Type.Null()]),
    slug: Slug,
    name: Type.String({ examples: ['Wallboxes'] }),
    names: Type.Object({ en: Type.String(), de: Type.String() }, { examples: [{ en: 'Wallboxes', de: 'Wallboxen' }] }),
    depth: Type.Integer({ minimum: 0, examples: [0] }),
    attributes: Type.Array(AttributeView, { examples: [[]] }),
    version: Type.Integer({ minimum: 1, examples: [1] }),
  },
  { title: 'Category' },
)
const CategoryBody = Type.Object({
  names: Names,
  slug: Type.Optional({ ...Slug, examples: ['wallboxes'] }),
  parentId: Type.Optional(Type.Union([Id, Type.Null()], { examples: [null] })),
  attributes: Type.Optional(Type.Array(Attribute, { maxItems: 40, examples: [[]] })),
  position: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000, default: 0, examples: [1] })),
})
const One = Type.Object({ id: Id })
const refusesBody = ['category_gone', 'category_place', 'slug_taken', 'attribute_invalid'] as const

const view = (category: Category, language: 'en' | 'de') => ({
  id: category.id,
  parentId: category.parentId,
  slug: category.slug,
  name: category.names[language],
  names: category.names,
  depth: category.path.length - 1,
  attributes: [...category.attributes],
  version: category.version,
})

const told = ({ id, parentId, path, slug, names, version }: Category) => ({
  categoryId: id,
  parentId,
  path: [...path],
  slug,
  names: { ...names },
  version,
})

export function categoryRoutes(
  workshop: Workshop,
  refile: (tx: Tx<'marketplace'>, categoryId: string) => Promise<void>,
): void {
  const { host, catalogue } = workshop
  const { http, db, now } = host

  http.get(
    '/categories',
    {
      config: { access: anyone },
      schema: {
        summary: 'The tree of categories, each behind the one it belongs to',
        honours: ['If-None-Match'],
        querystring: Type.Object({ language: shownQuery.language }),
        response: { 200: Type.Object({ items: Type.Array(CategoryView) }, { title: 'Categories' }) },
      },
    },
    async (request, reply) => {
      const { tree, language } = await showing(workshop, request, request.query)
      const all = [...tree.byId.values()]
      const inOrder = (parentId: string | null): Category[] =>
        all.filter(one => one.parentId === parentId).flatMap(one => [one, ...inOrder(one.id)])
      const tag = `${language}-${all.length}-${all.reduce((sum, { version }) => sum + version, 0)}`
      if (notModified(request, reply, tag)) return reply.send()
      return { items: inOrder(null).map(one => view(one, language)) }
    },
  )

  http.post(
    '/categories',
    {
      config: { access: admins },
      schema: {
        summary: 'Add a category',
        honours: ['Idempotency-Key'],
        gives: ['ETag'],
        refuses: refusesBody,
        body: CategoryBody,
        response: { 201: CategoryView },
      },
    },
    async (request, reply) => {
      const made = await db.once(request, async tx => {
        const { names, slug, parentId = null, attributes = [], position = 0 } = request.body
        const id = newId()
        const path = [...(await pathBelow(tx, parentId)), id]
        requireDistinct(attributes)
        const category = {
          id,
          parentId,
          path,
          slug: slug ?? (slugOf(names.en) || id),
          names,
          attributes,
          position,
          version: 1,
        }
        await write(tx, category, now(), true)
        await tx.publish(CategoryCreated, told(category))
        return view(category, 'en')
      })
      catalogue.forget()
      return reply.code(201).header('etag', '"1"').send(made)
    },
  )

  http.put(
    '/categories/:id',
    {
      config: { access: admins },
      schema: {
        summary: 'Describe a category anew, or put it elsewhere in the tree',
        description: 'What is left out stays. What its products are found by follows within a moment.',
        honours: ['If-Match'],
        refuses: refusesBody,
        params: One,
        body: Type.Partial(CategoryBody),
        response: { 200: CategoryView },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const changed = await db.transaction(async tx => {
        // Of two who move categories under each other the second sees what the first did.
        await tx`lock table categories in share row exclusive mode`
        const tree = treeOf(await readCategories(tx))
        const before = tree.byId.get(params.id)
        if (!before) throw new Problem('not_found', 'category_gone')
        requireMatch(request, before.version)
        const parentId = body.parentId === undefined ? before.parentId : body.parentId
        const path = [...(await pathBelow(tx, parentId)), before.id]
        const below = [...tree.byId.values()].filter(one => one.id !== before.id && one.path.includes(before.id))
        const deepest = Math.max(0, ...below.map(one => one.path.length - before.path.length))
        if (path.indexOf(before.id) < path.length - 1 || path.length + deepest > 8)
          throw new Problem('unprocessable', 'category_place', {
            errors: [{ pointer: '/parentId', detail: 'is no place for it' }],
          })
        requireDistinct(body.attributes ?? [])
        const { names, slug, attributes, position } = { ...before, ...body }
        const after = { ...before, names, slug, attributes, position, parentId, path, version: before.version + 1 }
        await write(tx, after, now())
        await tx.publish(CategoryUpdated, told(after))
        for (const one of below) {
          const moved = { ...one, path: [...path, ...one.path.slice(before.path.length)], version: one.version + 1 }
          await write(tx, moved, now())
          await tx.publish(CategoryUpdated, told(moved))
        }
        await refile(tx, before.id)
        return after
      })
      catalogue.forget()
      return reply.header('etag', `"${changed.version}"`).send(view(changed, 'en'))
    },
  )

  http.delete(
    '/categories/:id',
    {
      config: { access: admins },
      schema: {
        summary: 'Delete a category that has no products, and none below it',
        refuses: ['category_gone', 'category_used'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async ({ params }, reply) => {
      await db.transaction(async tx => {
        // Products that are deleted need no category any more.
        await tx`update products set category_id = null where category_id = ${params.id} and deleted_at is not null`
        const found = (await readCategories(tx)).find(({ id }) => id === params.id)
        if (!found) throw new Problem('not_found', 'category_gone')
        await tx`delete from categories where id = ${params.id}`.catch((error: { code?: string }) => {
          throw error.code === '23503' ? new Problem('conflict', 'category_used') : error
        })
        await tx.publish(CategoryDeleted, { ...told(found), version: found.version + 1 })
      })
      catalogue.forget()
      return reply.code(204).send()
    },
  )
}

/** From the root to a category. Fails with `category_gone`, `category_place`. */
async function pathBelow(tx: Tx, parentId: string | null): Promise<string[]> {
  if (parentId === null) return []
  const [parent] = await tx<{ path: string[] }[]>`select path from categories where id = ${parentId} for share`
  if (!parent)
    throw new Problem('not_found', 'category_gone', { errors: [{ pointer: '/parentId', detail: 'is not known' }] })
  if (parent.path.length >= 8)
    throw new Problem('unprocessable', 'category_place', {
      errors: [{ pointer: '/parentId', detail: 'is eight deep' }],
    })
  return parent.path
}

/** Fails with `attribute_invalid`: a key twice, a choice without choices. */
function requireDistinct(attributes: readonly Attribute[]): void {
  const wrong = attributes.findIndex(
    ({ key, type, choices }, index) =>
      attributes.findIndex(other => other.key === key) < index || (type === 'choice') !== (choices !== undefined),
  )
  if (wrong >= 0)
    throw new Problem('unprocessable', 'attribute_invalid', {
      errors: [
        {
          pointer: `/attributes/${wrong}`,
          detail: 'has a key that is there already, or choices without being a choice',
        },
      ],
    })
}

async function write(tx: Tx, category: Category, at: Date, isNew = false): Promise<void> {
  const { id, parentId, path, slug, names, attributes, position, version } = category
  const row = {
    parent_id: parentId,
    path: path as string[],
    slug,
    names: tx.json(names),
    attributes: tx.json(attributes as never),
    position,
    version,
    updated_at: at,
  }
  const writing = isNew
    ? tx`insert into categories ${tx({ id, ...row })}`
    : tx`update categories set ${tx(row)} where id = ${id}`
  await writing.catch((error: unknown) => {
    if (violates(error, 'categories_slug_key'))
      throw new Problem('conflict', 'slug_taken', { errors: [{ pointer: '/slug', detail: 'is taken' }] })
    throw error
  })
}
