import Type, { type Static } from 'typebox'
import { AdminKey, isOnFor, listSwitches as listSwitchesCall, Switch, SwitchTurned, wordsFor } from '#contracts/admin'
import { Id, Instant } from '#contracts/shared'
import { fresh, Problem, requireMatch, signedIn, withRole } from '#kernel'
import { note } from '../audit/store.ts'
import type { AdminHost, AdminTx } from '../host.ts'
import { requireVersion } from './settings.ts'
import {
  findSwitch,
  listSettings,
  listSwitches,
  lockSwitch,
  switchVersions,
  writeSwitch,
  type Turned,
} from './store.ts'

const config = { access: withRole('admin') }
/** Changes, for which an admin who has a second factor gave it a moment ago. */
const changing = { access: fresh(withRole('admin'), '5 minutes') }
const One = Type.Object({ name: AdminKey })
const Description = Type.String({
  minLength: 1,
  maxLength: 500,
  pattern: '^[^\\u0000]*$',
  examples: ['Sessions can be started from the map.'],
})
const Notice = Type.String({ examples: ['Works on Sunday from 2 to 3.'] })
const { version: Version, ...rules } = Switch.properties

const SwitchView = Type.Object(
  { ...Switch.properties, description: Description, changedBy: Id, changedAt: Instant },
  { title: 'FeatureSwitch' },
)
const view = ({ changedAt, ...turned }: Turned): Static<typeof SwitchView> => ({
  ...turned,
  changedAt: changedAt.toISOString(),
})

/** What is new for some, before it is for all. */
export function switchRoutes(host: AdminHost): void {
  readRoutes(host)
  turnRoutes(host)
  featureRoute(host)
  host.answer(listSwitchesCall, async () => ({ switches: [...(await listSwitches(host.db))] }))
}

function readRoutes({ db, http }: AdminHost): void {
  http.get(
    '/switches',
    {
      config,
      schema: {
        summary: 'All switches, with who turned each last',
        response: { 200: Type.Object({ items: Type.Array(SwitchView) }, { title: 'FeatureSwitches' }) },
      },
    },
    async () => ({ items: (await listSwitches(db)).map(view) }),
  )

  http.get(
    '/switches/:name/history',
    {
      config,
      schema: {
        summary: 'How a switch was turned, the latest first, and by whom',
        refuses: ['switch_unknown'],
        params: One,
        response: {
          200: Type.Object({ items: Type.Array(SwitchView) }, { title: 'FeatureSwitchHistory' }),
        },
      },
    },
    async ({ params }) => {
      if (!(await findSwitch(db, params.name))) throw new Problem('not_found', 'switch_unknown')
      const versions = await switchVersions(db, params.name)
      return { items: versions.map(({ turned, ...about }) => view({ ...turned, ...about })) }
    },
  )
}

function turnRoutes({ db, http, now }: AdminHost): void {
  http.post(
    '/switches',
    {
      config: changing,
      schema: {
        summary: 'Make a switch',
        gives: ['ETag', 'Location'],
        refuses: ['switch_exists'],
        body: Type.Object({ ...rules, description: Description }),
        response: { 201: SwitchView },
      },
    },
    async ({ actor, body }, reply) => {
      const made: Turned = { ...body, version: 1, changedBy: actor.userId, changedAt: now() }
      await db.transaction(tx => turn(tx, made, null))
      reply.code(201).header('location', `/api/admin/switches/${made.name}`).header('etag', '"1"')
      return reply.send(view(made))
    },
  )

  const { name: _, ...changes } = rules
  http.put(
    '/switches/:name',
    {
      config: changing,
      schema: {
        summary: 'Turn a switch',
        description: 'What is left out stays. `version` is the one that was seen: who was slower learns it.',
        honours: ['If-Match'],
        refuses: ['switch_unknown', 'version_behind'],
        params: One,
        body: Type.Object({
          ...Type.Partial(Type.Object({ ...changes, description: Description })).properties,
          version: Version,
        }),
        response: { 200: SwitchView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const turned = await db.transaction(async tx => {
        const there = await lockSwitch(tx, params.name)
        if (!there) throw new Problem('not_found', 'switch_unknown')
        requireMatch(request, there.version)
        requireVersion(there, body.version)
        const next = { ...there, ...body, version: there.version + 1, changedBy: actor.userId, changedAt: now() }
        await turn(tx, next, there)
        return next
      })
      return reply.header('etag', `"${turned.version}"`).send(view(turned))
    },
  )
}

async function turn(tx: AdminTx, next: Turned, before: Turned | null): Promise<void> {
  await writeSwitch(tx, next)
  const { description: _, changedBy, changedAt, ...told } = next
  await tx.publish(SwitchTurned, told)
  await note(tx, changedAt, {
    actorId: changedBy,
    act: 'switch.turned',
    object: next.name,
    details: { before: before && rulesOf(before), after: rulesOf(next), version: next.version },
  })
}

const rulesOf = ({ isOn, shareBasisPoints, only, never }: Turned) => ({ isOn, shareBasisPoints, only, never })

/** What who asks has of it: read where it stands, so that who asks after it was turned sees that. */
function featureRoute({ db, http }: AdminHost): void {
  http.get(
    '/features',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Which switches are on for who asks, and what admins say to everybody',
        description: 'For the organisation one acts for, else for oneself.',
        response: {
          200: Type.Object(
            {
              features: Type.Record(Type.String(), Type.Boolean(), { examples: [{ 'orders.checkout': true }] }),
              notice: Type.Object({ en: Notice, de: Notice }, { description: 'Empty where nothing is said' }),
            },
            { title: 'Features' },
          ),
        },
      },
    },
    async ({ actor }, reply) => {
      const id = actor.organisation?.id ?? actor.userId
      const [switches, settings] = await Promise.all([listSwitches(db), listSettings(db)])
      const values = new Map(settings.map(({ key, value }) => [key, value]))
      const notice = (language: string) => wordsFor('notice', language, key => values.get(key))
      reply.header('cache-control', 'private, no-store')
      return {
        features: Object.fromEntries(switches.map(one => [one.name, isOnFor(one, id)])),
        notice: { en: notice('en'), de: notice('de') },
      }
    },
  )
}
