import { Readable } from 'node:stream'
import Type from 'typebox'
import { Id } from '#contracts/shared'
import { openImports } from '#imports/imports'
import { ownerFor, Problem, signedIn, stringify, type Actor } from '#kernel'
import { sheetOf, sheetType } from '#imports/sheets'
import { attributeOf, unitOf } from '#law'
import { saidIn } from '../audiences/said.ts'
import type { PassportsHost } from '../host.ts'
import type { Change } from '../units/changing.ts'
import { learnOperator } from '../operators/operators.ts'
import { findPassport } from '../store.ts'
import { readingOf } from '../audiences/reading.ts'
import { formatNames, type FormatName } from './converting.ts'
import { formatRoutes, inFormat, requireFew } from './formats.ts'
import { isColumn, likelyTarget, targetOf } from './head.ts'
import { canonicalStream, rowsOfLarge } from './large.ts'
import { canonical, rowsOfFile, type Mapping } from './reading.ts'
import { linesOf, rowOf, sheetHead } from './sheets.ts'
import { countOf, eachOf, findMapping, saveMapping, type Exported } from './store.ts'
import { columns, mends, takeLine, undoLine } from './taking.ts'

const example = [
  'identifier,Battery category,Model,Rated capacity [Ah],Battery mass,status',
  'BP-2024-021,EV,LM3-BAT-2024,94.0,450 kg,draft',
  '',
].join('\r\n')

const TargetView = Type.Object(
  {
    column: Type.String({ maxLength: 60, examples: ['ratedCapacity'] }),
    unit: Type.Optional(Type.String({ maxLength: 30, examples: ['Ah'], description: 'Of numbers that say none' })),
  },
  { title: 'ImportTarget' },
)
const Mapped = Type.Object(
  {
    columns: Type.Unsafe<Mapping>(
      Type.Record(Type.String({ maxLength: 200 }), Type.Union([TargetView, Type.Null()]), {
        description: 'By the head of a column: what it stands for, or null to leave it out',
        examples: [{ Leistung: null, Speicher: { column: 'ratedCapacity', unit: 'Ah' } }],
        maxProperties: 500,
      }),
    ),
  },
  { title: 'ImportMapping' },
)

