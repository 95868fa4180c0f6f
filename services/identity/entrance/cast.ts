import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { MemberChanged, UserRegistered } from '#contracts/identity'
import type { Role } from '#contracts/shared'
import { languageOf, newId, placeOf, Problem, type Tx } from '#kernel'
import { accountOf, type ActsFor } from '../accounts/accounts.ts'
import { demoAddress } from '../accounts/admins.ts'
import { findUserByEmail, insertUser, type User } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { insertMember, listOrganisations, touchOrganisation } from '../organisations/store.ts'
import { noPassword } from '../passwords/passwords.ts'
import { as } from '../sessions/sessions.ts'
import { actFor } from '../sessions/store.ts'
import { aboutOf, type Page } from './form-pages.ts'
import { castNames, onTo, type Part, paths, pathTo } from './paths.ts'

/** Whom one can try to be: what the platform lets each do, and whether they work for the organisation of the demo. */
const parts = {
  admin: { role: 'admin', to: '/console' },
  editor: { role: 'user', member: true, to: '/console' },
  operator: { role: 'operator', member: true, to: '/console' },
  technician: { role: 'technician', member: true, to: '/console' },
  vendor: { role: 'vendor', to: '/console' },
  authority: { role: 'authority', to: '/console' },
  recycler: { role: 'interest', to: '/console' },
  driver: { role: 'user', to: '/charge' },
  buyer: { role: 'user', to: '/shop' },
} as const satisfies Record<Part, { role: Role; member?: true; to: string }>

/** As people see them. */
const called: Record<Part, string> = {
  admin: 'Admin',
  editor: 'Eda Editor',
  operator: 'Otto Operator',
  technician: 'Tessa Technician',
  vendor: 'Vera Vendor',
  authority: 'Anton Authority',
  recycler: 'Rita Recycler',
  driver: 'Dora Driver',
  buyer: 'Bruno Buyer',
}

const isLoopback = (host: string): boolean =>
  /^(localhost|([\w-]+\.)+localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
const isHere = (ip: string): boolean => /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/i.test(ip)

/** Who asks from this machine, for this machine, and not for somebody else. */
const fromHere = ({ ip, hostname, headers }: FastifyRequest): boolean =>
  isHere(ip) &&
  isLoopback(hostname) &&
  !headers.forwarded &&
  !Object.keys(headers).some(name => name.startsWith('x-forwarded-'))

/**
 * To try the platform out, one click signs in as somebody of each role. Nobody can where it is run in earnest: undefined
 * outside of evaluation mode and where it is reached by others; and only who sits at the machine sees it.
 */
export function openCast(identity: Identity) {
  const { host, sessions, limits, counted } = identity
  const { db, now, platform } = host
  const { hostname } = new URL(platform.publicUrl)
  if (platform.mode !== 'evaluation' || !isLoopback(hostname)) return undefined

  /** Those that can be tried; the admin is one that evaluation mode has made, and nobody's own. */
  async function offered(request: FastifyRequest): Promise<readonly Part[] | undefined> {
    if (!fromHere(request)) return undefined
    const hasAdmin = (await findUserByEmail(db, demoAddress('admin'))) !== undefined
    return castNames.filter(name => hasAdmin || name !== 'admin')
  }

  async function findOrMake(tx: Tx<'identity'>, part: Part, request: FastifyRequest): Promise<User | undefined> {
    const known = await findUserByEmail(tx, demoAddress(part))
    if (known || part === 'admin') return known
    const [firstName = '', lastName = ''] = called[part].split(' ')
    const user: User = {
      id: newId(),
      email: demoAddress(part),
      passwordHash: noPassword,
      firstName,
      lastName,
      locale: languageOf(request),
      role: parts[part].role,
      disabled: false,
      secondFactor: false,
      version: 1,
      createdAt: now(),
      updatedAt: now(),
    }
    if (!(await insertUser(tx, user))) return await findUserByEmail(tx, user.email)
    await as(user, () => tx.publish(UserRegistered, accountOf(user)))
    return user
  }

  /** The organisation that was founded first by who makes the batteries of the demo, or by its admin: one joins it. */
  async function join(tx: Tx<'identity'>, part: Part, { id: userId }: User): Promise<ActsFor | undefined> {
    const maker = part === 'editor' ? await findUserByEmail(tx, demoAddress('maker')) : undefined
    const founder = maker ?? (await findUserByEmail(tx, demoAddress('admin')))
    const [theirs] = founder ? await listOrganisations(tx, founder.id, undefined, 1) : []
    if (!theirs) return undefined
    const own = (await listOrganisations(tx, userId, undefined, 100)).find(({ id }) => id === theirs.id)
    if (own) return { id: own.id, role: own.role }
    const version = await touchOrganisation(tx, theirs.id)
    await insertMember(tx, theirs.id, userId, { role: 'editor', custom: null }, now())
    await tx.publish(MemberChanged, { organisationId: theirs.id, userId, role: 'editor', version })
    return { id: theirs.id, role: 'editor' }
  }

  /** Undefined for who has been changed since, and signs in as everybody does. */
  const signIn = counted('login', async (request: FastifyRequest, part: Part) => {
    await limits.login.place.take(placeOf(request.ip))
    const issuedAt = now()
    return await db.transaction(async tx => {
      const user = await findOrMake(tx, part, request)
      if (!user || user.disabled || user.secondFactor) return undefined
      const organisation = 'member' in parts[part] ? await join(tx, part, user) : undefined
      const begun = await sessions.begin(tx, user, request, issuedAt, { methods: ['demo'], issuer: null })
      if (begun && organisation) await actFor(tx, begun.session.id, organisation.id)
      return begun && { user, ...begun, organisation, issuedAt }
    })
  })

  return { offered, signIn }
}

export type Cast = NonNullable<ReturnType<typeof openCast>>

const gone = (): Problem => new Problem('not_found', 'route_unknown', { detail: 'Nobody can be tried here.' })

/** The button of each part of the cast. */
export function castPage(identity: Identity, cast: Cast, page: Page): void {
  const { sessions } = identity
  page('/cast/:part', {
    summary: 'The page to try the platform as somebody of a role',
    params: Type.Object({ part: Type.Enum(castNames) }),
    async show(request, reply) {
      if (!(await cast.offered(request))) throw gone()
      return onTo(reply, paths.signIn)
    },
    async act(request, reply) {
      const { part } = request.params as { part: Part }
      if (!(await cast.offered(request))?.includes(part)) throw gone()
      sessions.refuseForgery(request)
      const begun = await cast.signIn(request, part)
      const { to } = aboutOf(request)
      if (!begun) return onTo(reply, pathTo(paths.signIn, { return: to, email: demoAddress(part) }))
      const { user, session, organisation, issuedAt } = begun
      await sessions.begun(reply, begun)
      if (organisation) await sessions.access(reply, user, session, organisation, issuedAt)
      return onTo(reply, to ?? parts[part].to)
    },
  })
}
