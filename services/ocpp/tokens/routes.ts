import Type from 'typebox'
import { findPerson, getPerson } from '#contracts/identity'
import {
  Count,
  counted,
  countQuery,
  newId,
  ownerFor,
  Page,
  Problem,
  requireMatch,
  timeOf,
  withRole,
  type Reply,
} from '#kernel'
import { manageable } from '../access.ts'
import type { OcppHost } from '../host.ts'
import { keyOf } from './authorise.ts'
import { countTokens, searchTokens, tokenFilters, tokenQuery } from './search.ts'
import { deleteToken, findToken, insertToken, lockToken, updateToken, type KeptToken } from './store.ts'
import { One, Said, TokenType, TokenView, Value, view } from './view.ts'

const operators = { access: withRole('operator') }

/** Cards and other proofs of who may charge, as operators look after them. */
export function tokenRoutes({ http, db, now, ask }: OcppHost): void {
  const answer = (reply: Reply, token: ReturnType<typeof view>) =>
    reply.header('etag', `"${token.version}"`).send(token)

  /** The person that is meant; undefined where none is named. Fails with `user_unknown`. */
  async function personOf(said: { userId?: string | null; userEmail?: string }): Promise<string | null | undefined> {
    if (said.userEmail === undefined) {
      if (said.userId) await ask(getPerson, { userId: said.userId })
      return said.userId
    }
    const { userId } = await ask(findPerson, { email: said.userEmail })
    if (!userId) throw new Problem('not_found', 'user_unknown', { detail: 'Nobody has this address.' })
    return userId
  }

  http.post(
    '/tokens',
    {
      config: operators,
      schema: {
        summary: 'Add a card or another token that may charge',
        description:
          'Of the organisation one acts for, else of oneself. Whose sessions these are may be said by address.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['editor_required', 'token_taken', 'user_unknown'],
        body: Type.Object({ idToken: Value, type: Type.Optional(TokenType), ...Said }),
        response: { 201: TokenView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const owner = ownerFor(actor)
      const userId = (await personOf(body)) ?? null
      const token = await db.once(request, async tx => {
        const at = now()
        const { type = 'ISO14443', label = null, groupId = null, status = 'accepted', exclusive = false } = body
        const expiresAt = body.expiresAt ? timeOf(body.expiresAt) : null
        const said = { label, groupId, status, exclusive, expiresAt, userId }
        const base = {
          id: newId(at.getTime()),
          idToken: keyOf(body.idToken, type),
          type,
          owner,
          createdAt: at,
          updatedAt: at,
        }
        const token: KeptToken = { ...base, ...said, blockedFor: null, version: 1 }
        if (!(await insertToken(tx, token)))
          throw new Problem('conflict', 'token_taken', { detail: 'There is a token of this value already.' })
        return view(token)
      })
      reply.code(201).header('location', `/api/ocpp/tokens/${token.id}`)
      return answer(reply, token)
    },
  )

  http.get(
    '/tokens',
    {
      config: operators,
      schema: {
        summary: 'Search the tokens one looks after, the latest first',
        description: "One's own and those of the organisation one acts for; all for admins.",
        querystring: tokenQuery,
        response: { 200: Page(TokenView) },
      },
    },
    ({ actor, query }) => searchTokens(db, actor, query),
  )

  http.get(
    '/tokens/count',
    {
      config: operators,
      schema: {
        summary: 'How many tokens a search finds',
        querystring: countQuery(tokenFilters),
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => counted(await countTokens(db, actor, query)),
  )

  http.get(
    '/tokens/:id',
    {
      config: operators,
      schema: {
        summary: 'Read a token',
        gives: ['ETag'],
        refuses: ['token_unknown'],
        params: One,
        response: { 200: TokenView },
      },
    },
    async ({ actor, params }, reply) =>
      answer(reply, view(manageable(actor, 'read', await findToken(db, params.id), 'token_unknown'))),
  )

  http.put(
    '/tokens/:id',
    {
      config: operators,
      schema: {
        summary: 'Change what is said of a token; what is left out stays',
        honours: ['If-Match', 'Idempotency-Key'],
        refuses: ['token_unknown', 'editor_required', 'user_unknown'],
        params: One,
        body: Type.Object(Said),
        response: { 200: TokenView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const userId = await personOf(body)
      const token = await db.once(request, async tx => {
        const token = manageable(actor, 'write', await lockToken(tx, params.id), 'token_unknown')
        requireMatch(request, token.version)
        const { expiresAt, userEmail: _, ...said } = body
        const revised: KeptToken = {
          ...token,
          ...said,
          ...(userId !== undefined && { userId }),
          ...(expiresAt !== undefined && { expiresAt: expiresAt === null ? null : timeOf(expiresAt) }),
        }
        if (JSON.stringify(revised) === JSON.stringify(token)) return view(token)
        const changed = { ...revised, updatedAt: now(), version: token.version + 1 }
        await updateToken(tx, changed)
        return view(changed)
      })
      return answer(reply, token)
    },
  )

  http.delete(
    '/tokens/:id',
    {
      config: operators,
      schema: {
        summary: 'Remove a token; its sessions stay',
        honours: ['If-Match'],
        refuses: ['token_unknown', 'editor_required'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await db.transaction(async tx => {
        const token = manageable(actor, 'write', await lockToken(tx, params.id), 'token_unknown')
        requireMatch(request, token.version)
        await deleteToken(tx, token.id)
      })
      return reply.code(204).send()
    },
  )
}
