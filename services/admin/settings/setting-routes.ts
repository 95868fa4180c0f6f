import Type, { type Static } from 'typebox'
import { AdminKey, listSettings as listSettingsCall, SettingChanged, SettingKind, SettingValue } from '#contracts/admin'
import { Id, Instant } from '#contracts/shared'
import { fresh, Problem, requireMatch, withRole, type Actor } from '#kernel'
import { askFor, type CarryOut } from '../approvals/approvals.ts'
import { ApprovalView, Reason, viewFor } from '../approvals/routes.ts'
import { note } from '../audit/store.ts'
import type { AdminHost, AdminTx } from '../host.ts'
import { changed, requireFit, requireVersion, type Setting } from './settings.ts'
import { findSetting, insertSetting, listSettings, lockSetting, settingVersions, updateSetting } from './store.ts'

const config = { access: withRole('admin') }
/** Changes, for which an admin who has a second factor gave it a moment ago. */
const changing = { access: fresh(withRole('admin'), '5 minutes') }
const One = Type.Object({ key: AdminKey })
const Version = Type.Integer({ minimum: 1, examples: [1] })

const SettingView = Type.Object(
  {
    key: AdminKey,
    kind: SettingKind,
    choices: Type.Array(Type.String({ examples: ['en'] })),
    critical: Type.Boolean({ description: 'It takes two admins to change it' }),
    description: Type.String({ examples: ['What stands above every page of the console.'] }),
    value: SettingValue,
    version: Version,
    changedBy: Id,
    changedAt: Instant,
  },
  { title: 'AdminSetting' },
)

const view = ({ changedAt, choices, ...setting }: Setting): Static<typeof SettingView> => ({
  ...setting,
  choices: [...choices],
  changedAt: changedAt.toISOString(),
})

/** What admins set while the platform runs. */
export function settingRoutes(host: AdminHost): void {
  readRoutes(host)
  defineRoute(host)
  changeRoute(host)
  host.answer(listSettingsCall, async () => ({ settings: [...(await listSettings(host.db))] }))
}

function readRoutes({ db, http }: AdminHost): void {
  http.get(
    '/settings',
    {
      config,
      schema: {
        summary: 'All settings, with who changed each last',
        response: { 200: Type.Object({ items: Type.Array(SettingView) }, { title: 'AdminSettings' }) },
      },
    },
    async () => ({ items: (await listSettings(db)).map(view) }),
  )

  http.get(
    '/settings/:key',
    {
      config,
      schema: {
        summary: 'A setting',
        gives: ['ETag'],
        refuses: ['setting_unknown'],
        params: One,
        response: { 200: SettingView },
      },
    },
    async ({ params }, reply) => {
      const setting = known(await findSetting(db, params.key))
      return reply.header('etag', `"${setting.version}"`).send(view(setting))
    },
  )

  http.get(
    '/settings/:key/history',
    {
      config,
      schema: {
        summary: 'Every value a setting had, the latest first, and who gave it',
        refuses: ['setting_unknown'],
        params: One,
        response: {
          200: Type.Object(
            {
              items: Type.Array(
                Type.Object({ version: Version, value: SettingValue, changedBy: Id, changedAt: Instant }),
              ),
            },
            { title: 'AdminSettingHistory' },
          ),
        },
      },
    },
    async ({ params }) => {
      known(await findSetting(db, params.key))
      const items = await settingVersions(db, params.key)
      return { items: items.map(one => ({ ...one, changedAt: one.changedAt.toISOString() })) }
    },
  )
}

