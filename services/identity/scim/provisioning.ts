import { isDeepStrictEqual } from 'node:util'
import { MemberChanged, UserEmailChanged, UserRegistered, UserUpdated } from '#contracts/identity'
import { isId, newId, type Tx } from '#kernel'
import { accountOf, nameOf, refuseUnreachable } from '../accounts/accounts.ts'
import { emailTaken, findUserByEmail, insertUser, lockUser, updateUser, type User } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { verifiedDomainsOf } from '../organisations/domains-store.ts'
import { memberOf, sameStanding, type Standing, widest } from '../organisations/roles.ts'
import {
  changeMember,
  deleteUnfoundedInvitations,
  findMember,
  insertMember,
  touchOrganisation,
} from '../organisations/store.ts'
import { noPassword } from '../passwords/passwords.ts'
import { endSessions, revokeTokens } from '../sessions/sessions.ts'
import { addressIn, addressSaid, isIn, localeIn, namesIn, type SaidGroup } from './people.ts'
import { refused, unknown } from './refusing.ts'
import {
  changeScimMembers,
  deleteScimGroup,
  deleteScimUser,
  findScimGroup,
  findScimUser,
  insertScimGroup,
  insertScimUser,
  isGroupNameTaken,
  isNameTaken,
  knownOf,
  membersOfGroups,
  type Said,
  type ScimGroup,
  type ScimUser,
  standingsOf,
  writeByGroups,
  writeScimGroup,
  writeScimUser,
} from './store.ts'

/** What who is in none of the groups that stand for a role is. */
const least: Standing = { role: 'viewer', custom: null }

const mostMembers = 20_000

type Told = Pick<Identity, 'host'>

function openMemberships({ host: { now } }: Told) {
  /** Somebody is what their groups stand for by now; an owner, and who has a role from somewhere else, stays what they are. */
  async function settleRole(tx: Tx<'identity'>, organisationId: string, userId: string): Promise<void> {
    const known = await findScimUser(tx, organisationId, userId)
    const own = await findMember(tx, organisationId, userId)
    if (!known || !own || own.role === 'owner') return
    const given = widest(await standingsOf(tx, organisationId, userId))
    if (!given && !known.byGroups) return
    await writeByGroups(tx, organisationId, userId, given !== undefined)
    const to = given ?? least
    if (sameStanding(own, to)) return
    const version = await touchOrganisation(tx, organisationId)
    await changeMember(tx, organisationId, userId, to)
    await deleteUnfoundedInvitations(tx, organisationId)
    await tx.publish(MemberChanged, { organisationId, userId, ...memberOf(to), version })
    await revokeTokens(tx, userId, now())
  }

  async function admit(tx: Tx<'identity'>, organisationId: string, userId: string): Promise<void> {
    if (!(await findMember(tx, organisationId, userId))) {
      const given = widest(await standingsOf(tx, organisationId, userId))
      const version = await touchOrganisation(tx, organisationId)
      await insertMember(tx, organisationId, userId, given ?? least, now())
      await writeByGroups(tx, organisationId, userId, given !== undefined)
      await tx.publish(MemberChanged, { organisationId, userId, ...memberOf(given ?? least), version })
    } else await settleRole(tx, organisationId, userId)
  }

  /** The membership ends, and with it, at once and in every process, all that they are signed in with. */
  async function dismiss(tx: Tx<'identity'>, organisationId: string, user: User): Promise<void> {
    if (await findMember(tx, organisationId, user.id)) {
      const version = await touchOrganisation(tx, organisationId)
      await changeMember(tx, organisationId, user.id, null)
      await deleteUnfoundedInvitations(tx, organisationId)
      await tx.publish(MemberChanged, { organisationId, userId: user.id, role: null, version })
    }
    await revokeTokens(tx, user.id, now())
    await endSessions(tx, user, {}, 'ended')
  }

  return { settleRole, admit, dismiss }
}
type Memberships = ReturnType<typeof openMemberships>

