import Type, { type Static } from 'typebox'
import { Id, Instant, Line } from '#contracts/shared'
import { listQuery, newId, ownerFor, Page, page, Problem, signedIn, type Actor, type Tx } from '#kernel'
import { lockUser } from '../accounts/store.ts'
import { idAfter, type Identity } from '../identity.ts'
import { holdOrganisation } from '../machines/store.ts'
import { countViews, deleteView, insertView, listViews, lockView, nameTaken, updateView, type View } from './store.ts'

/** Of one person, and of one organisation. */
const mostViews = 200
const mostBytes = 16 * 1024

const ListPath = Type.String({
  maxLength: 200,
  pattern: '^/api/[\\w{}/-]+$',
  description: 'The list, by its path as the API document has it',
  examples: ['/api/passports'],
})
const Shown = Type.Object({
  name: Line(60, { examples: ['Drafts of this year'] }),
  asked: Type.Unsafe<Record<string, string>>(
    Type.Record(Type.String({ maxLength: 60 }), Type.String({ maxLength: 500 }), {
      description: 'What the list is asked: filters and order',
      examples: [{ status: 'draft', sort: '-createdAt' }],
      maxProperties: 40,
    }),
  ),
  hidden: Type.Array(Type.String({ maxLength: 60, examples: ['massKg'] }), {
    maxItems: 100,
    description: 'Columns that are not shown',
  }),
  compact: Type.Boolean({ default: false, description: 'Whether rows stand close together', examples: [false] }),
})
const Shared = Type.Boolean({
  default: false,
  description: 'Whether it is of all of the organisation',
  examples: [false],
})
const ViewView = Type.Object(
  {
    id: Id,
    ...Shown.properties,
    list: Type.String({ examples: ['/api/passports'] }),
    name: Type.String({ examples: ['Drafts of this year'] }),
    shared: Shared,
    updatedAt: Instant,
  },
  { title: 'SavedView' },
)

const view = ({ id, list, name, asked, hidden, compact, ...rest }: View): Static<typeof ViewView> => ({
  id,
  list,
  name,
  asked,
  hidden,
  compact,
  shared: rest.organisationId !== null,
  updatedAt: rest.updatedAt.toISOString(),
})

const taken = (name: string): Problem =>
  new Problem('conflict', 'view_exists', { detail: `The list has a view “${name}” already.` })

/** How people look at lists: kept by name, for themselves or for all of the organisation that they act for. */
export function viewRoutes({ host }: Identity): void {
  const { db, http, now } = host
  const ById = Type.Object({ id: Id })

  http.get(
    '/views',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List own views of lists, and those of the organisation one acts for',
        querystring: listQuery({ list: Type.Optional(ListPath) }),
        response: { 200: Page(ViewView) },
      },
    },
    async ({ actor, query: { list, after, limit } }) =>
      page(await listViews(db, actor, list, idAfter(after), limit + 1), limit, ({ id }) => [id], view),
  )

  http.post(
    '/views',
    {
      config: { access: signedIn },
      bodyLimit: mostBytes,
      schema: {
        summary: 'Save how one looks at a list',
        description: 'For oneself; shared, for all of the organisation that one acts for, whose editors may.',
        honours: ['Idempotency-Key'],
        refuses: ['view_exists', 'too_many_views', 'view_not_sharable', 'editor_required', 'organisation_unknown'],
        body: Type.Object({ list: ListPath, ...Shown.properties, shared: Shared }),
        response: { 201: ViewView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const organisationId = body.shared ? sharedWith(actor) : null
      const made = await db.once(request, async tx => {
        const { shared: _, ...shown } = body
        const at = now()
        const userId = organisationId ? null : actor.userId
        const one: View = {
          ...shown,
          name: shown.name.trim(),
          id: newId(),
          userId,
          organisationId,
          createdAt: at,
          updatedAt: at,
        }
        if (organisationId) await holdOrganisation(tx, organisationId)
        // A service account has none of its own.
        else if (!(await lockUser(tx, actor.userId, 'change'))) throw new Problem('unauthenticated', 'token_invalid')
        if ((await countViews(tx, one)) >= mostViews)
          throw new Problem('conflict', 'too_many_views', { detail: `There are ${mostViews} views. Delete one first.` })
        if (!(await insertView(tx, one))) throw taken(one.name)
        return view(one)
      })
      return reply.code(201).send(made)
    },
  )

  http.put(
    '/views/:id',
    {
      config: { access: signedIn },
      bodyLimit: mostBytes,
      schema: {
        summary: 'Change a view of a list',
        refuses: ['view_unknown', 'view_exists', 'editor_required'],
        params: ById,
        body: Shown,
        response: { 200: ViewView },
      },
    },
    async ({ actor, params, body }) =>
      await db.transaction(async tx => {
        const before = await toChange(tx, actor, params.id)
        const after = { ...before, ...body, name: body.name.trim(), updatedAt: now() }
        await updateView(tx, after).catch(error => {
          throw nameTaken(error) ? taken(after.name) : error
        })
        return view(after)
      }),
  )

  http.delete(
    '/views/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Delete a view of a list',
        refuses: ['view_unknown', 'editor_required'],
        params: ById,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await db.transaction(async tx => {
        await deleteView(tx, (await toChange(tx, actor, params.id)).id)
      })
      return reply.code(204).send()
    },
  )
}

/** The organisation that gets it. Fails with `view_not_sharable`, and with `editor_required` for its viewers. */
function sharedWith(actor: Actor): string {
  if (!actor.organisation) throw new Problem('unprocessable', 'view_not_sharable')
  return ownerFor(actor).id
}

async function toChange(tx: Tx, actor: Actor, id: string): Promise<View> {
  const found = await lockView(tx, actor, id)
  if (!found) throw new Problem('not_found', 'view_unknown')
  if (found.organisationId) ownerFor(actor)
  return found
}
