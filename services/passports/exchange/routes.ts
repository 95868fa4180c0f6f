import { Readable } from 'node:stream'
import Type from 'typebox'
import { Id } from '#contracts/shared'
import { cellOf, openImports, ownerFor, Problem, sheetType, signedIn, stringify } from '#kernel'
import { attributeOf, unitOf, type Value } from '#law'
import { saidIn } from '../audiences/said.ts'
import type { PassportsHost } from '../host.ts'
import type { Change } from '../units/changing.ts'
import { learnOperator } from '../operators/operators.ts'
import { givable, isColumn, likelyTarget, targetOf } from './head.ts'
import { canonical, type Mapping } from './reading.ts'
import { eachOf, findMapping, saveMapping, type Exported } from './store.ts'
import { columns, takeLine } from './taking.ts'

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
  openImports(host, {
    what: 'passports',
    access: signedIn,
    refuses: ['editor_required', 'service_unavailable'],
    columns,
    example,
    description:
      'CSV of any delimiter and encoding, XLSX, JSON or NDJSON. Columns are named by an attribute of the law, by its ' +
      'label in any of the 24 languages of the Union, or by a usual word, with a unit in brackets behind it; a number ' +
      'says its unit there or in its cell. What no one can tell is asked for: see the mapping. A battery is found ' +
      'again by its identifier. A dry run tells row by row what it would do.',
    unpack: {
      types: [sheetType, 'application/json', 'application/x-ndjson', 'application/octet-stream'],
      all: true,
      async csvOf(body, actor) {
        const owner = ownerFor(actor)
        // Its lines may publish, in transactions of a job.
        await learnOperator(host, owner)
        return await canonical(body, await findMapping(db, owner.id))
      },
    },
    take: async (tx, line, actor) => await takeLine(host, change, tx as never, line as never, actor),
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
        summary: 'Export the passports of oneself or of the organisation as CSV or NDJSON',
        description:
          'NDJSON has their data as it was given; CSV what it says of the law, in the columns of the import.',
        produces: ['text/csv', 'application/x-ndjson'],
        querystring: Type.Object(
          {
            format: Type.Optional(Type.Enum(['csv', 'ndjson'], { default: 'csv', examples: ['csv'] })),
            parentId: Type.Optional({ ...Id, description: 'Those alone that begin with this passport' }),
          },
          { additionalProperties: false },
        ),
      },
    },
    async ({ actor, query: { format = 'csv', parentId } }, reply) => {
      const all = eachOf(db, actor.organisation?.id ?? actor.userId, parentId)
      return reply
        .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson')
        .header('content-disposition', `attachment; filename="passports.${format}"`)
        .header('cache-control', 'private, no-store')
        .send(Readable.from(format === 'csv' ? csvOf(all) : ndjsonOf(all), { objectMode: false }))
    },
  )
}

async function* ndjsonOf(all: AsyncIterable<Exported>): AsyncGenerator<string> {
  for await (const one of all) yield `${stringify(one)}\n`
}

async function* csvOf(all: AsyncIterable<Exported>): AsyncGenerator<string> {
  yield `\ufeff${['granularity', 'parentId', 'status', ...givable].join(',')}\r\n`
  for await (const { granularity, parentId, status, data } of all) {
    const { values } = saidIn(data)
    const cells = givable.map(id => cellOf(cellOfValue(values.get(id))))
    // An archived one is none that an import could make.
    yield [granularity, parentId ?? '', status === 'draft' ? 'draft' : 'published', ...cells].join(',') + '\r\n'
  }
}

/** As an import reads it again: a text, a number with its unit, or JSON. */
function cellOfValue(value: Value | undefined): string {
  if (!value) return ''
  const { givenValue, givenUnit, temperature, notApplicable } = value
  if (notApplicable !== undefined) return JSON.stringify({ notApplicable })
  if (temperature !== undefined) return JSON.stringify({ value: givenValue, unit: givenUnit, temperature })
  if (typeof givenValue !== 'string')
    return JSON.stringify({ value: givenValue, ...(givenUnit && { unit: givenUnit }) })
  return givenUnit ? `${givenValue} ${givenUnit}` : givenValue
}
