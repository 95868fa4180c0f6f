import Type from 'typebox'
import { Instant } from '#contracts/shared'
import {
  anyone,
  anyoneAsThemselves,
  cursorOf,
  fail,
  isCount,
  isInstant,
  listQuery,
  Page,
  page,
  signedIn,
  timeOf,
  type Tx,
} from '#kernel'
import { readable } from '../audiences/answer.ts'
import { noteAccess, noteWhole } from '../audiences/log.ts'
import { dayOf } from '../audiences/views.ts'
import type { PassportsHost } from '../host.ts'
import { visibleTo } from '../passports.ts'
import { findPassport } from '../store.ts'
import { One } from '../view.ts'
import { listLinks } from './access-store.ts'
import { accessItemOf, AccessProofView, itemOf, ProofView, sealOf } from './proof.ts'
import { sealingKey } from './sealing.ts'
import { findCheckpoint, listCheckpoints, listKeys, type Checkpoint } from './seals.ts'
import { chainUp, isUnchained, listProven } from './store.ts'

const Day = Type.String({ format: 'date', examples: ['2027-02-18'] })
const CheckpointView = Type.Object(
  {
    day: Day,
    size: Type.Integer({ minimum: 1, description: 'How many histories moved', examples: [3] }),
    root: Type.String({ description: 'Of the tree of their heads (RFC 6962), in hex' }),
    jws: Type.String({ description: 'The same, signed: a compact JWS (RFC 7515) by EdDSA' }),
  },
  { title: 'HistoryCheckpoint' },
)
const KeysView = Type.Object(
  {
    keys: Type.Array(
      Type.Object(
        {
          kty: Type.String({ examples: ['OKP'] }),
          crv: Type.String({ examples: ['Ed25519'] }),
          x: Type.String(),
          kid: Type.String(),
          alg: Type.String({ examples: ['EdDSA'] }),
          use: Type.String({ examples: ['sig'] }),
        },
        { title: 'CheckpointKey' },
      ),
    ),
  },
  { title: 'CheckpointKeys' },
)

const viewOf = ({ day, size, root, jws }: Checkpoint) => ({ day, size, root: root.toString('hex'), jws })

/** What proves the history of passports to who does not trust their keeper. */
export function historyRoutes(host: PassportsHost): void {
  const { http, db, now } = host

  http.get(
    '/:id/proof',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        summary: 'What proves the history of a passport, as far as it is open to who asks',
        description:
          'Each version that changed what its reader sees, bound by hashes to the one before, the latest first, and with ' +
          'the values of the points of Annex XIII that are open to them. `ohmnibus verify` checks it without network; ' +
          'docs/guides/history.md tells how to do that by oneself.',
        refuses: ['passport_unknown', 'version_unknown', 'token_missing'],
        params: One,
        querystring: listQuery({ at: Type.Optional({ ...Instant, description: 'Up to what it was then' }) }),
        response: { 200: ProofView },
      },
    },
    async request => {
      const { params, query, visitor } = request
      const { limit, after } = query
      const at = query.at === undefined ? undefined : timeOf(query.at)
      const { passport, reading } = await readable(host, request, params.id, at)
      const { id, version, category } = passport
      const chain = reading.view
      await noteAccess(db, id, visitor, reading, 'GET /api/passports/:id/proof', now())
      if (await isUnchained(db, id)) await db.transaction(tx => bindNow(tx, id))
      const before = cursorOf(after, isCount)?.[0] as number | undefined
      const { proven, hasMore } = await listProven(db, id, chain, { upTo: version, before, limit })
      const items = proven.map(one => itemOf(chain, one, category, dayOf(now())))
      const next = hasMore ? Buffer.from(JSON.stringify([items.at(-1)!.link.version])).toString('base64url') : null
      const seal = items[0] ? await sealOf(db, { passport: id, chain, version: items[0].link.version }) : null
      return {
        format: 'ohmnibus-history-1' as const,
        passport: id,
        chain,
        items,
        seal: seal as never,
        nextCursor: next,
      }
    },
  )

  http.get(
    '/:id/access-log/proof',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What proves that nothing was taken out of the log of who read a passport, nor put in',
        description:
          'What was read up to the end of each day, bound by hashes to what was read before, the latest first, and sealed ' +
          'in the checkpoint of the day. For who reads what its owner reads. `ohmnibus verify` checks it as it does ' +
          'the history of the passport.',
        refuses: ['passport_unknown'],
        params: One,
        querystring: listQuery({}),
        response: { 200: AccessProofView },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      const passport = visibleTo(actor, await findPassport(db, params.id, actor, undefined, now()))
      const { id } = passport
      await noteWhole(db, passport, actor, 'GET /api/passports/:id/access-log/proof', now())
      const before = cursorOf(after, isCount)?.[0] as number | undefined
      const { links, hasMore } = await listLinks(db, id, limit, before)
      const version = links[0]?.log.number
      const last = links.at(-1)?.log.number
      return {
        format: 'ohmnibus-history-1' as const,
        passport: id,
        chain: 'access' as const,
        items: links.map(({ log, hash }) => accessItemOf(log, hash)),
        seal: version === undefined ? null : ((await sealOf(db, { passport: id, chain: 'access', version })) as never),
        nextCursor: hasMore ? Buffer.from(JSON.stringify([last])).toString('base64url') : null,
      }
    },
  )

  http.get(
    '/checkpoints',
    {
      config: { access: anyone },
      schema: {
        summary: 'Signed checkpoints of all histories, the latest first',
        description: 'Who keeps one can tell later that nothing before it was written anew.',
        querystring: listQuery({}),
        response: { 200: Page(CheckpointView) },
      },
    },
    async ({ query: { limit, after } }) => {
      const before = cursorOf(after, isDay)?.[0] as string | undefined
      return page(await listCheckpoints(db, limit + 1, before), limit, ({ day }) => [day], viewOf)
    },
  )

  http.get(
    '/checkpoints/keys',
    {
      config: { access: anyone },
      schema: {
        summary: 'The public keys that checkpoints are and were signed with',
        response: { 200: KeysView },
      },
    },
    async () => {
      const { jwk } = await sealingKey(host)
      const former = (await listKeys(db)).filter(({ kid }) => kid !== jwk.kid)
      return { keys: [jwk, ...former] as never }
    },
  )

  http.get(
    '/checkpoints/:day',
    {
      config: { access: anyone },
      schema: {
        summary: 'The signed checkpoint of a day',
        description:
          'There is one for each day on which a history moved or more was read than is public, made soon after its end in UTC.',
        refuses: ['checkpoint_unknown'],
        params: Type.Object({ day: Day }),
        response: { 200: CheckpointView },
      },
    },
    async ({ params: { day } }) => viewOf((await findCheckpoint(db, day)) ?? fail('not_found', 'checkpoint_unknown')),
  )
}

const isDay = (key: unknown): boolean => typeof key === 'string' && isInstant(`${key}T00:00:00Z`)

/** Of before there was a history, and not reached by the job yet. */
async function bindNow(tx: Tx, id: string): Promise<void> {
  await tx`select from passports where id = ${id} for update`
  await chainUp(tx, id)
}
