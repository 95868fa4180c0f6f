import Type, { type Static } from 'typebox'
import { PassportStatus } from '#contracts/passports'
import { EventActor, Id, Instant, Owner } from '#contracts/shared'
import { sees } from '#law'
import type { Db } from '#kernel'
import { reachOfView } from '../audiences/views.ts'
import { accessLinkOf, saltIn, type Log } from './access.ts'
import { linkHashAt } from './access-store.ts'
import { linkOf, partsOf, saidOf, saltOf, type Chain, type Part } from './chain.ts'
import { rootOf, segment, wayFrom } from './merkle.ts'
import { findCheckpoint, findSeal } from './seals.ts'
import { hashAt, type Proven } from './store.ts'

const Hash = Type.String({
  pattern: '^[0-9a-f]{64}$',
  maxLength: 64,
  examples: ['9f86d081884c7d659a2feaa0c55ad015'.repeat(2)],
})
const Version = Type.Integer({ minimum: 1, examples: [1] })
const ChainName = Type.Enum(['owner', 'public', 'authority', 'interest', 'both'], {
  description: 'Whose history: each has the versions that changed what it shows',
  examples: ['public'],
})

const AccessName = Type.Literal('access')

const LinkView = Type.Object(
  {
    passport: Id,
    chain: ChainName,
    version: Version,
    at: Instant,
    status: PassportStatus,
    actor: Type.Optional({ ...Hash, description: 'A digest of who made it' }),
    reason: Type.Optional(Type.String()),
    owner: Type.Optional(Owner),
    parent: Type.Optional(Type.Object({ id: Id, version: Version })),
    roots: Type.Record(Type.String(), Hash, {
      description: 'SHA-256 over the salt and the values, by point of Annex XIII; `own` over all that was given',
    }),
    previous: Type.Union([Hash, Type.Null()]),
  },
  { title: 'HistoryLink' },
)

const sealView = (chain: typeof ChainName | typeof AccessName, title: string) =>
  Type.Object(
    {
      day: Type.String({ format: 'date', examples: ['2027-02-18'] }),
      leaf: Type.Object({ passport: Id, chain, version: Version, hash: Hash }),
      way: Type.Array(Type.Object({ side: Type.Enum(['left', 'right']), hash: Hash }), {
        description: 'Neighbours from the leaf to the root (RFC 6962)',
      }),
      jws: Type.String({ description: 'The checkpoint, signed' }),
    },
    { title },
  )

export const ProofView = Type.Object(
  {
    format: Type.Literal('ohmnibus-history-1'),
    passport: Id,
    chain: ChainName,
    items: Type.Array(
      Type.Object(
        {
          link: LinkView,
          hash: { ...Hash, description: 'SHA-256 of the link as RFC 8785 writes it' },
          disclosed: Type.Array(
            Type.Object({
              part: Type.Enum(['own', '1', '2', '3', '4'], {
                description: 'A point of Annex XIII, or all that was given',
              }),
              salt: Type.String(),
              said: Type.Unknown({ description: 'Values by attribute; of `own` the data, as the text that was given' }),
            }),
          ),
          actor: Type.Optional(EventActor),
        },
        { title: 'HistoryItem' },
      ),
    ),
    seal: Type.Union([sealView(ChainName, 'HistorySeal'), Type.Null()], {
      description: 'That the latest version that is sealed stands in the checkpoint of a day; null until there is one',
    }),
    nextCursor: Type.Union([Type.String(), Type.Null()]),
  },
  { title: 'PassportProof' },
)

