import Type from 'typebox'
import { DocumentUpdated } from '#contracts/documents'
import { listMembers } from '#contracts/identity'
import { Id } from '#contracts/shared'
import { about, authorise, organisationFor, Problem, requireMatch, signedIn, type Actor } from '#kernel'
import { told, view, type Document } from './documents.ts'
import type { DocumentsHost } from './host.ts'
import { lockDocuments, moveDocuments } from './store.ts'
import { DocumentView, params } from './view.ts'

const refuses = [
  'document_unknown',
  'editor_required',
  'organisation_unknown',
  'document_of_organisation',
  'document_of_passport',
]

/** Documents that a person uploaded go to the organisation they work for; those of a passport go with it. */
export function moveRoutes(host: DocumentsHost): void {
  const { http, db, now } = host

  /** All of them or none; `judge` refuses what stays. */
  async function moveTo(
    actor: Actor,
    organisationId: string,
    ids: readonly string[],
    judge: (document: Document | undefined, index: number) => void,
  ): Promise<Document[]> {
    const { members } = await host.ask(listMembers, { organisationId })
    const owner = organisationFor(actor, organisationId, members, 'documents:write')
    return await db.transaction(async tx => {
      const found = new Map((await lockDocuments(tx, ids)).map(document => [document.id, document]))
      ids.forEach((id, index) => judge(found.get(id), index))
      const moved = await moveDocuments(tx, ids, owner, now())
      for (const document of moved) await tx.publish(DocumentUpdated, told(document))
      return moved
    })
  }

  http.post(
    '/:docId/move',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Move a document of yours to an organisation you edit for',
        honours: ['If-Match'],
        refuses,
        params,
        body: Type.Object({ organisationId: Id }),
        response: { 200: DocumentView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const [document] = await moveTo(actor, body.organisationId, [params.docId], document => {
        refuseMove(actor, document)
        requireMatch(request, document.version)
      })
      return await reply.header('etag', `"${document!.version}"`).send(view(document!))
    },
  )

  http.post(
    '/move',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Move documents of yours to an organisation you edit for: all that are named, or none',
        refuses,
        body: Type.Object({
          organisationId: Id,
          ids: Type.Array(Id, { minItems: 1, maxItems: 500, uniqueItems: true }),
        }),
        response: { 200: Type.Object({ moved: Type.Integer({ examples: [2] }) }, { title: 'Moved' }) },
      },
    },
    async ({ actor, body: { organisationId, ids } }) => {
      const moved = await moveTo(actor, organisationId, ids, (document, index) =>
        about(`/ids/${index}`, () => refuseMove(actor, document)),
      )
      return { moved: moved.length }
    },
  )
}

function refuseMove(actor: Actor, document: Document | undefined): asserts document {
  authorise(actor, 'write', document, 'document_unknown')
  if (document!.passportId)
    throw new Problem('conflict', 'document_of_passport', {
      detail: 'The document belongs to a passport, and is moved with it.',
      passportId: document!.passportId,
    })
  if (document!.owner.kind === 'organisation')
    throw new Problem('conflict', 'document_of_organisation', {
      detail: 'Only documents of people are moved; this one belongs to an organisation already.',
    })
}
