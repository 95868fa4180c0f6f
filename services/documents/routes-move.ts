import Type from 'typebox'
import { DocumentUpdated } from '#contracts/documents'
import { listMembers } from '#contracts/identity'
import { Id } from '#contracts/shared'
import { authorise, organisationFor, Problem, signedIn, type Actor } from '#kernel'
import { handOver, told, view, type Document } from './documents.ts'
import type { DocumentsHost } from './host.ts'
import { lockDocuments, updateDocument } from './store.ts'
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

  /** All of them or none. */
  async function moveTo(actor: Actor, organisationId: string, ids: readonly string[]): Promise<Document[]> {
    const { members } = await host.ask(listMembers, { organisationId })
    const owner = organisationFor(actor, organisationId, members)
    return await db.transaction(async tx => {
      const found = new Map((await lockDocuments(tx, ids)).map(document => [document.id, document]))
      const moved = ids.map((id, index) => {
        const document = found.get(id)
        try {
          refuseMove(actor, document)
        } catch (error) {
          if (!(error instanceof Problem)) throw error
          throw new Problem(error.kind, error.code, {
            ...error.details,
            errors: [{ pointer: `/ids/${index}`, detail: error.message }],
          })
        }
        return handOver(document, owner, now())
      })
      for (const document of moved) {
        await updateDocument(tx, document)
        await tx.publish(DocumentUpdated, told(document))
      }
      return moved
    })
  }

  http.post(
    '/:docId/move',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Move a document of yours to an organisation you edit for',
        gives: ['ETag'],
        refuses,
        params,
        body: Type.Object({ organisationId: Id }),
        response: { 200: DocumentView },
      },
    },
    async ({ actor, params, body }, reply) => {
      const [document] = await moveTo(actor, body.organisationId, [params.docId])
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
      await moveTo(actor, organisationId, ids)
      return { moved: ids.length }
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
