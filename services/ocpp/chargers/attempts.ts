import Type from 'typebox'
import { Instant } from '#contracts/shared'
import { partiesOf, Problem, withRole, type Actor, type Db } from '#kernel'
import type { OcppHost } from '../host.ts'

const hourMs = 3_600_000
const most = 100

/** Why somebody who wanted to connect was not let in. */
const codes = ['charger_unknown', 'charger_unproven', 'too_many_requests', 'version_unspoken'] as const
type Code = (typeof codes)[number]

const Attempt = Type.Object(
  {
    identity: Type.String({ description: 'As the address had it', examples: ['CP-17'] }),
    address: Type.String({ description: 'Of the network', examples: ['203.0.113.7'] }),
    code: Type.Enum([...codes], { examples: ['version_unspoken'] }),
    detail: Type.String({ examples: ['It offers ocpp1.5; spoken are ocpp2.1, ocpp2.0.1, ocpp1.6.'] }),
    tries: Type.Integer({ minimum: 1, examples: [3] }),
    firstAt: Instant,
    lastAt: Instant,
  },
  { title: 'ChargerAttempt' },
)

/** As a line of a table takes it, whatever stood in an address. */
const plain = (text: string): string => text.replaceAll(/\p{C}/gu, '').slice(0, 100)

function identityIn(url: string, prefix: string): string {
  const part = url.split('?')[0]!.slice(prefix.length)
  try {
    return plain(decodeURIComponent(part))
  } catch {
    return plain(part)
  }
}

/** Keeps who was refused, for those who set up chargers: no refusal waits for it, and nobody fills a disk by knocking. */
export function openAttempts({ db, cache, log, now }: OcppHost) {
  const pace = cache.limit('ocpp attempts noted', { points: 30, seconds: 60 })
  const all = cache.limit('ocpp attempts noted in all', { points: 300, seconds: 60 })
  const note = async (identity: string, address: string, code: Code, detail: string): Promise<void> => {
    try {
      await pace.take(address)
      await all.take('all')
      const at = now()
      await db.transaction(
        tx => tx`
          insert into attempts as a (identity, address, code, detail, tries, first_at, last_at)
          values (${identity}, ${address}, ${code}, ${plain(detail)}, 1, ${at}, ${at})
          on conflict (identity, address, code) do update
          set detail = excluded.detail, tries = a.tries + 1, last_at = excluded.last_at`,
      )
    } catch (error) {
      if (!(error instanceof Problem)) log.warn({ err: error }, 'it is not noted who was refused')
    }
  }
  return {
    /** Of who failed at the door. */
    refused(url: string, prefix: string, address: string, error: unknown): void {
      if (!(error instanceof Problem) || !codes.includes(error.code as Code)) return
      void note(identityIn(url, prefix), address, error.code as Code, error.message)
    },
    /** Of who was let in and speaks nothing that is spoken here. */
    unspoken(identity: string, address: string, offered: string, spoken: readonly string[]): void {
      const detail = offered ? `It offers ${offered.slice(0, 40)}` : 'It offers no version'
      void note(identity, address, 'version_unspoken', `${detail}; spoken are ${spoken.join(', ')}.`)
    },
  }
}

/** Those of the last hour, the latest first: of chargers that the actor looks after, and of identities that nobody has. */
const listAttempts = (db: Db, actor: Actor, since: Date) => db<
  { identity: string; address: string; code: Code; detail: string; tries: number; firstAt: Date; lastAt: Date }[]
>`
  select a.identity, a.address, a.code, a.detail, a.tries, a.first_at as "firstAt", a.last_at as "lastAt"
  from attempts a left join chargers c on c.id = a.identity
  where a.last_at > ${since} ${
    actor.role === 'admin' ? db`` : db`and (c.owner_id is null or c.owner_id = any(${partiesOf(actor)}))`
  }
  order by a.last_at desc limit ${most}`

export function attemptRoutes(host: OcppHost): void {
  const { http, db, now } = host
  http.get(
    '/attempts',
    {
      config: { access: withRole('operator') },
      schema: {
        summary: 'Who wanted to connect within the last hour and was refused, and why',
        description: 'Of chargers that one looks after, and of identities that nobody has; the latest 100.',
        response: { 200: Type.Object({ items: Type.Array(Attempt) }, { title: 'ChargerAttempts' }) },
      },
    },
    async ({ actor }) => {
      const rows = await listAttempts(db, actor, new Date(now().getTime() - hourMs))
      return {
        items: rows.map(({ firstAt, lastAt, ...row }) => ({
          ...row,
          firstAt: firstAt.toISOString(),
          lastAt: lastAt.toISOString(),
        })),
      }
    },
  )
  host.every('10 minutes', 'forget who was refused an hour ago', async () => {
    const before = new Date(now().getTime() - hourMs)
    await db.transaction(tx => tx`delete from attempts where last_at < ${before}`)
  })
}
