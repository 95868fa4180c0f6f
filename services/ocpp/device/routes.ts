import Type, { type Static } from 'typebox'
import { ChargerId } from '#contracts/ocpp'
import { Id, Instant } from '#contracts/shared'
import {
  Count,
  counted,
  countQuery,
  createdIn,
  cursorOf,
  isCount,
  isId,
  isText,
  listQuery,
  listRoutes,
  mostCounted,
  Page,
  page,
  withRole,
  type Actor,
} from '#kernel'
import { manageable } from '../access.ts'
import { findCharger, type Charger } from '../chargers/store.ts'
import { refusals, type CallCharger } from '../commands/call.ts'
import type { OcppHost } from '../host.ts'
import {
  countVariables,
  keysOf,
  listAlerts,
  listMonitors,
  listNotices,
  listProfiles,
  listVariables,
  type StoredAlert,
  type StoredMonitor,
  type StoredNotice,
  type StoredProfile,
  type StoredVariable,
  type VariableKeys,
  type WantedVariables,
} from './lists.ts'
import { Name, Setting, setVariables } from './set.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const Named = {
  component: nullable({ ...Name, description: 'Null for a configuration key of 1.6', examples: ['OCPPCommCtrlr'] }),
  componentInstance: nullable(Name),
  evse: nullable(Type.Integer({ minimum: 1 })),
  connector: nullable(Type.Integer({ minimum: 1 })),
  variable: { ...Name, examples: ['HeartbeatInterval'] },
  variableInstance: nullable(Name),
}

const VariableView = Type.Object(
  {
    ...Named,
    attribute: Type.String({ description: 'Actual, Target, MinSet or MaxSet', examples: ['Actual'] }),
    value: nullable(Type.String({ examples: ['300'] })),
    mutability: nullable(Type.String({ description: 'ReadOnly, WriteOnly or ReadWrite', examples: ['ReadWrite'] })),
    persistent: nullable(Type.Boolean()),
    constant: nullable(Type.Boolean()),
    dataType: nullable(Type.String({ examples: ['integer'] })),
    unit: nullable(Type.String({ examples: ['s'] })),
    minLimit: nullable(Type.Number()),
    maxLimit: nullable(Type.Number()),
    valuesList: nullable(Type.String()),
    supportsMonitoring: nullable(Type.Boolean()),
    waitsForReboot: Type.Boolean({ description: 'It took `waiting`, which holds from its next start on' }),
    waiting: nullable(Type.String()),
    reportedAt: Instant,
  },
  { title: 'ChargerVariable' },
)

const MonitorView = Type.Object(
  {
    id: Type.Integer({ examples: [1] }),
    ...Named,
    type: Type.String({ examples: ['UpperThreshold'] }),
    value: Type.Number({ examples: [60] }),
    severity: Type.Integer({ description: 'From 0 (danger) to 9 (debug)', examples: [4] }),
    transaction: Type.Boolean({ description: 'Only while something charges' }),
    kind: nullable(Type.String({ examples: ['CustomMonitor'] })),
    reportedAt: Instant,
  },
  { title: 'ChargerMonitor' },
)

const AlertView = Type.Object(
  {
    id: Id,
    kind: Type.Enum(['monitoring', 'security'], { examples: ['security'] }),
    type: Type.String({ examples: ['TamperDetectionActivated'] }),
    ...Named,
    variable: nullable(Name),
    value: nullable(Type.String()),
    severity: nullable(Type.Integer()),
    cleared: Type.Boolean(),
    code: nullable(Type.String()),
    info: nullable(Type.String()),
    at: Instant,
    receivedAt: Instant,
  },
  { title: 'ChargerAlert' },
)

const AnyObject = Type.Unsafe<Record<string, unknown>>(Type.Object({}, { additionalProperties: true }))

const ProfileView = Type.Object(
  {
    id: Type.Integer({ examples: [7] }),
    evse: Type.Integer({ description: '0 is the whole charger', examples: [1] }),
    source: Type.String({ examples: ['CSO'] }),
    profile: { ...AnyObject, description: 'As OCPP has it' },
    reportedAt: Instant,
  },
  { title: 'ChargingProfile' },
)

