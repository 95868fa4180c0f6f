import {
  findPerson,
  getCode,
  getEmailUndo,
  getInvitation,
  getOrganisation,
  getPerson,
  listMembers,
  listPeople,
  listRevocations,
  listSigningKeys,
} from '#contracts/identity'
import { Problem } from '#kernel'
import { nameOf, normalise } from './accounts/accounts.ts'
import { findSealedUndo } from './accounts/undoing.ts'
import { findUser, findUserByEmail, listUsersOf, type User } from './accounts/store.ts'
import type { Identity } from './identity.ts'
import { standingOf } from './operators/store.ts'
import { verifiedDomainsOf } from './organisations/domains-store.ts'
import { findInvitation, findOrganisation, listMembersOf } from './organisations/store.ts'
import { findSealedReset } from './passwords/store.ts'
import { findSealedCode } from './registration/store.ts'
import { unseal } from './secrets.ts'
import { longestActingMs } from './sessions/acting.ts'
import { listRevoked } from './sessions/store.ts'

/** A token may be made by a clock that is behind that of who revoked it. */
const clocksApartMs = 5 * 60_000

export function answers({ host, codes, tokens }: Identity): void {
  const { db, now } = host
  host.answer(listSigningKeys, async () => ({ keys: (await tokens.publicKeys()) as Record<string, unknown>[] }))

  host.answer(listRevocations, async ({ after, limit }) => {
    const listed = await listRevoked(db, Math.max(tokens.lifeMs, longestActingMs) + clocksApartMs, { after, limit })
    return {
      revocations: listed.map(({ sessionId, before }) => ({ sessionId, before: before.toISOString() })),
      next: listed.length === limit ? listed.at(-1)!.sessionId : null,
    }
  })

  host.answer(getCode, async ({ codeId }) => {
    const registering = await findSealedCode(db, codeId, now())
    const stored = registering ?? (await findSealedReset(db, codeId, now()))
    if (!stored) throw new Problem('not_found', 'code_unknown')
    const { code, link } = codes.reveal(stored)
    const page = registering ? 'verify' : 'reset-password'
    return {
      code,
      email: stored.email,
      link: link && `${host.platform.publicUrl}/api/auth/${page}/${link}`,
      expiresAt: stored.expiresAt.toISOString(),
    }
  })

  host.answer(getInvitation, async ({ invitationId }) => {
    const invitation = await findInvitation(db, { id: invitationId }, now())
    if (!invitation) throw new Problem('not_found', 'invitation_unknown')
    const token = unseal(host.secret('invitations at rest'), invitation.id, invitation.sealed)
    return {
      email: invitation.email,
      link: `${host.platform.publicUrl}/api/auth/invitations/${token}`,
      expiresAt: invitation.expiresAt.toISOString(),
    }
  })

  host.answer(getEmailUndo, async ({ undoId }) => {
    const undo = await findSealedUndo(db, undoId, now())
    if (!undo) throw new Problem('not_found', 'undo_unknown')
    const token = unseal(host.secret('undos at rest'), undo.id, undo.sealed)
    return {
      link: `${host.platform.publicUrl}/api/auth/undo-address/${token}`,
      expiresAt: undo.expiresAt.toISOString(),
    }
  })

  host.answer(getPerson, async ({ userId }) => {
    const user = await findUser(db, userId)
    if (!user) throw new Problem('not_found', 'user_unknown')
    return personOf(user)
  })

  host.answer(findPerson, async ({ email: given }) => {
    const email = normalise(given)
    return { email, userId: (await findUserByEmail(db, email))?.id ?? null }
  })

  host.answer(getOrganisation, async ({ organisationId }) => {
    const organisation = await findOrganisation(db, organisationId, organisationId)
    if (!organisation) throw new Problem('not_found', 'organisation_unknown')
    const { name, version } = organisation
    const domains = await verifiedDomainsOf(db, organisationId)
    return { organisationId, name, version, domains, ...(await standingOf(db, organisationId)) }
  })

  host.answer(listPeople, async ({ role }) => ({ people: (await listUsersOf(db, role, 1_000)).map(personOf) }))

  host.answer(listMembers, async ({ organisationId }) => ({
    members: (await listMembersOf(db, organisationId)).map(
      ({ userId, email, firstName, lastName, locale, disabled, role, custom }) => ({
        userId,
        email,
        name: nameOf({ firstName, lastName }),
        firstName,
        locale,
        disabled,
        role,
        ...(custom && { permissions: custom.permissions }),
      }),
    ),
  }))
}

const personOf = (user: User) => ({
  userId: user.id,
  email: user.email,
  name: nameOf(user),
  firstName: user.firstName,
  locale: user.locale,
  disabled: user.disabled,
})
