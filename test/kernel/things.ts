import type { TestContext } from 'node:test'
import Type from 'typebox'
import { Id } from '../../contracts/shared.ts'
import { anyone, context, defineService, Problem, signedIn } from '../../kernel/index.ts'
import { folderWith } from './toys.ts'

const Thing = Type.Object({
  name: Type.String({ maxLength: 100 }),
  count: Type.Optional(Type.Integer({ minimum: 0 })),
  tags: Type.Optional(Type.Array(Type.String(), { maxItems: 5 })),
  inner: Type.Optional(Type.Object({ flag: Type.Boolean() })),
  free: Type.Optional(Type.Object({}, { additionalProperties: true })),
})

/** A service with a route of each kind. */
export const things = async (t: TestContext) =>
  defineService({
    name: 'things',
    folder: await folderWith(t, 'create table things (name text)'),
    start({ http, db }) {
      const open = { access: anyone }
      const large = { bodyLimit: 1_048_576 }
      http.post('/', { config: open, schema: { summary: 'Echo', body: Thing }, ...large }, ({ body }, reply) =>
        reply.code(201).send(body),
      )
      http.post('/bare', { config: open, schema: { summary: 'Takes no body' } }, () => ({ done: true }))
      http.get(
        '/by-id/:id',
        { config: open, schema: { summary: 'By id', params: Type.Object({ id: Id }) } },
        ({ params }) => params,
      )
      http.put(
        '/by-id/:id',
        { config: { access: signedIn }, schema: { summary: 'By id', params: Type.Object({ id: Id }) } },
        ({ params }) => params,
      )
      http.post('/by-id/some', { config: open, schema: { summary: 'A fixed place' } }, () => ({ done: true }))
      http.get(
        '/by-name/:name',
        { config: open, schema: { summary: 'By name' } },
        ({ params }) => db`select * from things where name = ${(params as { name: string }).name}`,
      )
      const querystring = Type.Object({
        count: Type.Integer({ default: 7 }),
        flag: Type.Optional(Type.Boolean()),
        text: Type.Optional(Type.String()),
      })
      http.get('/search', { config: open, schema: { summary: 'Search', querystring } }, async ({ query }) => {
        await db`select * from things where name = ${query.text ?? ''}`
        return query
      })
      http.get('/context', { config: open, schema: { summary: 'Context' } }, () => context())
      const secretless = Type.Object({ name: Type.String() })
      http.get('/stripped', { config: open, schema: { summary: 'Stripped', response: { 200: secretless } } }, () => ({
        name: 'x',
        password: 'y',
      }))
      http.get('/bug', { config: open, schema: { summary: 'Bug' } }, () => {
        throw new Error('the reason nobody outside may know')
      })
      http.get('/limited', { config: open, schema: { summary: 'Limited', refuses: ['too_many_requests'] } }, () => {
        throw new Problem('limited', 'too_many_requests', { retryAfter: 1.2, stock: 3 })
      })
    },
  })