/** Batteries come from files of any kind, and go as files that can come again. */
export function exchangeRoutes(host: PassportsHost, change: Change): void {
  const { http, db, now } = host
  formatRoutes(host)
  openImports(host, {
    what: 'passports',
    access: signedIn,
    refuses: ['editor_required', 'service_unavailable', 'document_invalid'],
    columns,
    example,
    description:
      'CSV of any delimiter and encoding, XLSX, JSON or NDJSON. Columns are named by an attribute of the law, by its ' +
      'label in any of the 24 languages of the Union, or by a usual word, with a unit in brackets behind it; a number ' +
      'says its unit there or in its cell. What no one can tell is asked for: see the mapping. A battery is found ' +
      'again by its identifier, or, where a row says none, by its serial below the model or the batch of its `parentId`. A dry run tells row by row what it would do. JSON and NDJSON may hold documents in the formats ' +
      'of others, and a package of Asset Administration Shells (AASX) may come as it is: what maps becomes values, the document ' +
      'stays beside them for its owner; `POST /api/exchange/convert` tells beforehand what would not be understood. What is larger ' +
      'than 20 MB, or says no length, is streamed to where files lie and read there by the job, up to 1 GB: CSV or NDJSON; what ' +
      'it would be refused for is then told by the import.',
    unpack: {
      types: [sheetType, 'application/json', 'application/x-ndjson', 'application/octet-stream'],
      all: true,
      async readsBy(actor) {
        const owner = ownerFor(actor)
        // Its lines may publish, in transactions of a job.
        await learnOperator(host, owner)
        return await findMapping(db, owner.id)
      },
      csvOf: async (body, mapping: Mapping) => await canonical(body, mapping),
      streamOf: (read, mapping: Mapping, losses) => canonicalStream(read, mapping, losses),
      rowsOf: file => (Buffer.isBuffer(file) ? rowsOfFile(file) : rowsOfLarge(file)),
    },
    mends,
    take: async (tx, line, actor) => await takeLine(host, change, tx as never, line as never, actor),
    undo: async (tx, id, actor) => await undoLine(host, tx as never, id, actor),
  })

  http.post(
    '/import/proposal',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What the heads of columns would be taken for by an import',
        refuses: ['editor_required'],
        body: Type.Object({
          columns: Type.Array(Type.String({ maxLength: 200, examples: ['Nennkapazität (Ah)'] }), {
            minItems: 1,
            maxItems: 500,
          }),
        }),
        response: {
          200: Type.Object(
            {
              columns: Type.Array(
                Type.Object(
                  {
                    head: Type.String({ examples: ['Nennkapazität (Ah)'] }),
                    target: Type.Union([TargetView, Type.Null()]),
                    by: Type.Enum(['saved', 'known', 'alike', 'nothing'], {
                      description: '`alike` is a guess, and is not taken by itself',
                      examples: ['known'],
                    }),
                  },
                  { title: 'ImportProposalColumn' },
                ),
              ),
            },
            { title: 'ImportProposal' },
          ),
        },
      },
    },
    async ({ actor, body }) => {
      const saved = await findMapping(db, ownerFor(actor).id)
      const propose = async (head: string) => {
        if (Object.hasOwn(saved, head)) return { head, target: saved[head]!, by: 'saved' as const }
        const known = targetOf(head)
        if (known) return { head, target: known, by: 'known' as const }
        const likely = await likelyTarget(head)
        return { head, target: likely ?? null, by: likely ? ('alike' as const) : ('nothing' as const) }
      }
      return { columns: await Promise.all(body.columns.map(head => propose(head.trim()))) }
    },
  )

  http.get(
    '/import/mapping',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What heads of columns stand for in files of oneself or of the organisation',
        refuses: ['editor_required'],
        response: { 200: Mapped },
      },
    },
    async ({ actor }) => ({ columns: await findMapping(db, ownerFor(actor).id) }),
  )

  http.put(
    '/import/mapping',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say what heads of columns stand for, for all imports to come',
        refuses: ['editor_required', 'mapping_invalid'],
        body: Mapped,
        response: { 200: Mapped },
      },
    },
    async ({ actor, body }) => {
      const owner = ownerFor(actor)
      const said = body.columns
      const errors = Object.entries(said).flatMap(([head, target]) => {
        const pointer = `/columns/${head.replaceAll('~', '~0').replaceAll('/', '~1')}`
        if (target === null) return []
        if (!isColumn(target.column)) return [{ pointer: `${pointer}/column`, detail: 'is no column of an import' }]
        const hasUnit = attributeOf(target.column)?.unit
        return target.unit !== undefined && !(hasUnit && unitOf(target.unit))
          ? [{ pointer: `${pointer}/unit`, detail: hasUnit ? 'is no unit' : 'cannot be: the column has no unit' }]
          : []
      })
      if (errors.length > 0) throw new Problem('unprocessable', 'mapping_invalid', { errors })
      await db.transaction(tx => saveMapping(tx, owner, said, now()))
      return { columns: said }
    },
  )

  http.get(
    '/export',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Export the passports of oneself or of the organisation',
        description:
          'NDJSON has their data as it was given; CSV and XLSX what they say of the law themselves, in the columns of the ' +
          `import. The formats of others come as NDJSON too, a line a passport: \`{id, document, loss}\`, with what its model ` +
          'and batch say. All of them can be imported again. Sent while it is read; a sheet holds ' +
          `${mostInSheet.toLocaleString('en')} passports.`,
        refuses: ['export_too_large'],
        produces: ['text/csv', 'application/x-ndjson', sheetType],
        querystring: Type.Object(
          {
            format: Type.Optional(
              Type.Enum(['csv', 'ndjson', 'xlsx', ...byLine], { default: 'csv', examples: ['csv'] }),
            ),
            parentId: Type.Optional({ ...Id, description: 'Those alone that begin with this passport' }),
          },
          { additionalProperties: false },
        ),
      },
    },
    async ({ actor, query: { format = 'csv', parentId } }, reply) => {
      const ownerId = actor.organisation?.id ?? actor.userId
      if (format === 'xlsx') requireFew(await countOf(db, ownerId, parentId), mostInSheet)
      const all = eachOf(db, ownerId, parentId)
      reply
        .header(
          'content-disposition',
          `attachment; filename="passports.${format === 'csv' || format === 'xlsx' ? format : 'ndjson'}"`,
        )
        .header('cache-control', 'private, no-store')
      if (format === 'xlsx')
        return await reply.type(sheetType).send(await sheetOf(await Array.fromAsync(rowsOf(all)), 'passports'))
      const lines =
        format === 'csv'
          ? csvOf(all)
          : format === 'ndjson'
            ? ndjsonOf(all)
            : documentsOf(host, format as FormatName, all, actor)
      return await reply
        .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson')
        .send(Readable.from(lines, { objectMode: false }))
    },
  )
}

const mostInSheet = 10_000
/** Formats of which each passport is a document of its own. */
const byLine = formatNames.filter(name => !['csv', 'xlsx', 'idta-02035-aasx'].includes(name))

async function* ndjsonOf(all: AsyncIterable<Exported>): AsyncGenerator<string> {
  for await (const one of all) yield `${stringify(one)}\n`
}

async function* rowsOf(all: AsyncIterable<Exported>): AsyncGenerator<readonly string[]> {
  yield sheetHead
  for await (const { granularity, parentId, status, data } of all)
    // An archived one is none that an import could make.
    yield rowOf(
      { granularity, parentId: parentId ?? '', status: status === 'draft' ? 'draft' : 'published' },
      saidIn(data).values,
    )
}

async function* csvOf(all: AsyncIterable<Exported>): AsyncGenerator<string> {
  yield '\ufeff'
  for await (const row of rowsOf(all)) yield linesOf([row])
}

/** A line a passport: its document, and what is lost. */
async function* documentsOf(
  host: PassportsHost,
  format: FormatName,
  all: AsyncIterable<Exported>,
  actor: Actor,
): AsyncGenerator<string> {
  for await (const { id } of all) {
    const passport = await findPassport(host.db, id, actor, undefined, host.now())
    // Gone, or another's, since it was listed.
    const reading = readingOf(actor, passport)
    if (!passport || reading?.view !== 'owner') continue
    const { document, loss } = await inFormat(host, format, passport, reading, {})
    yield `${JSON.stringify({ id, document, loss })}\n`
  }
}
