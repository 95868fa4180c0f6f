import type { FastifyInstance } from 'fastify'
import type { Sql } from 'postgres'

/** What reading a passport takes at the least, on bare Fastify and postgres.js. */
export async function lawFloor(app: FastifyInstance, sql: Sql<{ bigint: bigint }>): Promise<void> {
  await sql`create table if not exists bench.reads (id bigint primary key generated always as identity, passport uuid not null, reader uuid not null, at timestamptz not null)`
  type ById = { Params: { id: string }; Headers: { 'x-user': string } }

  /** An item and its model: the same rows, and nothing done with them. */
  const line = (id: string) => sql`
    with recursive line (id, depth) as (
      select ${id}::uuid, 0
      union all
      select p.parent_id, depth + 1 from line join passports p on p.id = line.id where p.parent_id is not null and depth < 2
    )
    select p.id, p.granularity, v.status, v.seen, v.at, v.data::text as data from line join passports p on p.id = line.id
    join lateral (select * from versions where passport_id = p.id order by version desc limit 1) v on true order by depth`

  app.get<ById>('/line/:id', async ({ params }) => await line(params.id))

  app.get<ById>('/line-noted/:id', async ({ params, headers }) => {
    const rows = await line(params.id)
    await sql`insert into bench.reads (passport, reader, at) values (${params.id}, ${headers['x-user']}, ${new Date()})`
    return rows
  })

  app.get<{ Params: { bytes: string } }>('/sized/:bytes', async ({ params }, reply) =>
    reply.type('text/html; charset=utf-8').send('x'.repeat(Number(params.bytes))),
  )

  app.get('/unchanged', async (_, reply) => reply.code(304).send())

  app.get<{ Params: { '*': string } }>('/code/*', async ({ params }, reply) => {
    const [row] = await sql<
      { id: string }[]
    >`select passport_id as id from identifiers where key = ${`/${params['*']}`}`
    return reply.redirect(`/passport/${row!.id}`, 307)
  })
}