function defineRoute({ db, http, now }: AdminHost): void {
  http.post(
    '/settings',
    {
      config: changing,
      schema: {
        summary: 'Define a setting',
        description: 'Its kind, its choices and whether it is critical stay as they are.',
        gives: ['ETag', 'Location'],
        refuses: ['setting_exists', 'setting_value'],
        body: Type.Object({
          key: AdminKey,
          kind: SettingKind,
          choices: Type.Optional(
            Type.Array(Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000]*$', examples: ['en'] }), {
              maxItems: 100,
              uniqueItems: true,
              description: 'Of a `choice`',
              examples: [[]],
            }),
          ),
          critical: Type.Optional(Type.Boolean({ examples: [false] })),
          description: Type.String({
            minLength: 1,
            maxLength: 500,
            pattern: '^[^\\u0000]*$',
            examples: ['What stands above every page of the console.'],
          }),
          value: SettingValue,
        }),
        response: { 201: SettingView },
      },
    },
    async ({ actor, body }, reply) => {
      const at = now()
      const by = { version: 1, changedBy: actor.userId, changedAt: at }
      const setting: Setting = { choices: [], critical: false, ...body, ...by }
      requireFit(setting, setting.value)
      await db.transaction(async tx => {
        await insertSetting(tx, setting)
        await tell(tx, at, actor.userId, 'setting.defined', setting, null)
      })
      reply.code(201).header('location', `/api/admin/settings/${setting.key}`).header('etag', '"1"')
      return reply.send(view(setting))
    },
  )
}

function changeRoute({ db, http, now }: AdminHost): void {
  http.put(
    '/settings/:key',
    {
      config: changing,
      schema: {
        summary: 'Give a setting another value',
        description:
          '`version` is the one that was seen: who was slower learns it. Of a critical one a second admin is asked, ' +
          'and `reason` tells them why.',
        honours: ['If-Match'],
        refuses: ['setting_unknown', 'version_behind', 'setting_value', 'reason_missing', 'approval_asked'],
        params: One,
        body: Type.Object({ value: SettingValue, version: Version, reason: Type.Optional(Reason) }),
        response: { 200: SettingView, 202: ApprovalView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const at = now()
      const done = await db.transaction(async tx => {
        const there = known(await lockSetting(tx, params.key))
        requireMatch(request, there.version)
        if (!there.critical) return { setting: await change(tx, there, body, actor, at) }
        requireVersion(there, body.version)
        requireFit(there, body.value)
        if (body.reason === undefined)
          throw new Problem('unprocessable', 'reason_missing', {
            errors: [{ pointer: '/reason', detail: 'is required of a critical setting: a second admin reads it' }],
          })
        const { reason, ...payload } = body
        const wanted = { act: 'setting.change', object: there.key, payload, reason } as const
        return { setting: there, approval: await askFor(tx, at, actor, wanted) }
      })
      reply.header('etag', `"${done.setting.version}"`)
      return done.approval ? reply.code(202).send(viewFor(actor)(done.approval)) : reply.send(view(done.setting))
    },
  )
}

/** A critical setting gets the value that two admins agreed on, unless somebody changed it since. */
export const changeSetting =
  ({ now }: AdminHost): CarryOut =>
  async (tx, approval) => {
    const there = await lockSetting(tx, approval.object)
    const wanted = approval.payload as { value: Setting['value']; version: number }
    if (there?.version !== wanted.version)
      return { ...approval, state: 'failed', outcome: { refusal: 'version_behind', version: there?.version ?? null } }
    const { version } = await change(tx, there, wanted, { userId: approval.askedBy }, now())
    return { ...approval, state: 'done', outcome: { version } }
  }

async function change(
  tx: AdminTx,
  there: Setting,
  wanted: { value: Setting['value']; version: number },
  actor: Pick<Actor, 'userId'>,
  at: Date,
): Promise<Setting> {
  const setting = changed(there, wanted, actor.userId, at)
  await updateSetting(tx, setting)
  await tell(tx, at, actor.userId, 'setting.changed', setting, there)
  return setting
}

async function tell(
  tx: AdminTx,
  at: Date,
  actorId: string,
  act: string,
  { key, kind, value, version }: Setting,
  before: Setting | null,
): Promise<void> {
  await tx.publish(SettingChanged, { key, kind, value, version })
  await note(tx, at, { actorId, act, object: key, details: { before: before?.value ?? null, after: value, version } })
}

const known = (setting: Setting | undefined): Setting => {
  if (!setting) throw new Problem('not_found', 'setting_unknown')
  return setting
}
