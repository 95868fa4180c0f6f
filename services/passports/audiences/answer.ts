import { createHash } from 'node:crypto'
import { notModified, Problem, stringify, type Reply, type Request } from '#kernel'
import { ruleSetOn } from '#law'
import { baseOf, publicIdOf } from '../codes/codes.ts'
import type { PassportsHost } from '../host.ts'
import { view as whole, type Passport } from '../passports.ts'
import { overruledIn, dataFor, type Member } from './said.ts'
import { findPassport, findPublished } from '../store.ts'
import { countOf, readingOf, type Reading } from './reading.ts'
import { reachOfView } from './views.ts'

/**
 * A passport as its reader may see it, whoever that is: the one place where that is decided. `line` is itself with those
 * it begins with, of which others see the published ones; `on` is the day, as what may be told changes with the law.
 */
export function shownTo(reading: Reading, passport: Passport, line: readonly Member[], on: string) {
  if (reading.view === 'owner') return whole(passport)
  const { view } = reading
  const { version, at } = countOf(passport, view)
  const overruled = line.length > 1 ? overruledIn(line) : undefined
  const data = dataFor(reachOfView(view), passport.data, passport.category, on, overruled)
  // Everything it has but its data, its number and its time is of point 1.
  return { ...whole(passport), data, version, updatedAt: at, audience: view }
}

/**
 * Sends it with its tag: to its owner the version, to others a digest of what they get, which nothing hidden can move.
 */
export function answer(request: Request, reply: Reply, shown: ReturnType<typeof shownTo>): Reply {
  // As it was given; the library would put keys that are numbers first.
  const text = stringify(shown)
  const tag = 'audience' in shown ? createHash('sha256').update(text).digest('base64url').slice(0, 22) : shown.version
  if (notModified(request, reply, tag)) return reply.send()
  return reply
    .type('application/json; charset=utf-8')
    .serializer(() => text)
    .send(shown)
}

/** The same with what is to be said of one that was published, by what its reader sees of it. */
export function withPage<Shown extends ReturnType<typeof shownTo>>(
  { platform }: Pick<PassportsHost, 'platform'>,
  passport: Passport,
  shown: Shown,
): Shown {
  const { id, status, updatedAt } = shown
  if (status === 'draft') return shown
  return {
    ...shown,
    ruleSet: ruleSetOn(updatedAt.slice(0, 10)).id,
    publicUrl: `${baseOf(passport, platform.publicUrl)}/passport/${publicIdOf(id)}`,
    // Nothing becomes of an archived one.
    ended: status === 'archived' ? { kind: 'archived', at: updatedAt, successors: [] } : null,
  }
}

/**
 * The passport, as it was `at` a time, and as what who asks reads it. Fails with `passport_unknown`; for somebody without a
 * token with `token_missing`, as signing in may open more.
 */
export async function readable(
  { db, now }: Pick<PassportsHost, 'db' | 'now'>,
  { visitor }: Pick<Request, 'visitor'>,
  id: string,
  at?: Date,
): Promise<{ passport: Passport; reading: Reading }> {
  const found = (at?: Date) => (visitor ? findPassport(db, id, visitor, at, now()) : findPublished(db, id, at))
  const passport = await found(at)
  const reading = readingOf(visitor, passport)
  // Of one that is published now it is no secret that it was not before.
  if (!reading && at && readingOf(visitor, await found()))
    throw new Problem('not_found', 'version_unknown', { detail: 'The passport was not published then.' })
  if (!reading)
    throw visitor
      ? new Problem('not_found', 'passport_unknown')
      : new Problem('unauthenticated', 'token_missing', {
          detail: 'Nothing of this is public. Sign in and send the access token as "Authorization: Bearer …".',
        })
  if (at && at < passport!.createdAt)
    throw new Problem('not_found', 'version_unknown', { detail: 'The passport did not exist then.' })
  return { passport: passport!, reading }
}