function openAccounts({ host }: Told) {
  const { now } = host

  /** The account of an address, held; made now where nobody has it. */
  async function accountAt(tx: Tx<'identity'>, address: string, said: Said): Promise<{ user: User; made: boolean }> {
    const known = await findUserByEmail(tx, address)
    const user = known && (await lockUser(tx, known.id, 'change'))
    if (user?.email === address) return { user, made: false }
    refuseUnreachable(host, address)
    const fresh: User = {
      id: newId(),
      email: address,
      passwordHash: noPassword,
      ...namesIn(said, address),
      locale: localeIn(said) ?? 'en',
      role: 'user',
      disabled: false,
      secondFactor: false,
      version: 1,
      createdAt: now(),
      updatedAt: now(),
    }
    if (!(await insertUser(tx, fresh))) throw refused('uniqueness', 'The address was taken just now. Try again.')
    // The organisation tells them: nobody waits to be welcomed.
    await tx.publish(UserRegistered, { ...accountOf(fresh), imported: true })
    return { user: fresh, made: true }
  }

  /** What is said of an account that was made for the organisation, and is in a domain of it, holds for the account. */
  async function follow(tx: Tx<'identity'>, row: ScimUser, user: User, said: Said): Promise<void> {
    const domains = await verifiedDomainsOf(tx, row.organisationId)
    if (!row.made || !isIn(user.email, domains)) return
    const names = namesIn(said, user.email)
    const locale = localeIn(said) ?? user.locale
    if (names.firstName !== user.firstName || names.lastName !== user.lastName || locale !== user.locale)
      await tx.publish(UserUpdated, accountOf(await updateUser(tx, user.id, { ...names, locale })))
    const address = addressSaid(said)
    if (!address || address === addressSaid(row.said) || address === user.email) return
    const email = addressIn(said, domains)
    refuseUnreachable(host, email)
    const changed = await updateUser(tx, user.id, { email })
    await endSessions(tx, user, {}, 'ended')
    await tx.publish(UserEmailChanged, {
      userId: user.id,
      email,
      formerEmail: user.email,
      name: nameOf(changed),
      locale: changed.locale,
      version: changed.version,
    })
  }

  return { accountAt, follow }
}

async function held(tx: Tx, organisationId: string, id: string): Promise<{ row: ScimUser; user: User }> {
  const row = isId(id) ? await findScimUser(tx, organisationId, id) : undefined
  const user = row && (await lockUser(tx, row.userId, 'change'))
  if (!row || !user) throw unknown('user')
  return { row, user }
}

function openUsers(identity: Told, { admit, dismiss }: Memberships) {
  const { now } = identity.host
  const { accountAt, follow } = openAccounts(identity)
  return {
    async addUser(tx: Tx<'identity'>, organisationId: string, given: Said): Promise<ScimUser> {
      const said = { active: true, ...given }
      const address = addressIn(said, await verifiedDomainsOf(tx, organisationId))
      const { user, made } = await accountAt(tx, address, said)
      const { active } = said
      if (!(await insertScimUser(tx, { organisationId, userId: user.id, said, active, made, createdAt: now() })))
        throw refused('uniqueness', 'There is a user of this name, or with this address, already.')
      if (active) await admit(tx, organisationId, user.id)
      return (await findScimUser(tx, organisationId, user.id))!
    },

    /** `change` says what is said of them from now on. Answers the row as it is then. */
    async changeUser(
      tx: Tx<'identity'>,
      organisationId: string,
      id: string,
      change: (row: ScimUser) => Said,
    ): Promise<ScimUser> {
      const { row, user } = await held(tx, organisationId, id)
      const said = change(row)
      if (isDeepStrictEqual(said, row.said)) return row
      if (await isNameTaken(tx, organisationId, said.userName, user.id))
        throw refused('uniqueness', 'There is a user of this name already.')
      await follow(tx, row, user, said).catch(error => {
        throw emailTaken(error) ? refused('uniqueness', 'Another account has the address.') : error
      })
      // Who does not say whether somebody belongs here leaves it as it is.
      const active = said.active ?? row.active
      await writeScimUser(tx, organisationId, user.id, { said, active }, now())
      if (active && !row.active) await admit(tx, organisationId, user.id)
      if (!active && row.active) await dismiss(tx, organisationId, user)
      return (await findScimUser(tx, organisationId, user.id))!
    },

    async removeUser(tx: Tx<'identity'>, organisationId: string, id: string, allow: (row: ScimUser) => void) {
      const { row, user } = await held(tx, organisationId, id)
      allow(row)
      await deleteScimUser(tx, organisationId, user.id)
      if (row.active) await dismiss(tx, organisationId, user)
    },
  }
}

