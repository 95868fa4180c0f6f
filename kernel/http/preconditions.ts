import { Readable } from 'node:stream'
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../access/access.ts'
import { partiesOf } from '../access/ownership.ts'
import type { Once } from '../database/database.ts'
import { Problem } from '../problem.ts'

/**
 * Sets the `ETag` of a version; true when the client has it already, and then 304 is the whole answer. Where the answer
 * differs by person the version names the person too: one browser may be used by two.
 */
export function notModified(request: FastifyRequest, reply: FastifyReply, version: number | string): boolean {
  const tag = `"${version}"`
  reply.header('etag', tag)
  keepOnlyFor(reply)
  if (!['GET', 'HEAD'].includes(request.method) || !isKnown(request, tag)) return false
  reply.code(304)
  return true
}

/**
 * Where a route says of what it answers only its version, for `If-Match`: who has the very same is told so by 304. What
 * else it shows may differ with time and by who asks, so the tag names all of it.
 */
export async function nameAnswer(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const tag = reply.getHeader('etag')
  if (reply.statusCode !== 200 || typeof payload !== 'string' || typeof tag !== 'string') return payload
  const content = createHash('sha256').update(payload).digest('base64url').slice(0, 16)
  return notModified(request, reply, `${tag.slice(1, -1)}-${content}`) ? null : payload
}

/** What a version is called where the answer at one address differs by who asks, and for whom. */
export const ownVersion = (version: number, { userId, organisation }: Actor): string =>
  [version, userId, organisation?.id].filter(part => part !== undefined).join('-')

/** An answer for who asks alone: kept by their browser, shown again after it has asked whether it still stands. */
export function keepOnlyFor(reply: FastifyReply): void {
  const vary = [reply.getHeader('vary') ?? [], 'authorization, cookie'].flat().join(', ')
  reply.headers({ 'cache-control': 'private, no-cache', vary })
}

/** Whether the client has what a tag names (`If-None-Match`), by the weak comparison of RFC 9110, 8.8.3.2. */
export const isKnown = ({ headers }: Pick<FastifyRequest, 'headers'>, tag: string): boolean => {
  const sent = headers['if-none-match'] ?? ''
  return sent.trim() === '*' || tagsOf(sent).some(known => known.replace('W/', '') === tag)
}

/**
 * Refuses a change of something that has changed since the client read it (412 `version_stale`); without `If-Match`
 * anything goes, and what a tag says besides the version is passed over. A weak tag promises no version and matches none (RFC 9110, 13.1.1).
 */
export function requireMatch(request: FastifyRequest, version: number | string): void {
  const sent = request.headers['if-match']
  const isNow = (tag: string): boolean => tag === `"${version}"` || tag.startsWith(`"${version}-`)
  if (sent === undefined || sent.trim() === '*' || tagsOf(sent).some(isNow)) return
  throw new Problem('stale', 'version_stale', {
    detail:
      tagsOf(sent).length > 0
        ? `It is at version ${version} now. Read it again and repeat the change.`
        : `If-Match takes what ETag gave, in quotation marks: "${version}" is the version now.`,
    version,
  })
}

/** The tags of a list, which may hold commas themselves (RFC 9110, 8.8.3). */
const tagsOf = (header: string): string[] => header.match(/(W\/)?"[^"]*"/g) ?? []

/**
 * What `Idempotency-Key` says, or undefined without one; a key belongs to a person and to whom they act for. Fails with
 * `idempotency_key_invalid`.
 */
export function idempotencyOf(request: FastifyRequest): Once['idempotency'] {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))
    throw new Problem('invalid', 'idempotency_key_invalid', {
      detail: 'Idempotency-Key takes 1 to 255 visible ASCII characters.',
    })
  // Of what is streamed the handler tells it.
  const body = request.body instanceof Readable ? null : (request.body ?? null)
  const fingerprint = createHash('sha256')
    .update(`${request.method} ${request.url}\n${JSON.stringify(body)}`)
    .digest('hex')
  return { key, caller: request.visitor ? partiesOf(request.visitor).join(' ') : request.ip, fingerprint }
}
