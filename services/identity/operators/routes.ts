import { isDeepStrictEqual } from 'node:util'
import Type, { type Static } from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { OrganisationKindsChanged } from '#contracts/identity'
import { Id, Line, OrganisationIdentifier, OrganisationKind } from '#contracts/shared'
import {
  type Actor,
  cursorOf,
  fresh,
  isId,
  isInstant,
  listQuery,
  Page,
  page,
  Problem,
  signedIn,
  type Tx,
  withRole,
} from '#kernel'
import type { Identity } from '../identity.ts'
import { enter, guarded, roleIn } from '../organisations/access.ts'
import { refuseMemberChange } from '../organisations/roles.ts'
import { findMember, touchOrganisation } from '../organisations/store.ts'
import { readIdentifiers } from './identifiers.ts'
import { type Kind, KindView, kindView, needsIdentifier, StandingView } from './kinds.ts'
import {
  askAnew,
  askKind,
  decideKind,
  deleteKind,
  findKind,
  findTaken,
  listAsked,
  listIdentifiers,
  listKinds,
  lockVerification,
  standingOf,
  writeIdentifiers,
} from './store.ts'

const ById = Type.Object({ id: Id })
const decided = [...guarded, 'organisation_owner_required'] as const
type Decided = { kind: OrganisationKind; state: 'verified' | 'refused'; note: string | null }

/** What organisations are, shown by documents, verified by admins. */
export function operatorRoutes(shared: Identity): void {
  standingRoutes(shared)
  askingRoutes(shared)
  decisionRoutes(shared)
}

/** Tells the world how an organisation stands. Only after `touchOrganisation`. */
export async function tellStanding(
  tx: Tx<'identity'>,
  organisationId: string,
  version: number,
  decided: Decided | null = null,
): Promise<void> {
  await tx.publish(OrganisationKindsChanged, {
    organisationId,
    ...(await standingOf(tx, organisationId)),
    decided,
    version,
  })
}

/** Only owners say what their organisation is. Under its lock; answers its new version. */
async function hold(tx: Tx, actor: Actor, id: string): Promise<number> {
  const version = await touchOrganisation(tx, id)
  refuseMemberChange(await roleIn(tx, actor, id), 'owner', null)
  return version
}

function standingRoutes({ host: { db, http, now } }: Identity): void {
  const viewOf = async (id: string): Promise<Static<typeof StandingView>> => {
    const [identifiers, kinds] = await Promise.all([listIdentifiers(db, id), listKinds(db, id)])
    return { identifiers: [...identifiers], kinds: kinds.map(kindView) }
  }

  http.get(
    '/organisations/:id/standing',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What an organisation is, and the numbers it is registered by',
        refuses: ['organisation_unknown', 'organisation_needs_factor', 'organisation_needs_provider'],
        params: ById,
        response: { 200: StandingView },
      },
    },
    async ({ actor, params: { id } }) => {
      await enter(db, actor, id)
      return await viewOf(id)
    },
  )

  http.put(
    '/organisations/:id/identifiers',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say by which numbers an organisation is registered',
        description:
          'All of them, one of a kind, with check digits that are right. What an admin has verified waits for one again ' +
          'where a number is another one or gone; a number that is added changes nothing of it.',
        refuses: [...decided, 'identifier_invalid'],
        params: ById,
        body: Type.Object({ identifiers: Type.Array(OrganisationIdentifier, { maxItems: 4 }) }),
        response: { 200: StandingView },
      },
    },
    async ({ actor, params: { id }, body }) => {
      await enter(db, actor, id)
      const identifiers = await readIdentifiers(body.identifiers)
      await db.transaction(async tx => {
        const version = await hold(tx, actor, id)
        const former = await listIdentifiers(tx, id)
        if (isDeepStrictEqual([...former], identifiers)) return
        await writeIdentifiers(tx, id, identifiers)
        const isKept = former.every(one => identifiers.some(other => isDeepStrictEqual(one, other)))
        // One that is added to what is verified may be another's.
        if (!isKept || (await findTaken(tx, id))) await askAnew(tx, id, now())
        await tellStanding(tx, id, version)
      })
      return await viewOf(id)
    },
  )
}

