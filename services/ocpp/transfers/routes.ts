import { Readable } from 'node:stream'
import Type, { type Static } from 'typebox'
import { ChargerId } from '#contracts/ocpp'
import { Id, Instant } from '#contracts/shared'
import { cursorOf, fail, isId, listQuery, Page, page, sendFile, withRole, type Actor } from '#kernel'
import { manageable } from '../access.ts'
import { pathOf } from '../chargers/paths.ts'
import { findCharger, type Charger } from '../chargers/store.ts'
import { refusals, type CallCharger } from '../commands/call.ts'
import type { OcppHost } from '../host.ts'
import { askCustomer, askLog } from './asking.ts'
import { removeTransfer, whereIs } from './filing.ts'
import { customerText, findTransfer, kinds, listTransfers, type Transfer } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Kind = Type.Enum([...kinds], { examples: ['diagnostics'] })

const TransferView = Type.Object(
  {
    id: Id,
    kind: Kind,
    status: Type.Enum(['asked', 'coming', 'stored', 'elsewhere', 'failed'], {
      description: '`elsewhere` where the charger has brought it to the server that was named',
      examples: ['stored'],
    }),
    said: nullable(Type.String({ description: 'The last that the charger said of it', examples: ['Uploaded'] })),
    location: nullable(Type.String({ description: 'Where it goes, if not here' })),
    fileName: nullable(Type.String({ examples: ['diagnostics.zip'] })),
    contentType: nullable(Type.String()),
    sizeBytes: nullable(Type.Integer()),
    askedBy: nullable(Id),
    askedAt: Instant,
    endedAt: nullable(Instant),
  },
  { title: 'ChargerFile' },
)

const view = (transfer: Transfer): Static<typeof TransferView> => ({
  ...transfer,
  askedAt: transfer.askedAt.toISOString(),
  endedAt: transfer.endedAt?.toISOString() ?? null,
})

const One = Type.Object({ id: ChargerId })
const OneFile = Type.Object({ id: ChargerId, fileId: Id })
const config = { access: withRole('operator') }

export function transferRoutes(host: OcppHost, call: CallCharger): void {
  const { http, db, files } = host
  const chargerFor = async (actor: Actor, to: 'read' | 'write', id: string): Promise<Charger> =>
    manageable(actor, to, await findCharger(db, id), 'charger_unknown')
  const fileFor = async (actor: Actor, to: 'read' | 'write', { id, fileId }: Static<typeof OneFile>) => {
    await chargerFor(actor, to, id)
    return (await findTransfer(db, id, fileId)) ?? fail('not_found', 'charger_file_unknown')
  }

  http.post(
    '/chargers/:id/files',
    {
      config,
      schema: {
        summary: 'Have a charger bring its diagnostics or its security log',
        description: 'Here by HTTP, unless another location is given: some chargers know FTP only.',
        gives: ['Location'],
        refuses: ['charger_unknown', 'editor_required', 'upload_unsupported', ...refusals],
        params: One,
        body: Type.Object({
          kind: Type.Enum(['diagnostics', 'security'], { examples: ['diagnostics'] }),
          from: Type.Optional(Instant),
          to: Type.Optional(Instant),
          location: Type.Optional(
            Type.String({
              maxLength: 512,
              pattern: '^[a-z]+://\\S+$',
              examples: ['ftp://files.example.com/logs'],
            }),
          ),
        }),
        response: { 202: TransferView },
      },
    },
    async ({ actor, params, body }, reply) => {
      const charger = await chargerFor(actor, 'write', params.id)
      const id = await askLog(host, call, charger, actor, body)
      reply.header('location', `${pathOf(params.id)}/files/${id}`)
      return reply.code(202).send(view((await findTransfer(db, params.id, id))!))
    },
  )

  http.post(
    '/chargers/:id/customer-information',
    {
      config,
      schema: {
        summary: 'Have a charger tell what it has stored of a customer, and forget it if wanted (2.x)',
        gives: ['Location'],
        refuses: ['charger_unknown', 'editor_required', ...refusals],
        params: One,
        body: Type.Object({
          idToken: Type.Optional(
            Type.Object({
              idToken: Type.String({ maxLength: 255, examples: ['04A2B9C1D2E380'] }),
              type: Type.String({ maxLength: 20, examples: ['ISO14443'] }),
            }),
          ),
          customerIdentifier: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
          clear: Type.Boolean({ default: false, description: 'Whether it is to forget it' }),
        }),
        response: { 202: TransferView },
      },
    },
    async ({ actor, params, body }, reply) => {
      const charger = await chargerFor(actor, 'write', params.id)
      const id = await askCustomer(host, call, charger, actor, body)
      reply.header('location', `${pathOf(params.id)}/files/${id}`)
      return reply.code(202).send(view((await findTransfer(db, params.id, id))!))
    },
  )

  http.get(
    '/chargers/:id/files',
    {
      config,
      schema: {
        summary: 'Files that a charger was asked for, the newest first',
        refuses: ['charger_unknown'],
        params: One,
        querystring: listQuery({ kind: Type.Optional(Kind) }),
        response: { 200: Page(TransferView) },
      },
    },
    async ({ actor, params, query: { limit, after, kind } }) => {
      await chargerFor(actor, 'read', params.id)
      const before = cursorOf(after, isId)?.[0] as string | undefined
      return page(await listTransfers(db, params.id, kind, limit + 1, before), limit, ({ id }) => [id], view)
    },
  )

  http.get(
    '/chargers/:id/files/:fileId',
    {
      config,
      schema: {
        summary: 'A file that a charger was asked for, and how far it is',
        refuses: ['charger_unknown', 'charger_file_unknown'],
        params: OneFile,
        response: { 200: TransferView },
      },
    },
    async ({ actor, params }) => view(await fileFor(actor, 'read', params)),
  )

  http.get(
    '/chargers/:id/files/:fileId/content',
    {
      config,
      schema: {
        summary: 'What is in a file of a charger',
        honours: ['Range', 'If-None-Match'],
        refuses: [
          'charger_unknown',
          'charger_file_unknown',
          'charger_file_waiting',
          'charger_file_infected',
          'file_missing',
          'file_damaged',
          'files_unavailable',
        ],
        params: OneFile,
        produces: ['application/octet-stream'],
      },
    },
    async (request, reply) => {
      const transfer = await fileFor(request.actor, 'read', request.params)
      const { status, fileName, contentType, sizeBytes, sha256 } = transfer
      if (status !== 'stored') return fail('not_found', 'file_missing', { detail: 'The file is not there yet.' })
      const fileKey = await whereIs(host, transfer)
      const text = fileKey ? undefined : Buffer.from(await customerText(db, transfer.chargerId, transfer.requestId))
      return await sendFile(request, reply, {
        fileName: fileName!,
        contentType: contentType!,
        sizeBytes: text?.length ?? sizeBytes!,
        tag: sha256 ?? transfer.id,
        read: async range =>
          text
            ? Readable.from([range ? text.subarray(range.start, range.end + 1) : text])
            : await files.read(fileKey!, range, { sizeBytes: sizeBytes!, sha256: sha256! }),
      })
    },
  )

  http.delete(
    '/chargers/:id/files/:fileId',
    {
      config,
      schema: {
        summary: 'Delete a file that a charger was asked for',
        refuses: ['charger_unknown', 'editor_required', 'charger_file_unknown', 'files_unavailable'],
        params: OneFile,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      const transfer = await fileFor(actor, 'write', params)
      await removeTransfer(host, transfer)
      return reply.code(204).send()
    },
  )
}
