import planned from 'schema:post /api/ocpp/firmware-campaigns'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Read } from '../../blocks/data.tsx'
import { Detail, Facts, type Act } from '../../blocks/detail.tsx'
import { Doing } from '../../blocks/doing.tsx'
import { at, listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import type { Schema } from '../../blocks/schema.ts'
import { Editor, WayButton } from '../../blocks/screens.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { fill, useTexts } from '../../texts/texts.tsx'
import { useDeviceTexts } from './device-texts.ts'

type CampaignAnswer = components['schemas']['FirmwareCampaign']

const all = '/api/ocpp/firmware-campaigns'
const one = `${all}/{id}` as const

const numbersOf = ({ updates }: CampaignAnswer) => ({
  count: Object.values(updates).reduce((sum, each) => sum + each, 0),
  done: updates.installed,
  failed: updates.failed,
})

export function Campaigns() {
  const texts = useTexts()
  const own = useDeviceTexts()
  const create = <WayButton to="/firmware/new" name={() => own.newCampaign} />
  const list = listOf(all, {
    columns: [
      ...plain('name state:state'),
      { id: 'progress', value: row => fill(own.installed, numbersOf(row)) },
      ...plain('startsAt:instant createdAt:instant? endedAt:instant'),
    ],
    open: ({ id }) => `/firmware/${id}`,
    empty: () => ({ title: texts.charging.firmware, text: own.emptyCampaigns }),
    begin: create,
    every: 5_000,
  })
  return (
    <Screen title={texts.charging.firmware} acts={create}>
      <List list={list} />
    </Screen>
  )
}

type Names = ReturnType<typeof useDeviceTexts>['plan']

/** Its fields as they are called here. */
export const titled = (schema: Schema, names: Names): Schema => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([field, each]) => [
      field,
      { ...(each.properties ? titled(each, names) : each), title: names[field as keyof Names] },
    ]),
  ),
})

const { name, firmware, chargers: _, share, stopAfter, ...times } = planned.properties!
const text: Schema = { type: 'string', maxLength: 50 }
const pace = { type: 'object', properties: { share: share!, stopAfter: stopAfter! } }

/** The plan as the API takes it, but for the chargers, who are named or have something in common. */
const planOf = (names: Names): Schema => {
  const ids: Schema = { type: 'array', items: text, description: names.chargersText }
  const group = { ids, vendor: text, model: text, now: text }
  const properties = { name: name!, firmware: firmware!, ...group, ...times, ...pace.properties }
  return titled({ ...planned, required: ['name', 'firmware'], properties }, names)
}

interface Plan extends Record<string, unknown> {
  readonly ids?: readonly string[]
  readonly vendor?: string
  readonly model?: string
  readonly now?: string
}

const sent = ({ ids = [], vendor, model, now, ...rest }: Plan) => ({
  ...rest,
  // Who says nothing of them does not mean all there are.
  chargers: ids.length > 0 || !(vendor || model || now) ? ids : { vendor, model, firmware: now },
})

const begun = { data: { share: 10, stopAfter: 3 } }

export function NewCampaign() {
  const texts = useTexts()
  const own = useDeviceTexts()
  const navigate = useNavigate()
  const schema = useMemo(() => planOf(own.plan), [own])
  return (
    <Screen title={own.newCampaign} within={texts.charging.firmware}>
      <Editor
        name={all}
        schema={schema}
        initial={begun}
        button={texts.form.create}
        save={async (plan, headers) =>
          (await ask<CampaignAnswer>('POST', all, { body: sent(plan as Plan), headers })).data
        }
        saved={campaign => void navigate({ to: `/firmware/${campaign.id}` })}
      />
    </Screen>
  )
}

export function Campaign() {
  const { id } = useParams({ strict: false }) as { id: string }
  return (
    <Read path={one} params={{ id }} every={5_000}>
      {campaign => <Shown campaign={campaign} />}
    </Read>
  )
}

function Shown({ campaign }: { campaign: CampaignAnswer }) {
  const texts = useTexts()
  const own = useDeviceTexts()
  const { id, name, state, version, firmware, startsAt, from, to, share, stopAfter, createdAt, endedAt } = campaign
  const path = at(one, { id })
  const change = (body: object) => ask('PUT', path, { body, headers: { 'if-match': `"${version}"` } })
  const isOpen = state !== 'done' && state !== 'cancelled'
  const acts: Act[] = [
    state === 'running'
      ? { name: () => own.pause, run: () => change({ state: 'paused' }) }
      : { name: () => own.resume, run: () => change({ state: 'running' }) },
    { name: () => own.cancel, warns: () => own.cancelText, run: () => change({ state: 'cancelled' }) },
  ]
  return (
    <Detail
      title={name}
      list={{ to: '/firmware', name: texts.charging.firmware }}
      id={id}
      path={path}
      state={state}
      acts={isOpen ? acts : []}
      links={isOpen && <Doing name={own.pace} schema={titled(pace, own.plan)} save={({ body }) => change(body)} />}
      tabs={[
        { id: 'chargers', name: texts.charging.chargers, content: () => <List list={updatesOf(id)} embedded /> },
        {
          id: 'plan',
          name: own.plan.title,
          content: () => (
            <Facts
              facts={[
                { id: 'progress', value: fill(own.installed, numbersOf(campaign)) },
                { id: 'firmware', value: firmware.location },
                { id: 'startsAt', kind: 'instant', value: startsAt },
                { id: 'hours', value: from && `${from}–${to}` },
                { id: 'share', kind: 'number', value: share },
                { id: 'stopAfter', kind: 'number', value: stopAfter },
                { id: 'createdAt', kind: 'instant', value: createdAt },
                { id: 'endedAt', kind: 'instant', value: endedAt },
              ]}
            />
          ),
        },
      ]}
    />
  )
}

const updatesOf = (id: string) =>
  listOf(`${all}/{id}/updates`, {
    params: { id },
    columns: plain('chargerId state:state said changedAt:instant'),
    open: ({ chargerId }) => `/chargers/${encodeURIComponent(chargerId)}`,
    every: 5_000,
  })