function openGroups({ host: { now } }: Told, { settleRole }: Memberships) {
  /** Whether anybody came or went. Who is nobody here is refused. */
  async function setMembers(
    tx: Tx<'identity'>,
    group: Pick<ScimGroup, 'id' | 'organisationId'>,
    former: readonly string[],
    wanted: readonly string[],
  ): Promise<boolean> {
    if (wanted.length > mostMembers) throw refused('tooMany', `A group has ${mostMembers} members at the most.`)
    const [was, is] = [new Set(former), new Set(wanted)]
    const come = wanted.filter(id => !was.has(id)).toSorted()
    const gone = former.filter(id => !is.has(id)).toSorted()
    if (come.length + gone.length === 0) return false
    const known = new Set(await knownOf(tx, group.organisationId, come.filter(isId)))
    if (come.some(id => !known.has(id))) throw refused('invalidValue', 'A member is no user of the organisation.')
    await changeScimMembers(tx, group, { come, gone }, now())
    // In one order, so that nobody waits for who waits for them.
    for (const userId of [...come, ...gone].toSorted()) await settleRole(tx, group.organisationId, userId)
    return true
  }

  return {
    async addGroup(tx: Tx<'identity'>, organisationId: string, said: SaidGroup): Promise<ScimGroup> {
      const id = newId()
      const { displayName, externalId } = said
      if (!(await insertScimGroup(tx, { id, organisationId, displayName, externalId, createdAt: now() })))
        throw refused('uniqueness', 'There is a group of this name already.')
      await setMembers(tx, { id, organisationId }, [], said.members)
      return (await findScimGroup(tx, organisationId, id))!
    },

    async changeGroup(
      tx: Tx<'identity'>,
      organisationId: string,
      id: string,
      change: (row: ScimGroup, members: { userId: string }[]) => SaidGroup,
    ): Promise<ScimGroup> {
      const row = isId(id) ? await findScimGroup(tx, organisationId, id) : undefined
      if (!row) throw unknown('group')
      const members = await membersOfGroups(tx, [row.id])
      const said = change(row, members)
      if (await isGroupNameTaken(tx, organisationId, said.displayName, row.id))
        throw refused('uniqueness', 'There is a group of this name already.')
      const former = members.map(({ userId }) => userId)
      const moved = await setMembers(tx, row, former, said.members)
      if (moved || said.displayName !== row.displayName || said.externalId !== row.externalId)
        await writeScimGroup(tx, row.id, said, now())
      return (await findScimGroup(tx, organisationId, row.id))!
    },

    async removeGroup(tx: Tx<'identity'>, organisationId: string, id: string, allow: (row: ScimGroup) => void) {
      const row = isId(id) ? await findScimGroup(tx, organisationId, id) : undefined
      if (!row) throw unknown('group')
      allow(row)
      await setMembers(
        tx,
        row,
        (await membersOfGroups(tx, [row.id])).map(({ userId }) => userId),
        [],
      )
      await deleteScimGroup(tx, row.id)
    },
  }
}

/**
 * Keeps the people of an organisation as its provider says. Each change is under the lock of the organisation; locks go
 * from there to the person and their sessions. Accounts that were there before stay their owner's: they become members
 * and are none any more, and nothing else of them is changed.
 */
export function openProvisioning(identity: Told) {
  const memberships = openMemberships(identity)
  return {
    settleRole: memberships.settleRole,
    ...openUsers(identity, memberships),
    ...openGroups(identity, memberships),
  }
}

export type Provisioning = ReturnType<typeof openProvisioning>
