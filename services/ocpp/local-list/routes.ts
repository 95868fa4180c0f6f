import Type from 'typebox'
import { ChargerId } from '#contracts/ocpp'
import { Instant } from '#contracts/shared'
import { cursorOf, isText, listQuery, Page, page, withRole } from '#kernel'
import { manageable } from '../access.ts'
import { findCharger } from '../chargers/store.ts'
import type { OcppHost } from '../host.ts'
import { countEntries, findList, listEntries, putList, type Entry } from './store.ts'
import type { SyncList } from './sync.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const Wish = {
  enabled: Type.Boolean({ description: 'One that is not is emptied', examples: [true] }),
  scope: Type.Enum(['owner', 'all'], {
    description: 'Tokens of the owner of the charger, or all',
    examples: ['owner'],
  }),
}

const ListView = Type.Object(
  {
    ...Wish,
    version: Type.Integer({ description: 'Of the list that the charger has; 0 for none', examples: [3] }),
    state: Type.Enum(['waiting', 'current', 'refused'], {
      description: '`refused` where the charger keeps no list',
      examples: ['current'],
    }),
    said: nullable(Type.String({ description: 'What became of it last', examples: ['Accepted'] })),
    entries: Type.Integer({ description: 'How many it holds', examples: [120] }),
    syncedAt: nullable(Instant),
  },
  { title: 'LocalList' },
)

const EntryView = Type.Object(
  {
    idToken: Type.String({ examples: ['04A2B9C1D2E380'] }),
    type: Type.String({ examples: ['ISO14443'] }),
    status: Type.Enum(['accepted', 'blocked'], { examples: ['accepted'] }),
    expiresAt: nullable(Instant),
    groupId: nullable(Type.String()),
  },
  { title: 'LocalListEntry' },
)

const One = Type.Object({ id: ChargerId })
const config = { access: withRole('operator') }

export function localListRoutes(host: OcppHost, sync: SyncList): void {
  const { http, db } = host

  async function view(chargerId: string) {
    const none = { enabled: false, scope: 'owner', version: 0, state: 'current', said: null, syncedAt: null } as const
    const { syncedAt, ...list } = (await findList(db, chargerId)) ?? none
    return { ...list, entries: await countEntries(db, chargerId), syncedAt: syncedAt?.toISOString() ?? null }
  }

  http.get(
    '/chargers/:id/local-list',
    {
      config,
      schema: {
        summary: 'The list of tokens that a charger keeps for when it is offline',
        refuses: ['charger_unknown'],
        params: One,
        response: { 200: ListView },
      },
    },
    async ({ actor, params }) => {
      manageable(actor, 'read', await findCharger(db, params.id), 'charger_unknown')
      return await view(params.id)
    },
  )

  http.put(
    '/chargers/:id/local-list',
    {
      config,
      schema: {
        summary: 'Have the list of a charger kept as the tokens are, or emptied',
        description: 'It is sent at once where the charger is connected, and by what differs whenever tokens change.',
        refuses: ['charger_unknown', 'editor_required'],
        params: One,
        body: Type.Object(Wish),
        response: { 200: ListView },
      },
    },
    async ({ actor, params: { id: chargerId }, body }) => {
      manageable(actor, 'write', await findCharger(db, chargerId), 'charger_unknown')
      await db.transaction(async tx => {
        await putList(tx, { chargerId, ...body })
        await tx.enqueue(sync, { chargerId }, { key: chargerId })
      })
      return await view(chargerId)
    },
  )

  http.get(
    '/chargers/:id/local-list/entries',
    {
      config,
      schema: {
        summary: 'What the list of a charger holds',
        refuses: ['charger_unknown'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(EntryView) },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      manageable(actor, 'read', await findCharger(db, params.id), 'charger_unknown')
      const rows = await listEntries(db, params.id, limit + 1, cursorOf(after, isText)?.[0] as string | undefined)
      return page(rows, limit, ({ idToken }) => [idToken], entryView)
    },
  )
}

const entryView = ({ expiresAt, ...entry }: Entry) => ({ ...entry, expiresAt: expiresAt?.toISOString() ?? null })
