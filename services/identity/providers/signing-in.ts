import type { FastifyRequest } from 'fastify'
import { UserFactorsChanged, UserRegistered } from '#contracts/identity'
import { linePattern } from '#contracts/shared'
import { languageOf, newId, placeOf, Problem, type Tx } from '#kernel'
import { accountOf, namesOf, normalise, refuseUnreachable } from '../accounts/accounts.ts'
import { findUserByEmail, insertUser, lockUser, type User } from '../accounts/store.ts'
import { openPending } from '../factors/pending.ts'
import type { Identity } from '../identity.ts'
import { noPassword } from '../passwords/passwords.ts'
import { as } from '../sessions/sessions.ts'
import { type Proven, type Provider, type Providers, refused } from './providers.ts'
import { findUserAt, insertVisit, isMadeFor, link, noteUse, takeVisit, type StoredVisit } from './store.ts'

const lifeOfVisit = 10 * 60_000

/** Sends people to providers and takes them back. */
export function openVisits(identity: Identity, providers: Providers) {
  const { host, sessions, limits, counted } = identity
  const pending = openPending(identity)
  const { db, now } = host

  /** Remembers who leaves, for the browser alone; `userId` for who links an account of theirs. */
  async function leave(request: FastifyRequest, provider: Provider, about: Pick<StoredVisit, 'returnTo' | 'userId'>) {
    await limits.login.place.take(placeOf(request.ip))
    const { to, ...visit } = await providers.leave(provider)
    const expiresAt = new Date(now().getTime() + lifeOfVisit)
    const stored = { id: newId(), provider: provider.id, ...visit, ...about, expiresAt }
    await db.transaction(tx => insertVisit(tx, stored))
    return { to, id: stored.id, expiresAt }
  }

  /** Who came back, in the browser that left, once. */
  async function welcome(request: FastifyRequest, provider: Provider, query: string) {
    const id = sessions.visit.of(request)
    const visit = id && (await db.transaction(tx => takeVisit(tx, id, now())))
    if (!visit || visit.provider !== provider.id) throw refused(provider)
    return { visit, proven: await providers.comeBack(provider, query, visit) }
  }

  /**
   * The account that the proven one is here, made now where nobody has the address. Only who signs in here first links
   * one to an account that exists: an address alone proves nothing, whoever says that it does. One that an organisation
   * made for its people, and that nobody has come into yet, is theirs by its own provider.
   */
  async function accountFor(tx: Tx<'identity'>, provider: Provider, proven: Proven, request: FastifyRequest) {
    const issuer = provider.issuer.href
    const known = await findUserAt(tx, issuer, proven.subject)
    if (known) {
      await noteUse(tx, issuer, proven.subject, now())
      return known
    }
    if (!proven.email) throw unproven(provider)
    const email = normalise(proven.email)
    refuseUnreachable(host, email)
    if (await findUserByEmail(tx, email)) return await madeFor(tx, provider, email, proven.subject, now())
    const user = newUser(email, proven.name, request, now())
    if (!(await insertUser(tx, user))) throw unlinked(provider)
    if (!(await link(tx, issuer, proven.subject, user.id, now()))) throw refused(provider)
    await as(user, () => tx.publish(UserRegistered, accountOf(user)))
    return user
  }

  /** Begins a session for who proved at the provider to be somebody; with `factor_required` where that is not enough. */
  const signIn = counted('login', async (request: FastifyRequest, provider: Provider, proven: Proven) => {
    const [issuedAt, issuer] = [now(), provider.issuer.href]
    const { user, begun } = await db.transaction(async tx => {
      const user = await accountFor(tx, provider, proven, request)
      const enough = !user.secondFactor || user.disabled
      return {
        user,
        begun: enough ? await sessions.begin(tx, user, request, issuedAt, { methods: ['fed'], issuer }) : undefined,
      }
    })
    if (user.secondFactor && !user.disabled) throw await pending.asked(user, issuer)
    if (!begun) throw refused(provider)
    return { user, ...begun, issuedAt }
  })

  /** Links an account at a provider to the own one: signed in here, and with the same address proven there. */
  async function add(provider: Provider, proven: Proven, userId: string): Promise<void> {
    await db.transaction(async tx => {
      const user = await lockUser(tx, userId, 'stay')
      if (!user || user.disabled) throw refused(provider)
      if (!proven.email) throw unproven(provider)
      if (normalise(proven.email) !== user.email)
        throw new Problem('conflict', 'provider_address_differs', {
          detail: `At ${provider.name} you have another address. Only an account with the same address is added.`,
        })
      const owner = await findUserAt(tx, provider.issuer.href, proven.subject)
      if (owner?.id === userId) return
      if (owner || !(await link(tx, provider.issuer.href, proven.subject, userId, now())))
        throw new Problem('conflict', 'provider_linked', {
          detail: `The account at ${provider.name} belongs to another account here, or yours has one there already.`,
        })
      await as(user, () => tx.publish(UserFactorsChanged, changed(userId, 'added', provider)))
    })
  }

  return { leave, welcome, signIn, add }
}

/** What the person is told who has another way in, or one less. */
export const changed = (userId: string, change: 'added' | 'removed', { name }: Provider) =>
  ({ userId, change, factor: 'provider', name, left: null }) as const

const newUser = (email: string, name: string | undefined, request: FastifyRequest, createdAt: Date): User => ({
  id: newId(),
  email,
  passwordHash: noPassword,
  ...namesFrom(name, email),
  locale: languageOf(request),
  role: 'user',
  disabled: false,
  secondFactor: false,
  version: 1,
  createdAt,
  updatedAt: createdAt,
})

/** The account of the address, if the organisation of the provider made it and nobody has come into it yet. */
async function madeFor(tx: Tx, provider: Provider, email: string, subject: string, at: Date): Promise<User> {
  const issuer = provider.issuer.href
  const there = await findUserByEmail(tx, email)
  const user = there && (await lockUser(tx, there.id, 'change'))
  if (user?.email !== email || !(await isMadeFor(tx, user.id, issuer))) throw unlinked(provider)
  if (!(await link(tx, issuer, subject, user.id, at))) throw refused(provider)
  return user
}

const unproven = ({ name }: Provider): Problem =>
  new Problem('forbidden', 'provider_address_unproven', {
    detail: `${name} has not proven your address. Register with the address here, or prove it there first.`,
  })

const unlinked = ({ name }: Provider): Problem =>
  new Problem('conflict', 'provider_unlinked', {
    detail: `There is an account with this address. Sign in to it, then add ${name} at /api/auth/ways-in.`,
  })

/** A name to begin with; the beginning of the address where the provider says none that can be shown. */
function namesFrom(name: string | undefined, email: string): { firstName: string; lastName: string } {
  const given = name?.slice(0, 100)
  const fit = given && new RegExp(linePattern, 'u').test(given) ? given : email.split('@')[0]!.slice(0, 100)
  return namesOf({ name: fit })!
}
