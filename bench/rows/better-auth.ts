import { betterAuthVersion, installBetterAuth } from '../better-auth/install.ts'
import { alternate, throughput, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import { answered, crowd, post, refresh, refreshTokenOf, renewed } from '../signing-in.ts'
import { makePeople, password, signedIn, signIn, type Server, type World } from '../world.ts'

/** Clients that refresh, each with a session of its own. */
const clients = 20

/** Signing in, asking who one is, and keeping a session alive, beside the library that many use for it. */
export async function besideBetterAuth(world: World): Promise<Line[]> {
  const { rounds, seconds, quick } = world.size
  const database = await world.database('row_better_auth')
  const other = await world.database('row_better_auth_peer')
  const platform = await world.platform(database)
  const script = installBetterAuth()
  const peer = await world.peer(script, other)
  // One that writes at each request, as a refresh does.
  const writing = await world.peer(script, other, { UPDATE_AGE: '0' })
  const sql = world.sqlOf(database)
  const people = await makePeople(sql, 50)
  const members = await signUp(peer, 50)

  const signIns = await alternate(
    rounds,
    () => throughput(peer.url, peerSignIn(peer, members), { seconds, connections: 8 }),
    () => throughput(platform.url, signIn(people), { seconds, connections: 8 }),
  )
  const cookie = await cookieOf(peer, members[0]!)
  const headers = await signedIn(platform, people[0]!)
  const check = () => throughput(platform.url, { paths: ['/api/auth/profile'], headers }, { seconds })
  const checks = await alternate(
    rounds,
    () => throughput(peer.url, { paths: ['/api/auth/get-session'], headers: { cookie } }, { seconds }),
    check,
  )
  const cookies = await Promise.all(members.slice(0, clients).map(member => cookieOf(writing, member)))
  const tokens = await Promise.all(people.slice(0, clients).map(person => refreshTokenOf(platform, person)))
  const refreshes = await alternate(
    rounds,
    () => renewed(seconds, cookies, own => getSession(writing, own)),
    () => renewed(seconds, tokens, own => refresh(platform, own)),
  )

  const [few, many] = [1_000, quick ? 100_000 : 1_000_000]
  await crowd(sql, few)
  const before = await check()
  await crowd(sql, many)
  const flat = await alternate(rounds, async () => before, check)
  await Promise.all([platform.close(), peer.close(), writing.close()])

  const line = (work: string, measured: typeof signIns, atLeast: number): Line => ({
    work,
    floor: `${perSecond(measured.floor)} better-auth ${betterAuthVersion}`,
    ohmnibus: perSecond(measured.subject),
    ratio: measured.ratio,
    budget: `≥ ${atLeast}`,
    met: measured.ratio.median >= atLeast,
  })
  return [
    line('sign-in, 8 clients', signIns, 4),
    line('session check, 20 clients', checks, 8),
    line(`refresh, ${clients} clients`, refreshes, 4),
    {
      work: `session check among ${many.toLocaleString('en')} accounts`,
      floor: `${perSecond(flat.floor)} among ${few.toLocaleString('en')}`,
      ohmnibus: perSecond(flat.subject),
      ratio: flat.ratio,
      budget: '≥ 0.90',
      met: flat.ratio.median >= 0.9,
    },
  ]
}

/** Members of the peer, made as it makes them. */
async function signUp({ url }: Server, count: number): Promise<{ email: string }[]> {
  const members = Array.from({ length: count }, (_, at) => ({ email: `member-${at}@example.com` }))
  for (const { email } of members)
    await post(`${url}/api/auth/sign-up/email`, { email, password, name: 'Ada Lovelace' }, { origin: url })
  return members
}

function peerSignIn({ url }: Server, members: readonly { email: string }[]) {
  let at = 0
  return {
    method: 'POST' as const,
    paths: ['/api/auth/sign-in/email'],
    headers: { origin: url },
    body: () => JSON.stringify({ email: members[at++ % members.length]!.email, password }),
  }
}

/** As browsers send it back. */
const cookiesIn = (answer: Response): string =>
  answer.headers
    .getSetCookie()
    .map(each => each.split(';')[0])
    .join('; ')

async function cookieOf({ url }: Server, { email }: { email: string }): Promise<string> {
  return cookiesIn(await post(`${url}/api/auth/sign-in/email`, { email, password }, { origin: url }))
}

/** Its session lives on by being asked for; what it sets anew is sent from then on. */
async function getSession({ url }: Server, cookie: string): Promise<string> {
  const answer = await answered(await fetch(`${url}/api/auth/get-session`, { headers: { cookie } }))
  if ((await answer.json()) === null) throw new Error('the session is gone')
  return cookiesIn(answer) || cookie
}
