import type { Pool } from '../kernel/database/database.ts'
import { password, type Server } from './world.ts'

/** What rows about signing in have in common. */

export async function answered(answer: Response): Promise<Response> {
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${await answer.text()}`)
  return answer
}

export const post = async (url: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  await answered(
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }),
  )

export async function refreshTokenOf({ url }: Pick<Server, 'url'>, { email }: { email: string }): Promise<string> {
  return ((await (await post(`${url}/api/auth/login`, { email, password })).json()) as { refreshToken: string })
    .refreshToken
}

export async function refresh({ url }: Pick<Server, 'url'>, refreshToken: string): Promise<string> {
  return ((await (await post(`${url}/api/auth/refresh`, { refreshToken })).json()) as { refreshToken: string })
    .refreshToken
}

/** How often a second sessions are kept alive, one after the other each; what is held at the end stays for the next round. */
export async function renewed(
  seconds: number,
  held: string[],
  renew: (own: string) => Promise<string>,
): Promise<number> {
  const until = performance.now() + seconds * 1_000
  let count = 0
  await Promise.all(
    held.map(async (_, at) => {
      while (performance.now() < until) {
        held[at] = await renew(held[at]!)
        count++
      }
    }),
  )
  return count / seconds
}

/** So many accounts in all, made by SQL, each with a session whose refresh token nobody has. */
export async function crowd(sql: Pool, count: number): Promise<void> {
  // An index over letters is made anew in a fraction of the time in which very many rows are added to it.
  const letters = 'identity.users_by_letters'
  const [index] = await sql<{ definition: string }[]>`select pg_get_indexdef(${letters}::regclass) as definition`
  await sql.unsafe(`drop index ${letters}`)
  await sql`
    insert into identity.users (id, email, password_hash, first_name, last_name, locale, created_at)
    select gen_random_uuid(), 'crowd-' || n || '@example.com', 'none', 'Ada', 'Lovelace', 'en', now()
    from generate_series(1 + (select count(*) from identity.users), ${count}::int) n`
  await sql`
    insert into identity.sessions (id, user_id, refresh_hash, rotated_at, device, address_prefix, created_at, used_at,
      expires_at, ends_at, authenticated_at)
    select gen_random_uuid(), u.id, sha256(u.id::text::bytea), now(), 'Firefox', '192.0.2.0/24', now(), now(),
      now() + interval '30 days', now() + interval '90 days', now()
    from identity.users u where not exists (select from identity.sessions s where s.user_id = u.id)`
  await sql.unsafe(index!.definition)
  await sql`analyze identity.users`
  await sql`analyze identity.sessions`
}
