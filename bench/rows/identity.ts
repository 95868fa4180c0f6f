import { watch } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { alternate, median, quantile, throughput, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import { crowd, post, refresh, refreshTokenOf, renewed } from '../signing-in.ts'
import { makePeople, password, signedIn, signIn, type Server, type World } from '../world.ts'

/** Clients that refresh, each with a session of its own. */
const clients = 20

/** Keeping a session alive, asking who one is, a code on its way, and all of it among very many people. */
export const identity = async (world: World): Promise<Line[]> => [
  ...(await sessions(world)),
  await codes(world),
  ...(await amongMany(world)),
]

async function sessions(world: World): Promise<Line[]> {
  const { rounds, seconds } = world.size
  const database = await world.database('row_identity')
  const platform = await world.platform(database)
  const floor = await world.floor(database)
  const sql = world.sqlOf(database)
  const people = await makePeople(sql, clients + 1)
  // What the floor keeps alive has tokens that nobody knows.
  await Promise.all(people.slice(0, clients).map(person => refreshTokenOf(platform, person)))
  const held = await sql<{ id: string }[]>`select id from identity.sessions`
  const tokens = await Promise.all(people.slice(0, clients).map(person => refreshTokenOf(platform, person)))
  const headers = await signedIn(platform, people.at(-1)!)

  const refreshes = await alternate(
    rounds,
    () =>
      renewed(
        seconds,
        held.map(({ id }) => id),
        async id => {
          const answer = await fetch(`${floor.url}/refresh`, { method: 'POST', headers: { 'x-session': id } })
          if (!answer.ok) throw new Error(`the floor answered ${answer.status}`)
          return id
        },
      ),
    () => renewed(seconds, tokens, own => refresh(platform, own)),
  )
  const checks = await alternate(
    rounds,
    () => throughput(floor.url, { paths: ['/profile'], headers: { 'x-user': people.at(-1)!.id } }, { seconds }),
    () => throughput(platform.url, { paths: ['/api/auth/profile'], headers }, { seconds }),
  )
  await Promise.all([platform.close(), floor.close()])
  return [
    {
      work: `refresh, ${clients} clients`,
      floor: `${perSecond(refreshes.floor)} the same statements, with no tokens`,
      ohmnibus: perSecond(refreshes.subject),
      ratio: refreshes.ratio,
      budget: '≥ 0.50',
      met: refreshes.ratio.median >= 0.5,
    },
    {
      work: 'session check, 20 clients, in figures',
      floor: `${perSecond(checks.floor)} the same select`,
      ohmnibus: perSecond(checks.subject),
      ratio: checks.ratio,
      budget: '≥ 8,000/s on two cores, load included',
      met: checks.subject >= 8_000,
    },
  ]
}

/** From the request to the file that stands for the mail, which evaluation mode keeps in its mailbox. */
async function codes(world: World): Promise<Line> {
  const mailbox = join(world.folder, 'row_identity_codes-mailbox')
  await mkdir(mailbox, { recursive: true })
  const platform = await world.platform(await world.database('row_identity_codes'), undefined, {
    NOTIFICATION_LOG_PATH: mailbox,
  })
  const waiting = new Map<string, () => void>()
  const watcher = watch(mailbox, (_, file) => {
    if (!file?.endsWith('.txt') || !file.includes('-email-')) return
    void readFile(join(mailbox, file), 'utf8').then(
      text => waiting.get(/^To: (.*)$/m.exec(text)?.[1] ?? '')?.(),
      () => {},
    )
  })
  const taken: number[] = []
  // The first ones load what is needed once.
  const [warm, count] = [5, world.size.quick ? 30 : 200]
  for (let at = 0; at < warm + count; at++) {
    const email = `new-${at}@example.com`
    const arrived = Promise.withResolvers<void>()
    const late = setTimeout(() => arrived.reject(new Error(`no mail for ${email} within 30 seconds`)), 30_000)
    waiting.set(email, arrived.resolve)
    const begun = performance.now()
    await Promise.all([arrived.promise, post(`${platform.url}/api/auth/register`, { email, password, name: 'New' })])
    if (at >= warm) taken.push(performance.now() - begun)
    clearTimeout(late)
    waiting.delete(email)
  }
  watcher.close()
  await platform.close()
  return {
    work: 'registration to the code in the mailbox',
    ohmnibus: `p50 ${median(taken).toFixed(1)} ms, p99 ${quantile(taken, 0.99).toFixed(1)} ms`,
    budget: 'p50 < 50 ms',
    met: median(taken) < 50,
  }
}

/** The same among few and among very many, each of whom has a session. */
async function amongMany(world: World): Promise<Line[]> {
  const { rounds, seconds, quick } = world.size
  const sizes = [1_000, quick ? 100_000 : 1_000_000] as const
  const filled = async (count: number) => {
    const database = await world.database(`row_identity_${count}`)
    const platform = await world.platform(database, ['identity'])
    const sql = world.sqlOf(database)
    const people = await makePeople(sql, 50)
    await crowd(sql, count)
    const tokens = await Promise.all(people.slice(0, clients).map(person => refreshTokenOf(platform, person)))
    return { platform, people, tokens }
  }
  const [few, many] = [await filled(sizes[0]), await filled(sizes[1])]
  const storm = ({ platform, people }: { platform: Server; people: { email: string }[] }) =>
    throughput(platform.url, signIn(people), { seconds, connections: 8 })
  const renew = ({ platform, tokens }: { platform: Server; tokens: string[] }) =>
    renewed(seconds, tokens, own => refresh(platform, own))
  const measured = {
    'sign-in': await alternate(
      rounds,
      () => storm(few),
      () => storm(many),
    ),
    refresh: await alternate(
      rounds,
      () => renew(few),
      () => renew(many),
    ),
  }
  await Promise.all([few.platform.close(), many.platform.close()])
  const [small, large] = sizes.map(count => count.toLocaleString('en'))
  return Object.entries(measured).map(([work, { floor, subject, ratio }]) => ({
    work: `${work} among ${large} people with a session each`,
    floor: `${perSecond(floor)} among ${small}`,
    ohmnibus: perSecond(subject),
    ratio,
    budget: '≥ 0.90',
    met: ratio.median >= 0.9,
  }))
}