export const AccessProofView = Type.Object(
  {
    format: Type.Literal('ohmnibus-history-1'),
    passport: Id,
    chain: AccessName,
    items: Type.Array(
      Type.Object(
        {
          link: Type.Object(
            {
              passport: Id,
              chain: AccessName,
              version: { ...Version, description: 'Counts the links of the log' },
              at: { ...Instant, description: 'The end of the day that it was sealed with' },
              roots: Type.Object({ entries: Hash }),
              previous: Type.Union([Hash, Type.Null()]),
            },
            { title: 'AccessLink' },
          ),
          hash: { ...Hash, description: 'SHA-256 of the link as RFC 8785 writes it' },
          disclosed: Type.Array(
            Type.Object({
              part: Type.Literal('entries'),
              salt: Type.String(),
              said: Type.Array(
                Type.Object(
                  {
                    reader: Id,
                    organisation: Type.Optional(Id),
                    document: Type.Optional(Id),
                    audience: Type.String({ examples: ['authority'] }),
                    purpose: Type.Optional(Type.String({ examples: ['treatment'] })),
                    points: Type.Optional(Type.Array(Type.Integer({ examples: [1] }))),
                    route: Type.String({ examples: ['GET /api/passports/:id'] }),
                    at: Instant,
                  },
                  { title: 'AccessEntry' },
                ),
              ),
            }),
          ),
        },
        { title: 'AccessProofItem' },
      ),
    ),
    seal: Type.Union([sealView(AccessName, 'AccessSeal'), Type.Null()], {
      description:
        'That the latest link stands in the checkpoint of its day; null where nothing was read up to a day that is over',
    }),
    nextCursor: Type.Union([Type.String(), Type.Null()]),
  },
  { title: 'PassportAccessProof' },
)

/** A link of the log of who read, with the rows that are there now. */
export const accessItemOf = (log: Log, hash: string) => ({
  link: accessLinkOf(log),
  hash,
  disclosed: [{ part: 'entries' as const, salt: saltIn(log), said: [...log.entries] }],
})

type ProofItem = Static<typeof ProofView>['items'][number]

/**
 * A version with what is needed to check it. Values are there as far as whoever has this history may see them by the law of
 * today; where one of a point is not theirs any more its root stands alone.
 */
export function itemOf(chain: Chain, { kept, hash, previous }: Proven, category: string | null, on: string): ProofItem {
  const { actorId, actorRole, salts } = kept
  const isOpen = (part: Part, said: unknown): boolean =>
    said !== undefined &&
    (chain === 'owner' || Object.keys(said as object).every(id => sees(reachOfView(chain), id, category, on)))
  const disclosed = partsOf[chain]
    .map(part => ({ part, said: saidOf(kept, part) }))
    .filter(({ part, said }) => isOpen(part, said))
    .map(({ part, said }) => ({ part, salt: saltOf(salts, part), said }))
  return {
    link: linkOf(chain, kept, previous) as ProofItem['link'],
    hash,
    disclosed,
    ...(chain === 'owner' && { actor: { userId: actorId, role: actorRole } as ProofItem['actor'] }),
  }
}

/** Where the latest of these versions that a checkpoint has stands in its tree. */
export async function sealOf(
  db: Db,
  { passport, chain, version }: { passport: string; chain: Chain | 'access'; version: number },
) {
  const seal = await findSeal(db, passport, chain, version)
  const checkpoint = seal && (await findCheckpoint(db, seal.day))
  const kept = (number: number) =>
    chain === 'access' ? linkHashAt(db, passport, number) : hashAt(db, passport, chain, number)
  const hash = seal && (await kept(seal.version))
  if (!checkpoint || !hash) return null
  const { segments } = checkpoint
  const roots = Array.from({ length: segments.length / 32 }, (_, at) => segments.subarray(32 * at, 32 * at + 32))
  const place = Math.floor(seal.place / segment)
  // As the leaves are kept: one that was changed afterwards leads to no root that was signed.
  roots[place] = rootOf(seal.leaves)
  const way = [...wayFrom(seal.place % segment, seal.leaves), ...wayFrom(place, roots)]
  return {
    day: seal.day,
    leaf: { passport, chain, version: seal.version, hash },
    way,
    jws: checkpoint.jws,
  }
}
