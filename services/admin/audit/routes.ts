import { Readable } from 'node:stream'
import Type, { type Static } from 'typebox'
import { Id, Instant } from '#contracts/shared'
import { cellOf, createdIn, isId, isInstant, listRoutes, timeOf, withRole } from '#kernel'
import type { AdminHost } from '../host.ts'
import { hashAt, listEntries, noneIsLeftOut, seal, sealedAfter, verify, type Entry, type Sealed } from './store.ts'

const config = { access: withRole('admin') }
const Hash = Type.String({
  pattern: '^[0-9a-f]{64}$',
  maxLength: 64,
  examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
})
const Text = (maxLength: number, example: string) =>
  Type.String({ maxLength, minLength: 1, pattern: '^[^\\u0000]*$', examples: [example] })

const EntryView = Type.Object(
  {
    id: Id,
    at: Instant,
    actorId: Id,
    service: Type.String({ examples: ['identity'] }),
    act: Type.String({ examples: ['user.role-changed'] }),
    object: Type.String({ examples: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'] }),
    details: Type.Record(Type.String(), Type.Unknown(), { examples: [{ formerRole: 'user', role: 'vendor' }] }),
    number: Type.Union([Type.Integer(), Type.Null()], {
      examples: [1],
      description: 'Where it stands in the chain; null for a moment, until it is sealed',
    }),
  },
  { title: 'AuditEntry' },
)

const Verdict = Type.Object(
  {
    intact: Type.Boolean(),
    sealed: Type.Integer({ minimum: 0, examples: [128], description: 'So many entries are as they were sealed' }),
    head: Type.Union([Hash, Type.Null()], {
      description:
        'Keep it elsewhere, with `sealed`: asked with both later, the chain proves that all up to there stands',
    }),
    broken: Type.Union([Type.Integer(), Type.Null()], {
      examples: [null],
      description: 'The first entry that is not as it was sealed',
    }),
    contains: Type.Union([Type.Boolean(), Type.Null()], {
      examples: [null],
      description: 'Whether the chain has the hash that was asked about at that number',
    }),
  },
  { title: 'AuditVerdict' },
)

const spanOf = {
  from: Type.Optional({ ...Instant, description: 'Only what was done then or later' }),
  to: Type.Optional({ ...Instant, description: 'Only what was done before' }),
}
const timesOf = ({ from, to }: { from?: string; to?: string }) => ({
  from: from === undefined ? undefined : timeOf(from),
  to: to === undefined ? undefined : timeOf(to),
})

/** What admins did, and anybody to accounts: looked up, proven, taken along. */
export function auditRoutes(host: AdminHost): void {
  const { db, http } = host

  listRoutes(http, db, '/audit', {
    config,
    schema: {
      summary: 'What admins did on the whole platform, and anybody to accounts, the latest first',
      of: 'acts',
      filters: {
        actor: Type.Optional({ ...Id, description: 'Who did it' }),
        act: Type.Optional({ ...Text(100, 'user.role-changed'), description: 'What was done' }),
        object: Type.Optional({
          ...Text(300, '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'),
          description: 'What it was done to',
        }),
        ...spanOf,
      },
      item: EntryView,
    },
    wanted: ({ query }) => {
      const { actor, act, object } = query
      return { actor, act, object, spans: [timesOf(query), createdIn(query)] }
    },
    rows: (wanted, limit, after) => listEntries(db, wanted, limit, after),
    order: [isInstant, isId],
    keysOf: ({ at, id }) => [at.toISOString(), id],
    view,
  })

  http.get(
    '/audit/verify',
    {
      config,
      schema: {
        summary: 'Prove that nothing of the audit log was changed',
        description: 'Goes along the whole chain of hashes, after sealing what is new.',
        querystring: Type.Object(
          {
            number: Type.Optional(Type.Integer({ minimum: 1, examples: [1] })),
            hash: Type.Optional({ ...Hash, description: 'With `number`: whether the chain has it there' }),
          },
          { additionalProperties: false },
        ),
        response: { 200: Verdict },
      },
    },
    async ({ query: { number, hash } }): Promise<Static<typeof Verdict>> => {
      await sealAll(host)
      const { sealed, broken, head } = await verify(db)
      const contains = number === undefined || hash === undefined ? null : (await hashAt(db, number)) === hash
      const isWhole = broken === null && contains !== false && (await noneIsLeftOut(db))
      return { intact: isWhole, sealed, head, broken, contains }
    },
  )

  http.get(
    '/audit/export',
    {
      config,
      schema: {
        summary: 'The audit log as a file, in the order of its chain',
        description: 'JSON lines hold what hashes are made of; of CSV no cell is a formula where it is opened.',
        produces: ['application/jsonl', 'text/csv'],
        querystring: Type.Object(
          { format: Type.Optional(Type.Enum(['jsonl', 'csv'], { default: 'jsonl', examples: ['jsonl'] })), ...spanOf },
          { additionalProperties: false },
        ),
      },
    },
    async ({ query }, reply) => {
      await sealAll(host)
      const { format = 'jsonl' } = query
      const { from, to } = timesOf(query)
      const isWanted = ({ at }: Entry) => (!from || at >= from) && (!to || at < to)
      return reply
        .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl')
        .header('content-disposition', `attachment; filename="audit.${format}"`)
        .header('cache-control', 'private, no-store')
        .send(Readable.from(linesOf(host, format === 'csv' ? csv : jsonl, isWanted)))
    },
  )
}

/** Until nothing is left to seal. */
export async function sealAll({ db }: AdminHost): Promise<void> {
  while (await db.transaction(seal));
}

async function* linesOf({ db }: AdminHost, { head, line }: Format, isWanted: (entry: Entry) => boolean) {
  yield head
  let rows: readonly Sealed[]
  for (let number = 0; (rows = await sealedAfter(db, number, 1_000)).length > 0; number = rows.at(-1)!.number)
    yield rows.filter(isWanted).map(line).join('')
}

interface Format {
  readonly head: string
  line(entry: Sealed): string
}

const jsonl: Format = {
  head: '',
  line: ({ hash, ...entry }) => `${JSON.stringify({ ...view(entry), hash })}\n`,
}

const fields = ['number', 'at', 'actorId', 'service', 'act', 'object', 'details', 'id', 'hash'] as const
const csv: Format = {
  head: `${fields.join(',')}\r\n`,
  line: entry => `${fields.map(field => cell(entry[field])).join(',')}\r\n`,
}

/** Nothing here is a number that begins with a sign: whatever begins like a formula is kept from being one. */
function cell(value: string | number | Date): string {
  const text = value instanceof Date ? value.toISOString() : value
  return cellOf(typeof text === 'string' && /^[\s=@+-]/.test(text) ? `'${text}` : text)
}

const view = ({ at, details, ...entry }: Entry & { number: number | null }): Static<typeof EntryView> => ({
  ...entry,
  at: at.toISOString(),
  details: JSON.parse(details),
})
