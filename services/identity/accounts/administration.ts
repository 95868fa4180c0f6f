import Type, { type Static } from 'typebox'
import { UserDisabled, UserRoleChanged } from '#contracts/identity'
import { Id, Instant, OrganisationRole, Role } from '#contracts/shared'
import {
  changedIn,
  changedQuery,
  Count,
  counted,
  countQuery,
  createdIn,
  createdQuery,
  cursorOf,
  fresh,
  isText,
  listQuery,
  notModified,
  Page,
  page,
  Problem,
  requireMatch,
  withRole,
  type Http,
  type Reply,
  type Request,
  type Tx,
} from '#kernel'
import type { Identity } from '../identity.ts'
import { listOrganisations } from '../organisations/store.ts'
import { endActing, forever, revoke, revokeTokens } from '../sessions/sessions.ts'
import { deleteSessions, sessionsOf } from '../sessions/store.ts'
import { normalise, UserView, userView } from './accounts.ts'
import { countUsers, findUser, keepAnAdmin, listUsers, lockAdmins, lockUser, updateUser, type User } from './store.ts'

const config = { access: withRole('admin') }
/** Changes, for which an admin who has a second factor gave it a moment ago. */
const changing = { access: fresh(withRole('admin'), '5 minutes') }
const Params = Type.Object({ id: Id })
const refuses = ['own_account', 'user_unknown', 'last_admin'] as const

const AccountView = Type.Object(
  {
    ...UserView.properties,
    disabled: Type.Boolean(),
    secondFactor: Type.Boolean({ description: 'Whether the password alone does not let them in' }),
    version: Type.Integer({ examples: [1] }),
    updatedAt: Instant,
  },
  { title: 'Account' },
)

const WholeAccountView = Type.Object(
  {
    ...AccountView.properties,
    sessions: Type.Array(Type.Object({ id: Id, usedAt: Instant })),
    organisations: Type.Array(
      Type.Object({ id: Id, name: Type.String({ examples: ['Voltaic GmbH'] }), role: OrganisationRole }),
      { description: 'A hundred at the most' },
    ),
  },
  { title: 'WholeAccount' },
)

const accountFilters = {
  email: Type.Optional(Type.String({ maxLength: 254, description: 'How the address begins', examples: ['ada@'] })),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: '^[^\\u0000]*$',
      description:
        'Words that stand in the name or the address, in any order; short ones of one or two letters begin it',
      examples: ['lovelace example.com'],
    }),
  ),
  role: Type.Optional(Role),
  disabled: Type.Optional(Type.Boolean({ description: 'Whether they are kept from signing in' })),
  ...createdQuery,
  ...changedQuery,
}
const wanted = (query: Static<Type.TObject<typeof accountFilters>>) => ({
  prefix: normalise(query.email ?? ''),
  words: (query.q ?? '').normalize('NFC').toLowerCase().split(/\s+/).filter(Boolean).slice(0, 10),
  role: query.role,
  disabled: query.disabled,
  created: createdIn(query),
  changed: changedIn(query),
})

const view = (user: User): Static<typeof AccountView> => ({
  ...userView(user),
  disabled: user.disabled,
  secondFactor: user.secondFactor,
  version: user.version,
  updatedAt: user.updatedAt.toISOString(),
})

/** What admins do to accounts; the same for who looks for it where admins are. */
export function administrationRoutes(shared: Identity): void {
  const { http, site } = shared.host
  listRoutes(shared, http, '/users')
  listRoutes(shared, site, '/api/admin/users')
  changeRoutes(shared)
  oneRoutes(shared)
}

function listRoutes({ host: { db } }: Identity, http: Http, path: string): void {
  http.get(
    path,
    {
      config,
      schema: {
        summary: 'List accounts by address',
        querystring: listQuery(accountFilters),
        response: { 200: Page(AccountView) },
      },
    },
    async ({ query }) => {
      const after = cursorOf(query.after, isText)?.[0] as string | undefined
      const rows = await listUsers(db, wanted(query), after, query.limit)
      return page(rows, query.limit, last => [last.email], view)
    },
  )

  http.get(
    `${path}/count`,
    {
      config,
      schema: {
        summary: 'How many accounts there are',
        querystring: countQuery(accountFilters),
        response: { 200: Count },
      },
    },
    async ({ query }) => counted(await countUsers(db, wanted(query))),
  )
}

