import Type from 'typebox'
import { Id, Instant } from '#contracts/shared'
import { anyone, anyoneAsThemselves, Problem, signedIn, stringify, timeOf, type Reply } from '#kernel'
import { formats, importedOwn, lossKinds, parseGiven, type Dated, type Loss } from '#law'
import { readable } from '../audiences/answer.ts'
import { noteAccess } from '../audiences/log.ts'
import { requireAllowed } from '../audiences/policy.ts'
import type { Reading } from '../audiences/reading.ts'
import { dayOf } from '../audiences/views.ts'
import { didOf } from '../dpp/identifiers.ts'
import type { PassportsHost } from '../host.ts'
import type { Passport } from '../passports.ts'
import { effectiveFor } from '../units/effective.ts'
import { findLine } from '../units/store.ts'
import { formatNames, kinds, readAs, written, type Converted, type FormatName } from './converting.ts'

const FormatIn = Type.Enum(formatNames, { examples: ['batterypass-1.2'] })
const Any = (description: string) =>
  Type.Unknown({ description, examples: [{ attributes: { batteryMass: { value: '450', unit: 'kg' } } }] })

const LossView = Type.Object(
  {
    attribute: Type.Union([Type.String({ examples: ['ratedCapacity'] }), Type.Null()], {
      description: 'Null for what no attribute of the law says',
    }),
    pointer: Type.Union([Type.String({ examples: ['/ratedCapacity'] }), Type.Null()], {
      description: 'Into the document',
    }),
    kind: Type.Enum([...lossKinds], { examples: ['rounded'] }),
    from: Type.Unknown({ examples: ['12 mΩ'] }),
    to: Type.Unknown({ examples: [null], description: 'What it comes back as; null for nothing' }),
    why: Type.String({ examples: ['only whole numbers stand there'] }),
  },
  { title: 'FormatLoss' },
)
const ConvertedView = Type.Object(
  {
    format: FormatIn,
    mediaType: Type.String({ examples: ['application/json'] }),
    document: Any('JSON; a CSV as text, packed files in base64'),
    loss: Type.Array(LossView),
    notice: Type.Optional(Type.String()),
  },
  { title: 'ConvertedPassport' },
)
const FormatView = Type.Object(
  {
    id: FormatIn,
    title: Type.String({ examples: ['Battery Pass data model 1.2'] }),
    source: Type.Union([Type.String(), Type.Null()]),
    mediaType: Type.String({ examples: ['application/json'] }),
    notice: Type.Union([Type.String(), Type.Null()]),
    attributes: Type.Integer({ minimum: 0, examples: [83], description: 'Of the law that have a place there' }),
  },
  { title: 'PassportFormat' },
)
const placeholders = Type.Optional(
  Type.Boolean({ default: false, description: 'Fills what the format requires and nobody says, and names each' }),
)

const titles: Partial<Record<FormatName, string>> = {
  'ohmnibus-1': 'Our own: values of attributes by their ids',
  'idta-02035-aas': 'IDTA 02035-1 to -7 as an environment of Asset Administration Shells, JSON',
  'idta-02035-aasx': 'IDTA 02035-1 to -7 as a package of Asset Administration Shells, AASX',
  en18223: 'EN 18223, compressed',
  csv: 'CSV with the columns of the import',
  xlsx: 'XLSX with the columns of the import',
}

const tableOf = (format: FormatName) => formats.get(format.replace(/-aasx?$/, ''))

