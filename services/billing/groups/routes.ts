import Type from 'typebox'
import { Id, Instant, Line, Owner } from '#contracts/shared'
import {
  authorise,
  cursorOf,
  isId,
  listQuery,
  newId,
  notModified,
  ownerFor,
  Page,
  page,
  Problem,
  requireMatch,
  type Db,
  type Tx,
} from '#kernel'
import { ownersFor, sellers } from '../access.ts'
import type { BillingHost } from '../host.ts'

interface Group {
  readonly id: string
  readonly owner: Owner
  readonly name: string
  readonly drivers: readonly string[]
  readonly version: number
  readonly createdAt: Date
}

const GroupView = Type.Object(
  {
    id: Id,
    owner: Owner,
    name: Type.String({ examples: ['Employees'] }),
    drivers: Type.Array(Id),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'DriverGroup' },
)
const view = (group: Group) => ({
  ...group,
  drivers: [...group.drivers],
  createdAt: group.createdAt.toISOString(),
})

const Body = Type.Object({
  name: Line(120, { examples: ['Employees'] }),
  drivers: Type.Array(Id, { maxItems: 10_000, uniqueItems: true, description: 'Accounts of people' }),
})
const One = Type.Object({ id: Id })
const config = { access: sellers }

/** Drivers who charge at other prices than everybody. */
export function groupRoutes({ db, http, now }: BillingHost): void {
  http.post(
    '/groups',
    {
      config,
      schema: {
        summary: 'Make a group of drivers that tariffs can name',
        honours: ['Idempotency-Key'],
        gives: ['Location', 'ETag'],
        refuses: ['editor_required'],
        body: Body,
        response: { 201: GroupView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const owner = ownerFor(actor)
      const made = await db.once(request, async tx => {
        const group: Group = { id: newId(), owner, ...body, version: 1, createdAt: now() }
        await tx`
          insert into driver_groups (id, owner_kind, owner_id, name, created_at)
          values (${group.id}, ${owner.kind}, ${owner.id}, ${group.name}, ${group.createdAt})`
        await setMembers(tx, group)
        return view(group)
      })
      return reply.code(201).header('location', `/api/billing/groups/${made.id}`).header('etag', '"1"').send(made)
    },
  )

  http.get(
    '/groups',
    {
      config,
      schema: {
        summary: 'Groups of drivers, the newest first',
        querystring: listQuery({}),
        response: { 200: Page(GroupView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isId)?.[0] as string | undefined
      const owners = ownersFor(actor)
      const rows = await db<Group[]>`
        select ${columns(db)} from driver_groups g
        where true ${owners ? db`and owner_id = any(${owners}::uuid[])` : db``} ${before ? db`and id < ${before}` : db``}
        order by id desc limit ${limit + 1}`
      return page(rows, limit, ({ id }) => [id], view)
    },
  )

  http.get(
    '/groups/:id',
    {
      config,
      schema: {
        summary: 'A group of drivers',
        honours: ['If-None-Match'],
        refuses: ['group_unknown'],
        params: One,
        response: { 200: GroupView },
      },
    },
    async (request, reply) => {
      const found = await findGroup(db, request.params.id)
      authorise(request.actor, 'read', found, 'group_unknown')
      return notModified(request, reply, found!.version) ? reply.send() : view(found!)
    },
  )

  http.put(
    '/groups/:id',
    {
      config,
      schema: {
        summary: 'Say who is in a group of drivers',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['group_unknown', 'editor_required'],
        params: One,
        body: Body,
        response: { 200: GroupView },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      const changed = await db.transaction(async tx => {
        const group = await findGroup(tx, params.id, true)
        authorise(actor, 'write', group, 'group_unknown')
        requireMatch(request, group!.version)
        const after = { ...group!, ...body, version: group!.version + 1 }
        await tx`update driver_groups set name = ${after.name}, version = ${after.version} where id = ${after.id}`
        await setMembers(tx, after)
        return after
      })
      return reply.header('etag', `"${changed.version}"`).send(view(changed))
    },
  )

  http.delete(
    '/groups/:id',
    {
      config,
      schema: {
        summary: 'Dissolve a group of drivers',
        description: 'While a tariff names it the answer says which.',
        honours: ['If-Match'],
        refuses: ['group_unknown', 'group_in_use', 'editor_required'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await db.transaction(async tx => {
        const group = await findGroup(tx, request.params.id, true)
        authorise(request.actor, 'write', group, 'group_unknown')
        requireMatch(request, group!.version)
        const tariffs = await tx<{ id: string; name: string }[]>`
          select distinct t.id, t.name from tariff_uses u join tariffs t on t.id = u.tariff_id
          where u.group_id = ${group!.id} order by t.id limit 20`
        if (tariffs.length > 0)
          throw new Problem('conflict', 'group_in_use', {
            detail: `${tariffs.map(({ name }) => `“${name}”`).join(', ')} would be in force for nobody. Change that first.`,
            tariffs: tariffs.map(({ id, name }) => ({ id, name })),
          })
        await tx`delete from driver_groups where id = ${group!.id}`
      })
      return reply.code(204).send(null)
    },
  )
}

const columns = (db: Db) => db`
  g.id, json_build_object('kind', owner_kind, 'id', owner_id) as owner, name, version, created_at as "createdAt",
  array(select driver_id from driver_group_members m where m.group_id = g.id order by driver_id) as drivers`

async function findGroup(db: Db, id: string, locked = false): Promise<Group | undefined> {
  const [row] = await db<Group[]>`
    select ${columns(db)} from driver_groups g where id = ${id} ${locked ? db`for update` : db``}`
  return row
}

async function setMembers(tx: Tx, { id, drivers }: Pick<Group, 'id' | 'drivers'>): Promise<void> {
  await tx`delete from driver_group_members where group_id = ${id} and driver_id <> all(${drivers as string[]}::uuid[])`
  await tx`
    insert into driver_group_members (group_id, driver_id)
    select ${id}, unnest(${drivers as string[]}::uuid[]) on conflict do nothing`
}