function askingRoutes({ host: { ask, db, http, now } }: Identity): void {
  /** Fails with `evidence_unknown`; whether there is a document of somebody else is nobody's business. */
  async function requireEvidence(organisationId: string, evidence: readonly string[]): Promise<void> {
    const files = await Promise.all(evidence.map(docId => ask(getDocumentFile, { docId })))
    const wrong = files.findIndex(
      ({ state, owner }) => state !== 'released' || owner?.kind !== 'organisation' || owner.id !== organisationId,
    )
    if (wrong >= 0)
      throw new Problem('unprocessable', 'evidence_unknown', {
        errors: [{ pointer: `/evidence/${wrong}`, detail: 'is no document of the organisation that can be shown' }],
      })
  }

  http.post(
    '/organisations/:id/kinds',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Ask to have it verified what an organisation is',
        description:
          'With documents of the organisation that show it. An admin looks at them and at the numbers; asked again with ' +
          'other documents, they wait anew.',
        refuses: [...decided, 'kind_decided', 'identifier_missing', 'evidence_unknown', 'service_unavailable'],
        params: ById,
        body: Type.Object({
          kind: OrganisationKind,
          evidence: Type.Array(Id, { minItems: 1, maxItems: 20, uniqueItems: true }),
        }),
        response: { 201: KindView },
      },
    },
    async ({ actor, params: { id }, body }, reply) => {
      const { own } = await enter(db, actor, id)
      refuseMemberChange(own, 'owner', null)
      await requireEvidence(id, body.evidence)
      const asked = await db.transaction(async tx => {
        await hold(tx, actor, id)
        const former = (await listKinds(tx, id)).find(({ kind }) => kind === body.kind)
        if (former?.state === 'verified') throw new Problem('conflict', 'kind_decided')
        if (needsIdentifier(body.kind) && (await listIdentifiers(tx, id)).length === 0)
          throw new Problem('conflict', 'identifier_missing')
        return await askKind(tx, { organisationId: id, ...body, askedBy: actor.userId, askedAt: now() })
      })
      return await reply.code(201).send(kindView(asked))
    },
  )

  http.delete(
    '/organisations/:id/kinds/:kind',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say that an organisation is something no more, or take the request back',
        refuses: [...decided, 'kind_unknown'],
        params: Type.Object({ id: Id, kind: OrganisationKind }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params: { id, kind } }, reply) => {
      await enter(db, actor, id)
      await db.transaction(async tx => {
        const version = await hold(tx, actor, id)
        const former = await deleteKind(tx, id, kind)
        if (!former) throw new Problem('not_found', 'kind_unknown')
        if (former.state === 'verified') await tellStanding(tx, id, version)
      })
      return await reply.code(204).send()
    },
  )
}

function decisionRoutes({ host: { db, http, now } }: Identity): void {
  http.get(
    '/organisation-kinds',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Organisations that wait to be verified, who has waited for longest first',
        querystring: listQuery({}),
        response: { 200: Page(KindView) },
      },
    },
    async ({ query: { limit, after } }) =>
      page(
        await listAsked(db, limit + 1, cursorOf(after, isInstant, isId)),
        limit,
        ({ askedAt, id }) => [askedAt.toISOString(), id],
        kindView,
      ),
  )

  const Note = Line(1_000, { examples: ['Looked up in the register of Munich.'] })
  http.put(
    '/organisation-kinds/:id',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Verify what an organisation is, or refuse it',
        description:
          'By the id that was looked at: where documents, numbers or the name have changed since, there is no such ' +
          'request any more. What is verified can be refused later, with the reason.',
        refuses: ['kind_unknown', 'kind_own', 'identifier_taken'],
        params: ById,
        body: Type.Union([
          Type.Object({ state: Type.Literal('verified'), note: Type.Optional(Note) }),
          Type.Object({ state: Type.Literal('refused'), note: Note }),
        ]),
        response: { 200: KindView },
      },
    },
    async ({ actor, params: { id }, body }) => {
      const seen = await findKind(db, id)
      if (!seen) throw new Problem('not_found', 'kind_unknown')
      const decided = await db.transaction(async tx => {
        await lockVerification(tx)
        const version = await touchOrganisation(tx, seen.organisationId)
        const kind = await findKind(tx, id)
        if (!kind) throw new Problem('not_found', 'kind_unknown')
        await refuseOwn(tx, actor, kind)
        const { state, note = null } = body
        if (kind.state === state) return kind
        const taken = state === 'verified' && (await findTaken(tx, kind.organisationId))
        if (taken)
          throw new Problem('conflict', 'identifier_taken', {
            detail: `Another organisation is verified with ${taken.scheme} ${taken.value}.`,
          })
        const decided = await decideKind(tx, id, { state, note, by: actor.userId, at: now() })
        await tellStanding(tx, kind.organisationId, version, { kind: kind.kind, state, note })
        return decided
      })
      return kindView(decided)
    },
  )
}

async function refuseOwn(tx: Tx, { userId }: Actor, { organisationId, askedBy }: Kind): Promise<void> {
  if (askedBy === userId || (await findMember(tx, organisationId, userId)))
    throw new Problem('conflict', 'kind_own', { detail: 'Another admin has to look at it: you belong to who asks.' })
}