/** Passports in the models of others, with what each cannot hold. */
export function formatRoutes(host: PassportsHost): void {
  const { site, now } = host

  site.get(
    '/api/exchange/formats',
    {
      config: { access: anyone },
      schema: {
        summary: 'Formats that passports are exported to and imported from',
        response: { 200: Type.Object({ items: Type.Array(FormatView) }, { title: 'PassportFormats' }) },
      },
    },
    () => ({
      items: formatNames.map(id => {
        const table = tableOf(id)
        return {
          id,
          title: titles[id] ?? table!.title,
          source: table?.source ?? null,
          mediaType: kinds[id][0],
          notice: table?.notice ?? null,
          attributes: table && !table.rest ? new Set(table.rows.map(({ id }) => id)).size : 119,
        }
      }),
    }),
  )

  site.get(
    '/api/exchange/passports/:id',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        summary: 'A passport in a format of others, with what is lost on the way',
        description:
          'As far as it is open to who asks, with what its model and batch say. The report is made by reading the document ' +
          'again: what it does not name comes back as it was. What the format requires and nobody says is left out and named. ' +
          '`download=true` answers the document alone.',
        refuses: ['passport_unknown', 'version_unknown', 'token_missing', 'action_closed'],
        params: Type.Object({ id: Id }),
        querystring: Type.Object(
          {
            format: Type.Optional({ ...FormatIn, default: 'ohmnibus-1' }),
            at: Type.Optional({ ...Instant, description: 'As it was then' }),
            placeholders,
            download: Type.Optional(Type.Boolean({ default: false })),
          },
          { additionalProperties: false },
        ),
        response: { 200: ConvertedView },
        // Those in JSON come as the answer above, but for `download`.
        produces: [...new Set(Object.values(kinds).map(([type]) => type.split(';')[0]!))].filter(
          type => type !== 'application/json',
        ),
      },
    },
    async (request, reply) => {
      const { params, query, visitor } = request
      const at = query.at === undefined ? undefined : timeOf(query.at)
      const { passport, reading } = await readable(host, request, params.id, at)
      if (query.download) requireAllowed(reading, 'download')
      await noteAccess(host.db, passport.id, visitor, reading, 'GET /api/exchange/passports/:id', now())
      const format = (query.format ?? 'ohmnibus-1') as FormatName
      const out = await inFormat(host, format, passport, reading, { placeholders: query.placeholders ?? false, at })
      reply.header('cache-control', 'private, no-store').header('vary', 'authorization, cookie')
      if (!query.download) return send(reply, format, out)
      const [type, end] = kinds[format]
      return await reply
        .type(type)
        .header('content-disposition', `attachment; filename="${passport.id}.${end}"`)
        .serializer((value: unknown) => value as string)
        .send(bytesOf(out.document))
    },
  )

  site.post(
    '/api/exchange/convert',
    {
      config: { access: signedIn },
      bodyLimit: 8 * 1024 * 1024,
      schema: {
        summary: 'Turn a document of one format into another one, with what is lost; nothing is stored',
        description:
          'Without `from` the format is told by its shape. A document of JSON may also be sent as a text, which keeps ' +
          'numbers with more digits than a double has; a CSV is a text, a packed file one in base64. `loss` names what could ' +
          'not be read of the document first, then what the other format cannot hold.',
        refuses: ['document_invalid', 'import_invalid'],
        body: Type.Object(
          {
            from: Type.Optional(FormatIn),
            to: FormatIn,
            document: Any('JSON, or a text'),
            placeholders,
          },
          {
            examples: [
              {
                from: 'ohmnibus-1',
                to: 'idta-02035',
                document: { attributes: { batteryMass: { value: '450', unit: 'kg' } } },
              },
            ],
          },
        ),
        response: { 200: ConvertedView },
      },
    },
    async ({ body }, reply) => {
      const { from, to, document } = body
      // Digits and keys as they were sent.
      const given = typeof document === 'string' ? document : parseGiven(stringify(document))
      const source = await readAs(from as FormatName | undefined, given)
      const out = await written(to as FormatName, source.values, {
        id: undefined,
        operator: undefined,
        placeholders: body.placeholders ?? false,
      })
      return send(reply, to as FormatName, { document: out.document, loss: [...source.loss, ...out.loss] })
    },
  )
}

/** A passport as its reader may see it, in a format. */
export async function inFormat(
  { db, now, platform }: PassportsHost,
  format: FormatName,
  passport: Passport,
  reading: Reading,
  { placeholders = false, at }: { placeholders?: boolean; at?: Date | undefined },
): Promise<Converted> {
  const line = await findLine(db, passport.id, reading.view === 'owner', at)
  const items = effectiveFor(reading, passport, line, dayOf(now()))
  const values = new Map(
    items.map(({ id, value, unit, givenValue, givenUnit, temperature, notApplicable, at }): [string, Dated] => [
      id,
      {
        value,
        unit,
        givenValue,
        givenUnit,
        at,
        ...(temperature !== undefined && { temperature }),
        ...(notApplicable !== undefined && { notApplicable }),
      },
    ]),
  )
  const { document, loss } = await written(format, values, {
    id: `urn:uuid:${passport.id}`,
    operator: didOf(platform.publicUrl, passport.owner.id),
    placeholders,
  })
  return { document, loss: [...loss, ...(reading.view === 'owner' ? unmapped(passport) : [])] }
}

/** What its owner has in a passport that is no attribute of the law, and so in no format. */
const unmapped = ({ data }: Passport): Loss[] =>
  importedOwn(parseGiven(stringify(data))).loss.filter(
    ({ attribute, pointer }) => attribute === null && !pointer?.endsWith('/evidence'),
  )

const bytesOf = (document: unknown): string | Buffer =>
  Buffer.isBuffer(document) || typeof document === 'string' ? document : JSON.stringify(document)

function send(reply: Reply, format: FormatName, { document, loss }: Converted): Reply {
  const body = {
    format,
    mediaType: kinds[format][0],
    document: Buffer.isBuffer(document) ? document.toString('base64') : document,
    loss,
    ...(tableOf(format)?.notice && { notice: tableOf(format)!.notice }),
  }
  return reply
    .type('application/json; charset=utf-8')
    .serializer(() => JSON.stringify(body))
    .send(body)
}

/** Refuses to hold so many passports in one sheet. */
export function requireFew(count: number, most: number): void {
  if (count > most)
    throw new Problem('unprocessable', 'export_too_large', {
      detail: `A sheet holds ${most} passports; take them as CSV.`,
      most,
    })
}
