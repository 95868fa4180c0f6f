import Type from 'typebox'
import { ownerFor, Problem, signedIn, type Actor, type Db, type Tx } from '#kernel'
import type { Owner } from '#contracts/shared'
import type { PassportsHost } from '../host.ts'

/** What an owner decided about their passports. */
export interface Settings {
  /** `block` publishes nothing that lacks what is mandatory; `tell` says what is missing in its answer. */
  readonly publication: 'tell' | 'block'
}

const untouched: Settings = { publication: 'tell' }

export async function settingsOf(db: Db, ownerId: string): Promise<Settings> {
  const [row] = await db<Settings[]>`select publication from settings where owner_id = ${ownerId}`
  return row ?? untouched
}

async function keepSettings(tx: Tx, owner: Owner, { publication }: Settings, at: Date): Promise<void> {
  await tx`
    insert into settings (owner_id, owner_kind, publication, updated_at)
    values (${owner.id}, ${owner.kind}, ${publication}, ${at})
    on conflict (owner_id) do update set publication = excluded.publication, updated_at = excluded.updated_at`
}

const SettingsView = Type.Object(
  {
    publication: Type.Enum(['tell', 'block'], {
      description: '`block`: what lacks a mandatory value is not published; `tell`: the answer names it',
      examples: ['block'],
    }),
  },
  { title: 'PassportSettings' },
)

/** Fails with `editor_required` for who is neither owner nor admin of the organisation that they act for. */
function decidesFor(actor: Actor): Owner {
  const owner = ownerFor(actor)
  if (actor.organisation && actor.organisation.role === 'editor')
    throw new Problem('forbidden', 'editor_required', {
      detail: 'An owner or an admin of the organisation decides this; its editors do not.',
    })
  return owner
}

/** What holds for all passports of oneself, or of the organisation that one acts for. */
export function settingRoutes({ http, db, now }: PassportsHost): void {
  http.get(
    '/settings',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What was decided about all passports of oneself or of the organisation',
        response: { 200: SettingsView },
      },
    },
    async ({ actor }) => await settingsOf(db, actor.organisation?.id ?? actor.userId),
  )

  http.patch(
    '/settings',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Decide whether passports are published that lack what the law makes mandatory',
        description: 'By an owner or an admin of the organisation. What is not named stays.',
        refuses: ['editor_required'],
        body: Type.Partial(SettingsView, { additionalProperties: false, minProperties: 1 }),
        response: { 200: SettingsView },
      },
    },
    async ({ actor, body }) => {
      const owner = decidesFor(actor)
      return await db.transaction(async tx => {
        const settings = { ...(await settingsOf(tx, owner.id)), ...body }
        await keepSettings(tx, owner, settings, now())
        return settings
      })
    },
  )
}
