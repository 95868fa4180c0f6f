import Type from 'typebox'
import { AccountDeletionApproved } from '#contracts/admin'
import { AccountDeletionEnded, MemberChanged, UserDeleted } from '#contracts/identity'
import { type Actor, fail, Problem, signedInBeforeTerms, type Tx, type Visitor } from '#kernel'
import type { Identity } from '../identity.ts'
import { endOrganisation } from '../organisations/deletion.ts'
import { heldBy, isHeld, saying, type Held } from '../organisations/holdings.ts'
import { endApiKeys } from '../machines/ending.ts'
import {
  changeMember,
  deleteInvitationsOf,
  listOwnedAlone,
  type OwnedAlone,
  touchOrganisationsOf,
} from '../organisations/store.ts'
import { deleteRegistrationsOf } from '../registration/store.ts'
import { endActing, forever, revoke } from '../sessions/sessions.ts'
import { deleteSessions } from '../sessions/store.ts'
import { leaveAnswers } from '../terms/store.ts'
import { confirm } from './confirm.ts'
import { deleteUser, findUser, keepAnAdmin, lockAdmins, lockUser, type User } from './store.ts'

/** The end of an account: by its person, or by two admins. */
export function accountDeletion(shared: Identity): void {
  ownDeletion(shared)
  deleteForAdmins(shared)
}

/** Ends the account of who gives its password again. */
export const openLeaving =
  (shared: Identity) =>
  async (visitor: Visitor, password: string): Promise<void> => {
    const user = await confirm(shared, visitor, password, '/password')
    const empty = await emptyOrganisationsOf(shared, user)
    await shared.host.db.transaction(tx => deleteAccount(shared, tx, visitor, user, empty))
  }

function ownDeletion(shared: Identity): void {
  const { host, sessions } = shared
  const { http } = host
  const leave = openLeaving(shared)

  http.delete(
    '/profile',
    {
      config: { access: signedInBeforeTerms },
      schema: {
        summary: 'Delete the own account',
        description:
          'Name, address, sessions, memberships and notifications go, and so do drafts of passports, documents that ' +
          'stand alone, own tokens and own places; published passports and what was paid stay, of an owner without a ' +
          'name. An organisation that only you belong to, and that holds nothing, goes along. One that holds ' +
          'something, or has other members but no other owner, has to get another owner, or be deleted, first.',
        refuses: [
          'password_wrong',
          'password_changed',
          'last_admin',
          'organisation_without_owner',
          'service_unavailable',
          'too_many_requests',
          'sign_in_busy',
        ],
        body: Type.Object({ password: Type.String({ maxLength: 1000, examples: ['a-long-summer-of-trains'] }) }),
        response: { 204: Type.Null() },
      },
    },
    async ({ visitor, body }, reply) => {
      await leave(visitor!, body.password)
      sessions.clearCookies(reply)
      return reply.code(204).send()
    },
  )
}

/** Refusals that are the answer; whatever else comes in between is tried again. */
const refusals = ['last_admin', 'organisation_without_owner']

/** What two admins agreed on: the same rules hold as for who deletes their own account. */
function deleteForAdmins(shared: Identity): void {
  const { host } = shared
  const deletion = host.job<{ requestId: string; userId: string }>('delete account', async request => {
    const { userId } = request
    const end = (refusal: string | null) =>
      host.db.transaction(tx => tx.publish(AccountDeletionEnded, { ...request, refusal }))
    const user = await findUser(host.db, userId)
    if (!user) return await end(null)
    try {
      const empty = await emptyOrganisationsOf(shared, user)
      await host.db.transaction(async tx => {
        await deleteAccount(shared, tx, { userId }, user, empty)
        await tx.publish(AccountDeletionEnded, { ...request, refusal: null })
      })
    } catch (error) {
      if (!(error instanceof Problem && refusals.includes(error.code))) throw error
      await end(error.code)
    }
  })
  host.on(
    AccountDeletionApproved,
    { id: 'delete', purpose: 'delete accounts that two admins agreed on', from: 'now' },
    ({ requestId, userId }, tx) => tx.enqueue(deletion, { requestId, userId }),
  )
}

/** Organisations that end with their only member. Fails with `organisation_without_owner` where another owner is missed. */
async function emptyOrganisationsOf({ host }: Identity, { id }: User): Promise<ReadonlySet<string>> {
  const alone = await listOwnedAlone(host.db, id)
  const left = []
  for (const organisation of alone) {
    const holds = await heldBy(host, organisation.id)
    if (organisation.others > 0 || isHeld(holds)) left.push({ ...organisation, holds })
  }
  if (left.length > 0) throw withoutOwner(left)
  return new Set(alone.map(organisation => organisation.id))
}

const withoutOwner = (organisations: readonly (OwnedAlone & { holds?: Held })[]): Problem =>
  new Problem('conflict', 'organisation_without_owner', {
    detail: [
      `You are the only owner of ${organisations.map(({ name }) => `“${name}”`).join(', ')}.`,
      'Make another member owner, or delete it, first.',
      ...organisations.flatMap(({ name, holds = {} }) => (isHeld(holds) ? [`“${name}” holds ${saying(holds)}`] : [])),
    ].join(' '),
    organisations,
  })

/** Locks go from the admins to the organisations to the person. */
async function deleteAccount(
  { host: { now } }: Identity,
  tx: Tx<'identity'>,
  { userId }: Pick<Actor, 'userId'>,
  { passwordHash }: User,
  empty: ReadonlySet<string>,
): Promise<void> {
  await lockAdmins(tx)
  const early = await touchOrganisationsOf(tx, userId, [])
  const user = (await lockUser(tx, userId, 'change')) ?? fail('unauthenticated', 'token_invalid')
  if (user.passwordHash !== passwordHash)
    throw new Problem('conflict', 'password_changed', { detail: 'The password was changed a moment ago, elsewhere.' })
  // Nobody becomes a member any more who is locked; who became one meanwhile is looked at too.
  const late = await touchOrganisationsOf(
    tx,
    userId,
    early.map(({ id }) => id),
  )
  const alone = await listOwnedAlone(tx, userId)
  const left = alone.filter(({ id, others }) => others > 0 || !empty.has(id))
  if (left.length > 0) throw withoutOwner(left)

  for (const organisation of [...early, ...late])
    if (empty.has(organisation.id)) await endOrganisation(tx, organisation, now())
    else {
      await changeMember(tx, organisation.id, userId, null)
      const { id: organisationId, version } = organisation
      await tx.publish(MemberChanged, { organisationId, userId, role: null, version })
    }
  await endActing(tx, userId)
  await revoke(tx, userId, await deleteSessions(tx, userId, {}), forever)
  await endApiKeys(tx, { userId }, 'owner-gone')
  await deleteRegistrationsOf(tx, user.email)
  await deleteInvitationsOf(tx, user.email)
  await leaveAnswers(tx, userId, now())
  await deleteUser(tx, userId)
  await keepAnAdmin(tx)
  await tx.publish(UserDeleted, { userId, email: user.email, locale: user.locale, version: user.version + 1 })
}
