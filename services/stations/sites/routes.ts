import Type from 'typebox'
import { Id, Instant, Owner } from '#contracts/shared'
import {
  authorise,
  isId,
  isInstant,
  newId,
  ownerFor,
  partiesOf,
  Problem,
  requireMatch,
  withRole,
  listRoutes,
  createdIn,
  changedQuery,
  changedIn,
} from '#kernel'
import type { StationsHost } from '../host.ts'
import { placeBody, placeFields, placeFrom, requirePossible, shown } from '../place.ts'
import { deleteSite, findSite, insertSite, listSites, lockSite, updateSite, type Site } from './store.ts'

const SiteView = shown(
  Type.Object(
    {
      id: Id,
      owner: Owner,
      ...placeFields,
      version: Type.Integer({ minimum: 1, examples: [1] }),
      createdAt: Instant,
      updatedAt: Instant,
    },
    { title: 'Site' },
  ),
)
const SiteBody = Type.Object(placeBody)
const One = Type.Object({ id: Id })
const config = { access: withRole('operator') }

const view = ({ createdAt, updatedAt, ...site }: Site) => ({
  ...site,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
})

/** Where several stations stand. */
export function siteRoutes({ http, db, now }: StationsHost): void {
  http.post(
    '/sites',
    {
      config,
      schema: {
        summary: 'Create a site',
        description: 'Stations that are made there take over what they do not say themselves.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['editor_required', 'time_zone_unknown', 'opening_invalid'],
        body: SiteBody,
        response: { 201: SiteView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const at = now()
      const place = placeFrom(body)
      await requirePossible(db, place)
      const site = await db.once(request, async tx => {
        const made = { ...place, id: newId(), owner: ownerFor(actor), version: 1, createdAt: at, updatedAt: at }
        await insertSite(tx, made)
        return view(made)
      })
      return reply.code(201).header('location', `/api/stations/sites/${site.id}`).header('etag', '"1"').send(site)
    },
  )

  listRoutes(http, db, '/sites', {
    config,
    schema: {
      summary: 'List sites, the newest first',
      description: 'One’s own and those of the organisation one acts for; all for admins.',
      of: 'sites',
      filters: changedQuery,
      item: SiteView,
    },
    wanted: ({ actor, query }) => ({
      owners: actor.role === 'admin' ? undefined : partiesOf(actor),
      created: createdIn(query),
      changed: changedIn(query),
    }),
    rows: (wanted, limit, after) => listSites(db, wanted, limit, after as [string, string] | undefined),
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    view,
  })

  http.get(
    '/sites/:id',
    {
      config,
      schema: {
        summary: 'Read a site',
        gives: ['ETag'],
        refuses: ['site_unknown'],
        params: One,
        response: { 200: SiteView },
      },
    },
    async ({ actor, params }, reply) => {
      const site = await findSite(db, params.id)
      authorise(actor, 'read', site, 'site_unknown')
      return reply.header('etag', `"${site!.version}"`).send(view(site!))
    },
  )

  http.put(
    '/sites/:id',
    {
      config,
      schema: {
        summary: 'Describe a site anew',
        description: 'Stations that stand there stay as they are.',
        honours: ['If-Match'],
        refuses: ['site_unknown', 'editor_required', 'time_zone_unknown', 'opening_invalid'],
        params: One,
        body: SiteBody,
        response: { 200: SiteView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const place = placeFrom(body)
      await requirePossible(db, place)
      const site = await db.transaction(async tx => {
        const before = await lockSite(tx, params.id)
        authorise(actor, 'write', before, 'site_unknown')
        requireMatch(request, before!.version)
        const site = { ...before!, ...place, version: before!.version + 1, updatedAt: now() }
        await updateSite(tx, site)
        return site
      })
      return reply.header('etag', `"${site.version}"`).send(view(site))
    },
  )

  http.delete(
    '/sites/:id',
    {
      config,
      schema: {
        summary: 'Delete a site where no station stands any more',
        honours: ['If-Match'],
        refuses: ['site_unknown', 'editor_required', 'site_occupied'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await db.transaction(async tx => {
        const site = await lockSite(tx, params.id)
        authorise(actor, 'write', site, 'site_unknown')
        requireMatch(request, site!.version)
        if (!(await deleteSite(tx, site!.id))) throw new Problem('conflict', 'site_occupied')
      })
      return reply.code(204).send()
    },
  )
}