/** An account with all that belongs to it, and changes of all that an admin may change at once. */
function oneRoutes(shared: Identity): void {
  const { db, site } = shared.host
  site.get(
    '/api/admin/users/:id',
    {
      config,
      schema: {
        summary: 'An account, its sessions and its organisations',
        gives: ['ETag'],
        refuses: ['user_unknown'],
        params: Params,
        response: { 200: WholeAccountView },
      },
    },
    async (request, reply) => {
      const user = await findUser(db, request.params.id)
      if (!user) throw new Problem('not_found', 'user_unknown')
      const [sessions, organisations] = await Promise.all([
        sessionsOf(db, user.id),
        listOrganisations(db, user.id, undefined, 99),
      ])
      reply.header('etag', `"${user.version}"`)
      return {
        ...view(user),
        sessions: sessions.map(({ id, usedAt }) => ({ id, usedAt: usedAt.toISOString() })),
        organisations: organisations.map(({ id, name, role }) => ({ id, name, role })),
      }
    },
  )

  site.put(
    '/api/admin/users/:id',
    {
      config: changing,
      schema: {
        summary: 'Give a person another role, disable their account, or enable it again',
        description: 'What is left out stays. To delete an account needs two admins: DELETE asks the second one.',
        honours: ['If-Match'],
        refuses,
        params: Params,
        body: Type.Object({ role: Type.Optional(Role), disabled: Type.Optional(Type.Boolean({ examples: [false] })) }),
        response: { 200: AccountView },
      },
    },
    (request, reply) => change(shared, request, reply, request.body),
  )
}

/** One field at a time. */
function changeRoutes(shared: Identity): void {
  const { http } = shared.host
  http.put(
    '/users/:id/role',
    {
      config: changing,
      schema: {
        summary: 'Give a person another role',
        honours: ['If-Match'],
        refuses,
        params: Params,
        body: Type.Object({ role: Role }),
        response: { 200: AccountView },
      },
    },
    (request, reply) => change(shared, request, reply, request.body),
  )

  http.put(
    '/users/:id/disabled',
    {
      config: changing,
      schema: {
        summary: 'Disable an account, or enable it again',
        description: 'A disabled account has no sessions, and its keys are not good.',
        honours: ['If-Match'],
        refuses,
        params: Params,
        body: Type.Object({ disabled: Type.Boolean() }),
        response: { 200: AccountView },
      },
    },
    (request, reply) => change(shared, request, reply, request.body),
  )
}

type Fields = Partial<Pick<User, 'role' | 'disabled'>>

/**
 * An admin changes somebody else's account, and is one still when it is their turn: two who take the role from each
 * other at the same moment do not both succeed.
 */
async function change(
  { host: { db, now } }: Identity,
  request: Pick<Request, 'actor'> & { params: { id: string } } & Parameters<typeof requireMatch>[0],
  reply: Reply,
  { role, disabled }: Fields,
): Promise<Static<typeof AccountView>> {
  const { actor, params } = request
  if (params.id === actor.userId)
    throw new Problem('conflict', 'own_account', { detail: 'Ask another admin to change your own account.' })
  const changed = await db.transaction(async tx => {
    await lockAdmins(tx)
    const former = await lockUser(tx, params.id, 'change')
    if (!former) throw new Problem('not_found', 'user_unknown')
    requireMatch(request, former.version)
    let user = former
    // A version each: who keeps one of the two goes by it.
    if (role !== undefined && role !== user.role) user = await giveRole(tx, user, role, now())
    if (disabled !== undefined && disabled !== user.disabled) user = await disable(tx, user, disabled, now())
    if (user === former) return view(former)
    await keepAnAdmin(tx)
    const own = await findUser(tx, actor.userId)
    if (own?.role !== 'admin' || own.disabled)
      throw new Problem('forbidden', 'role_insufficient', { detail: 'Another admin took the role away just now.' })
    return view(user)
  })
  notModified(request, reply, changed.version)
  return changed
}

async function giveRole(tx: Tx<'identity'>, former: User, role: Role, at: Date): Promise<User> {
  const user = await updateUser(tx, former.id, { role })
  await tx.publish(UserRoleChanged, { userId: user.id, role, formerRole: former.role, version: user.version })
  await endActing(tx, user.id)
  await revokeTokens(tx, user.id, at)
  return user
}

async function disable(tx: Tx<'identity'>, former: User, disabled: boolean, at: Date): Promise<User> {
  const user = await updateUser(tx, former.id, { disabled })
  await tx.publish(UserDisabled, { userId: user.id, disabled, version: user.version })
  if (disabled) {
    await endActing(tx, user.id)
    await revoke(tx, user.id, await deleteSessions(tx, user.id, {}), forever)
    // Keys of programs stay, and are good again with the account.
    await revokeTokens(tx, user.id, at)
  }
  return user
}