const NoticeView = Type.Object(
  {
    topic: Type.String({ examples: ['firmware'] }),
    key: Type.String({ examples: [''] }),
    data: { ...AnyObject, description: 'As the charger said or took it' },
    at: Instant,
  },
  { title: 'ChargerNotice' },
)

const SetResult = Type.Object(
  {
    variable: Name,
    status: Type.String({
      description: 'As the charger answered; `Failed` where there was no answer to this one',
      examples: ['Accepted'],
    }),
    reason: nullable(Type.String()),
  },
  { title: 'ChargerVariableResult' },
)

const One = Type.Object({ id: ChargerId })
const variableFilters = {
  search: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'In names and values' })),
  component: Type.Optional(Name),
  evse: Type.Optional(Type.Integer({ minimum: 0 })),
  waiting: Type.Optional(Type.Boolean({ description: 'Only those that wait for a reboot, or those that do not' })),
}
const config = { access: withRole('operator') }

export function deviceRoutes(host: OcppHost, call: CallCharger): void {
  const { http, db } = host
  const readable = async (actor: Actor, id: string): Promise<Charger> =>
    manageable(actor, 'read', await findCharger(db, id), 'charger_unknown')
  const wanted = (chargerId: string, query: Omit<WantedVariables, 'chargerId'>): WantedVariables => ({
    ...query,
    chargerId,
  })

  http.get(
    '/chargers/:id/variables',
    {
      config,
      schema: {
        summary: 'What a charger is made of and how it is set, by name',
        refuses: ['charger_unknown'],
        params: One,
        querystring: listQuery(variableFilters),
        response: { 200: Page(VariableView) },
      },
    },
    async ({ actor, params, query: { limit, after, ...filters } }) => {
      await readable(actor, params.id)
      const cursor = cursorOf(after, isText, isText, isCount, isCount, isText, isText, isText)
      const rows = await listVariables(db, wanted(params.id, filters), limit + 1, cursor as VariableKeys | undefined)
      return page(rows, limit, keysOf, variableView)
    },
  )

  http.get(
    '/chargers/:id/variables/count',
    {
      config,
      schema: {
        summary: 'How many variables a list has',
        refuses: ['charger_unknown'],
        params: One,
        querystring: countQuery(variableFilters),
        response: { 200: Count },
      },
    },
    async ({ actor, params, query }) => {
      await readable(actor, params.id)
      return counted(await countVariables(db, wanted(params.id, query), mostCounted + 1))
    },
  )

  http.put(
    '/chargers/:id/variables',
    {
      config,
      schema: {
        summary: 'Set variables of a charger, and hear what it made of each',
        description: 'By ChangeConfiguration in 1.6, by SetVariables in 2.x.',
        refuses: ['charger_unknown', 'editor_required', ...refusals],
        params: One,
        body: Type.Object({ variables: Type.Array(Setting, { minItems: 1, maxItems: 50 }) }),
        response: { 200: Type.Object({ results: Type.Array(SetResult) }, { title: 'ChargerVariablesSet' }) },
      },
    },
    async ({ actor, params, body }) => {
      const charger = manageable(actor, 'write', await findCharger(db, params.id), 'charger_unknown')
      const send = (action: string, payload: object) => call({ actor }, charger, action, payload)
      return { results: await setVariables(db, charger, body.variables, send) }
    },
  )

  http.get(
    '/chargers/:id/monitors',
    {
      config,
      schema: {
        summary: 'What a charger watches of its variables',
        refuses: ['charger_unknown'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(MonitorView) },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      await readable(actor, params.id)
      const rows = await listMonitors(db, params.id, limit + 1, Number(cursorOf(after, isCount)?.[0] ?? -1))
      return page(rows, limit, ({ id }) => [id], monitorView)
    },
  )

  listRoutes(http, db, '/chargers/:id/alerts', {
    config,
    schema: {
      summary: 'What a charger noticed, the newest first',
      of: 'alerts',
      refuses: ['charger_unknown'],
      params: One,
      filters: {
        kind: Type.Optional(AlertView.properties.kind),
        type: Type.Optional(Type.String({ maxLength: 50 })),
      },
      item: AlertView,
    },
    wanted: async ({ actor, params, query }) => {
      await readable(actor, params.id)
      return { chargerId: params.id, kind: query.kind, type: query.type, created: createdIn(query) }
    },
    rows: (wanted, limit, after) => listAlerts(db, wanted, limit, after?.[0] as string | undefined),
    order: [isId],
    keysOf: ({ id }) => [id],
    view: alertView,
  })

  http.get(
    '/chargers/:id/charging-profiles',
    {
      config,
      schema: {
        summary: 'Charging profiles that a charger has, as it reported or took them',
        description: 'GetChargingProfiles with an empty `chargingProfile` has it report all there are (2.x).',
        refuses: ['charger_unknown'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(ProfileView) },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      await readable(actor, params.id)
      const cursor = (cursorOf(after, Number.isInteger as typeof isCount, isCount) ?? [-(2 ** 31), 0]) as [
        number,
        number,
      ]
      const rows = await listProfiles(db, params.id, limit + 1, cursor)
      return page(rows, limit, ({ id, evse }) => [id, evse], profileView)
    },
  )

  http.get(
    '/chargers/:id/notices',
    {
      config,
      schema: {
        summary: 'The last that a charger said of its firmware, of limits, of messages it shows, and the like',
        description: 'Topic `network-profile` has what it took for each slot of its network (2.x), without passwords.',
        refuses: ['charger_unknown'],
        params: One,
        querystring: listQuery({ topic: Type.Optional(Type.String({ maxLength: 50, examples: ['firmware'] })) }),
        response: { 200: Page(NoticeView) },
      },
    },
    async ({ actor, params, query: { limit, after, topic } }) => {
      await readable(actor, params.id)
      const cursor = cursorOf(after, isText, isText) as [string, string] | undefined
      const rows = await listNotices(db, params.id, topic, limit + 1, cursor)
      return page(rows, limit, row => [row.topic, row.key], noticeView)
    },
  )
}

const named = (row: { [K in keyof StoredAlert]?: StoredAlert[K] }) => ({
  component: row.component || null,
  componentInstance: row.component_instance || null,
  evse: row.evse || null,
  connector: row.connector || null,
  variableInstance: row.variable_instance || null,
})

const variableView = (row: StoredVariable): Static<typeof VariableView> => ({
  ...named(row),
  variable: row.variable,
  attribute: row.attribute,
  value: row.value,
  mutability: row.mutability,
  persistent: row.persistent,
  constant: row.constant,
  dataType: row.data_type,
  unit: row.unit,
  minLimit: row.min_limit,
  maxLimit: row.max_limit,
  valuesList: row.values_list,
  supportsMonitoring: row.monitored,
  waitsForReboot: row.waiting_at !== null,
  waiting: row.waiting,
  reportedAt: row.reported_at.toISOString(),
})

const monitorView = ({ id, type, value, severity, transaction, kind, ...row }: StoredMonitor) => ({
  id,
  ...named(row),
  variable: row.variable,
  type,
  value,
  severity,
  transaction,
  kind,
  reportedAt: row.reported_at.toISOString(),
})

const alertView = (row: StoredAlert): Static<typeof AlertView> => ({
  ...named(row),
  id: row.id,
  kind: row.kind,
  type: row.type,
  variable: row.variable,
  value: row.value,
  severity: row.severity,
  cleared: row.cleared,
  code: row.code,
  info: row.info,
  at: row.at.toISOString(),
  receivedAt: row.received_at.toISOString(),
})

const profileView = ({ id, evse, source, profile, reported_at: at }: StoredProfile) => ({
  id,
  evse,
  source,
  profile,
  reportedAt: at.toISOString(),
})

const noticeView = ({ topic, key, data, at }: StoredNotice) => ({
  topic,
  key,
  data: data as Record<string, unknown>,
  at: at.toISOString(),
})
