import giving from 'schema:post /api/billing/charges/{sessionId}/credits'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Facts } from '../../blocks/detail.tsx'
import { Doing } from '../../blocks/doing.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { detailScreen, listScreen } from '../../blocks/screens.tsx'
import { Sparkline } from '../../blocks/sparkline.tsx'
import { usePerson } from '../../shell/person.tsx'
import type { Catalogue } from '../../texts/en.ts'
import { useTexts } from '../../texts/texts.tsx'

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
  links: ({ id, status }) => status !== 'active' && <GiveBack id={id} />,
  acts: ({ id, status }) => (status === 'active' ? [{ ...stop, run: () => stop.run({ id }) }] : []),
  tabs: (session, texts) => [
    { id: 'about', name: texts.shell.details, content: () => <About session={session} /> },
    { id: 'readings', name: texts.charging.readings, content: () => <List list={readingsOf(session.id)} embedded /> },
  ],
})

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
          { id: 'startedAt', kind: 'instant', value: rest.startedAt },
          { id: 'endedAt', kind: 'instant', value: rest.endedAt },
          { id: 'energyWh', kind: 'Wh', value: rest.energyWh },
          { id: 'powerW', kind: 'W', value: rest.powerW },
          { id: 'socPercent', kind: 'percent', value: rest.socPercent },
          { id: 'stopReason', value: rest.stopReason },
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
    empty: texts => ({ title: texts.charging.emptyTitle, text: texts.charging.empty }),
  })
