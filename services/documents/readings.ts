import Type from 'typebox'
import { Id, Instant } from '#contracts/shared'
import { cursorOf, listQuery, Page, page, partiesOf, Problem, signedIn, type Actor, type Db, type Tx } from '#kernel'
import { readsAll, tierOf, type Tier } from './access.ts'
import type { DocumentsHost } from './host.ts'

const Reading = Type.Object(
  {
    reader: Type.Object({ kind: Type.Literal('person'), id: Id }),
    organisationId: Type.Union([Id, Type.Null()], { description: 'For which they asked' }),
    docId: Type.Union([Id, Type.Null()], { description: 'null for a list of them' }),
    audience: Type.Enum(['authority', 'interest', 'both', 'admin'], { examples: ['authority'] }),
    route: Type.String({ examples: ['GET /api/documents/:docId'] }),
    at: Instant,
  },
  { title: 'DocumentReading' },
)

/** What is read, of whom; see `noteReading`. */
interface Subject {
  readonly passportId: string
  readonly docId?: string
}

/**
 * Notes who is about to read what the public may not, and waits until that stands. What the owner reads, and what is open
 * to everybody, is nobody's business.
 */
export async function noteReading(
  { db, now }: DocumentsHost,
  { passportId, docId }: Subject,
  reader: Actor | undefined,
  tier: Tier | undefined,
  route: string,
): Promise<void> {
  const audience = tier && audienceOf(tier)
  if (!reader || !audience) return
  await db.transaction(async tx => {
    await tx`
      insert into readings (passport_id, doc_id, reader_id, organisation_id, audience, route, at)
      values (${passportId}, ${docId ?? null}, ${reader.userId}, ${reader.organisation?.id ?? null}, ${audience},
        ${route}, ${now()})`
  })
}

function audienceOf({ audiences, asAdmin }: Tier): string | undefined {
  if (asAdmin) return 'admin'
  if (audiences.includes('owner')) return undefined
  const special = audiences.filter(one => one !== 'public')
  return special.length > 1 ? 'both' : special[0]
}

interface Row {
  id: number
  readerId: string
  organisationId: string | null
  docId: string | null
  audience: string
  route: string
  at: Date
}

/** The latest first; what these parties read alone where `of` is given. */
export async function listReadings(
  db: Db,
  passportId: string,
  limit: number,
  before: number,
  of?: readonly string[],
): Promise<Row[]> {
  return await db<Row[]>`
    select id::int, reader_id as "readerId", organisation_id as "organisationId", doc_id as "docId", audience, route, at
    from readings
    where passport_id = ${passportId} and id < ${before}
      ${of ? db`and (reader_id = any(${of as string[]}) or organisation_id = any(${of as string[]}))` : db``}
    order by id desc limit ${limit}`
}

export const forgetReadings = async (tx: Tx, passportId: string): Promise<void> =>
  void (await tx`delete from readings where passport_id = ${passportId}`)

/** Who read documents of a passport that are not everybody's. */
export function readingRoutes(host: DocumentsHost): void {
  host.http.get(
    '/access-log',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Who read documents of a passport that the public may not, the latest first',
        description:
          'The owner of the passport sees all of them; others see what they read themselves. The access log of the ' +
          'passport has them too.',
        refuses: ['passport_unknown'],
        querystring: listQuery({ passportId: Id }),
        response: { 200: Page(Reading) },
      },
    },
    async ({ actor, query: { passportId, limit, after } }) => {
      const tier = await tierOf(host, actor, passportId)
      if (!tier) throw new Problem('not_found', 'passport_unknown')
      const before = (cursorOf(after, Number.isSafeInteger)?.[0] as number | undefined) ?? Number.MAX_SAFE_INTEGER
      const of = readsAll(tier) ? undefined : partiesOf(actor)
      const rows = await listReadings(host.db, passportId, limit + 1, before, of)
      return page(
        rows,
        limit,
        ({ id }) => [id],
        ({ readerId, organisationId, docId, audience, route, at }) => ({
          reader: { kind: 'person' as const, id: readerId },
          organisationId,
          docId,
          audience: audience as 'authority',
          route,
          at: at.toISOString(),
        }),
      )
    },
  )
}
