import giving from 'schema:post /api/billing/charges/{sessionId}/credits'
import { lazy } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Facts, factsOf } from '../../blocks/detail.tsx'
import { Doing } from '../../blocks/doing.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { detailScreen, listScreen, WayButton } from '../../blocks/screens.tsx'
import { Sparkline } from '../../blocks/sparkline.tsx'
import { usePerson } from '../../shell/person.tsx'
import { useTexts, type Catalogue } from '../../texts/texts.tsx'
import './business.ts'

/** What it costs is asked when one looks at it. */
const Money = lazy(() => import('./session-money.tsx'))

type SessionAnswer = components['schemas']['ChargingSession']

const way = { to: '/sessions', name: (texts: Catalogue) => texts.charging.sessions }
const stop = {
  name: (texts: Catalogue) => texts.charging.stop,
  warns: (texts: Catalogue) => texts.charging.stopText,
  run: ({ id }: { id: string }) => ask('POST', `/api/sessions/${id}/stop`),
}

const list = listOf('/api/sessions', {
  columns: [
    ...plain('startedAt:instant chargerId energyWh:Wh status:state powerW:W socPercent:percent'),
    { id: 'token', value: ({ token }) => token?.idToken },
    ...plain('stopReason? endedAt:instant'),
  ],
  open: ({ id }) => `/sessions/${id}`,
  acts: [{ ...stop, may: ({ status }) => status === 'active' }],
  empty: texts => ({ title: texts.charging.emptyTitle, text: texts.charging.emptySessions }),
  every: 5_000,
})

export const Sessions = listScreen(way.name, list)

export const Session = detailScreen({
  path: '/api/sessions/{id}',
  list: way,
  title: ({ chargerId, connector }) => `${chargerId} · ${connector}`,
  state: ({ status }) => status,
  changed: ({ updatedAt }) => updatedAt,
  every: 3_000,
  links: session => (
    <>
      <WayButton to={wireOf(session)} name={texts => texts.charging.wire} variant="default" />
      {session.status !== 'active' && <GiveBack id={session.id} />}
    </>
  ),
  acts: ({ id, status }) => (status === 'active' ? [{ ...stop, run: () => stop.run({ id }) }] : []),
  tabs: (session, texts) => [
    { id: 'about', name: texts.shell.details, content: () => <About session={session} /> },
    { id: 'money', name: texts.fields.price, content: () => <Money session={session} /> },
    { id: 'readings', name: texts.charging.readings, content: () => <List list={readingsOf(session.id)} embedded /> },
    { id: 'signed', name: texts.charging.signed, content: () => <List list={signedOf(session.id)} embedded /> },
  ],
})

/** What its charger said from a minute before it to a minute after it. */
function wireOf({ chargerId, startedAt, endedAt }: SessionAnswer): string {
  const near = (at: string, minutes: number) => new Date(Date.parse(at) + minutes * 60_000).toISOString()
  const span = new URLSearchParams({ from: near(startedAt, -1), ...(endedAt && { to: near(endedAt, 1) }) })
  return `/chargers/${encodeURIComponent(chargerId)}/wire?${span}`
}

/** A part of what it cost; above a limit a second person agrees first. */
function GiveBack({ id }: { id: string }) {
  const texts = useTexts()
  if (!['operator', 'admin'].includes(usePerson().role)) return null
  const save = (request: object) => ask('POST', `/api/billing/charges/${id}/credits`, request)
  return <Doing name={texts.market.refund} schema={giving} save={save} />
}

function About({ session }: { session: SessionAnswer }) {
  const { series, ...rest } = session
  return (
    <>
      <Facts
        facts={[
          { id: 'charger', value: rest.chargerId, to: `/chargers/${encodeURIComponent(rest.chargerId)}` },
          { id: 'station', value: rest.stationId, to: `/stations/${rest.stationId}` },
          { id: 'connector', value: rest.connector },
          { id: 'token', value: rest.token?.idToken },
          ...factsOf(
            rest,
            plain('startedAt:instant endedAt:instant energyWh:Wh powerW:W socPercent:percent stopReason'),
          ),
        ]}
      />
      {series.map(({ measurand, phase, location, unit, points }) => (
        <Sparkline
          key={[measurand, phase, location].join()}
          name={[measurand, phase, location].filter(Boolean).join(' · ')}
          unit={unit}
          points={points}
        />
      ))}
    </>
  )
}

const readingsOf = (id: string) =>
  listOf('/api/sessions/{id}/readings', {
    params: { id },
    columns: plain('at:instant measurand value unit phase context?'),
    idOf: row => JSON.stringify(row),
  })

/** As the meter signed them: exported they are evidence that others check. */
const signedOf = (id: string) =>
  listOf('/api/sessions/{id}/signed-values', {
    params: { id },
    columns: plain('at:instant measurand context method data encoding? publicKey?'),
    idOf: row => JSON.stringify(row),
    empty: texts => ({ title: texts.charging.emptyTitle, text: texts.charging.emptySigned }),
  })
