import Type from 'typebox'
import { ownerFor, Problem, signedIn, type Actor } from '#kernel'
import type { Owner } from '#contracts/shared'
import type { PassportsHost } from '../host.ts'
import { assessesOwners } from './checking.ts'
import { ownHost } from './hosts.ts'
import { keepSettings, settingsOf } from './settings-store.ts'

const SettingsView = Type.Object(
  {
    publication: Type.Enum(['tell', 'block'], {
      description: '`block`: what lacks a mandatory value is not published; `tell`: the answer names it',
      examples: ['tell'],
    }),
    dueDiligence: Type.Unsafe<'owed' | 'not_owed' | null>({
      enum: ['owed', 'not_owed', null],
      description:
        'Whether they owe due diligence as economic operators (Art. 47 and 48), as they declare it; null where nothing is declared',
      examples: ['owed'],
    }),
    publicHost: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      maxLength: 253,
      description:
        'A host of the organisation’s own, which links and codes of its passports name in place of `PUBLIC_URL`: a domain that it ' +
        'has proven (POST /api/auth/organisations/:id/domains), or one below. It has to lead here. null for none',
      examples: [null],
    }),
  },
  { title: 'PassportSettings' },
)

/** Fails with `editor_required` for who is neither owner nor admin of the organisation that they act for. */
export function decidesFor(actor: Actor): Owner {
  const owner = ownerFor(actor)
  if (actor.organisation && actor.organisation.role === 'editor')
    throw new Problem('forbidden', 'editor_required', {
      detail: 'An owner or an admin of the organisation decides this; its editors do not.',
    })
  return owner
}

/** What holds for all passports of oneself, or of the organisation that one acts for. */
export function settingRoutes(host: PassportsHost): void {
  const { http, db, now } = host
  const assess = assessesOwners(host)
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
        summary: 'Decide whether passports are published that lack something mandatory, and declare what one owes',
        description: 'By an owner or an admin of the organisation. What is not named stays.',
        refuses: ['editor_required', 'host_unproven'],
        body: Type.Partial(SettingsView, {
          additionalProperties: false,
          minProperties: 1,
          examples: [{ publication: 'tell', dueDiligence: 'owed' }],
        }),
        response: { 200: SettingsView },
      },
    },
    async ({ actor, body }) => {
      const owner = decidesFor(actor)
      const named = body.publicHost ? { publicHost: await ownHost(host, owner, body.publicHost) } : {}
      return await db.transaction(async tx => {
        const former = await settingsOf(tx, owner.id)
        const settings = { ...former, ...body, ...named }
        await keepSettings(tx, owner, settings, now())
        // What is owed decides about each of their passports.
        if (settings.dueDiligence !== former.dueDiligence) await tx.enqueue(assess, { ownerId: owner.id, after: null })
        return settings
      })
    },
  )
}
