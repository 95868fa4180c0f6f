import { SegmentedControl, Stack, Text } from '@mantine/core'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import attributes from 'law:attributes'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Read } from '../../blocks/data.tsx'
import { Detail, Facts } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import type { Schema } from '../../blocks/schema.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { WayButton } from '../../blocks/screens.tsx'
import { Short } from '../../blocks/short.tsx'
import { battery as de } from '../../texts/de-battery.ts'
import { battery as en } from '../../texts/en-battery.ts'
import { fill, useLanguage, useTexts } from '../../texts/texts.tsx'
import Access from './access.tsx'

/** With the forms. */
const Doing = lazy(async () => ({ default: (await import('../../blocks/doing.tsx')).Doing }))

const catalogues = { en, de }
type Request = components['schemas']['PassportInterest']

const move = (id: string, how: string, body: object = {}) =>
  ask('POST', `/api/passports/requests/${id}/${how}`, { body })

/** What each side may do, from which states, and the text that goes along. */
const moves = [
  { side: 'owner', how: 'give', from: ['open', 'asked_back'] },
  { side: 'owner', how: 'refuse', from: ['open', 'asked_back'], sends: 'reason' },
  { side: 'owner', how: 'ask', from: ['open'], sends: 'question' },
  { side: 'owner', how: 'revoke', from: ['given'], sends: 'reason' },
  { side: 'asker', how: 'answer', from: ['asked_back'], sends: 'answer' },
  { side: 'asker', how: 'withdraw', from: ['open', 'asked_back', 'given'] },
] as const satisfies readonly { side: string; how: string; from: readonly Request['state'][]; sends?: string }[]
type Move = (typeof moves)[number]

const mayBe = ({ from }: Move, { state }: Request): boolean => (from as readonly string[]).includes(state)

type Own = typeof en.requests

/** The same for one and for many. */
function actOf(one: Move, own: Own) {
  const { how } = one
  const sends = 'sends' in one ? one.sends : undefined
  return {
    name: () => own.acts[how],
    warns: () => own.meanings[how],
    ...(sends && { asks: () => own.says[sends] }),
    run: (id: string, said?: string) => move(id, how, sends ? { [sends]: said } : {}),
  }
}

const listFor = (side: 'owner' | 'asker', own: Own) =>
  listOf('/api/passports/requests', {
    query: { as: side },
    columns: [
      { id: 'identifier', value: ({ identifier, passportId }) => identifier ?? passportId },
      ...plain(
        'askerName verifiedAs:words? purpose:word state:state dueAt:instant createdAt:instant? givenUntil:instant',
      ),
    ],
    open: ({ id }) => `/passports/requests/${id}`,
    acts: moves
      .filter(one => one.side === side)
      .map(one => {
        const { run, ...act } = actOf(one, own)
        return { ...act, may: row => mayBe(one, row), run: ({ id }, said) => run(id, said) }
      }),
    empty: texts => ({ title: texts.passports.requests, text: own.none[side] }),
  })

/** Who asks to read what, who decides, and until when it is given: both sides of it. */
export function Requests() {
  const texts = useTexts()
  const own = catalogues[useLanguage()].requests
  const navigate = useNavigate()
  const side = (useSearch({ strict: false }) as { as?: string }).as === 'asker' ? 'asker' : 'owner'
  return (
    <Screen
      title={texts.passports.requests}
      acts={<WayButton to="/scan" name={t => t.passports.scan} variant="default" />}
    >
      <Text maw="44rem">{own.about}</Text>
      <SegmentedControl
        maw="40rem"
        aria-label={own.side}
        value={side}
        onChange={next => void navigate({ to: '.', search: { as: next } as never })}
        data={(['owner', 'asker'] as const).map(value => ({ value, label: own.sides[value] }))}
      />
      <List key={side} list={listFor(side, own)} />
    </Screen>
  )
}

export function OneRequest() {
  const { id } = useParams({ strict: false }) as { id: string }
  return (
    <Read path="/api/passports/requests/{requestId}" params={{ requestId: id }} every={10_000}>
      {request => <Shown request={request} />}
    </Read>
  )
}

function Shown({ request }: { request: Request }) {
  const texts = useTexts()
  const own = catalogues[useLanguage()].requests
  const { id, side, passportId, identifier, askerName, state, updatedAt } = request
  const possible = moves.filter(one => one.side === side && mayBe(one, request))
  return (
    <Detail
      title={`${askerName}: ${identifier ?? passportId}`}
      list={{ to: `/passports/requests?as=${side}`, name: texts.passports.requests }}
      id={id}
      path={`/api/passports/requests/${id}`}
      state={state}
      changed={updatedAt}
      // How long it is given for is asked in a form of its own.
      acts={possible
        .filter(({ how }) => how !== 'give')
        .map(one => ({ ...actOf(one, own), run: said => actOf(one, own).run(id, said) }))}
      links={
        <>
          <WayButton to={`/passports/${passportId}`} name={t => t.passports.one} variant="default" />
          {possible.some(({ how }) => how === 'give') && (
            <Suspense>
              <Doing name={own.acts.give} schema={giving(own)} save={({ body }) => move(id, 'give', body)} />
            </Suspense>
          )}
        </>
      }
      tabs={[
        { id: 'request', name: own.request, content: () => <Told request={request} /> },
        { id: 'uses', name: own.uses, content: () => <Access id={passportId} /> },
      ]}
    />
  )
}

const giving = (own: Own): Schema => ({
  type: 'object',
  properties: { until: { type: 'string', format: 'date-time', description: own.untilText } },
})

const said = ['askerName', 'reason', 'question', 'answer', 'decision'] as const
const times = ['askedUntil', 'dueAt', 'givenUntil', 'createdAt'] as const

/** All of it, and what it opens beside what everybody reads, before it is given. */
function Told({ request }: { request: Request }) {
  const language = useLanguage()
  const own = catalogues[language].requests
  const { passportId, points, state, dueAt, purpose, verifiedAs } = request
  const isLate = (state === 'open' || state === 'asked_back') && Date.parse(dueAt) < Date.now()
  return (
    <Stack>
      {isLate && <Text role="status">{own.overdue}</Text>}
      <Facts
        facts={[
          { id: 'verifiedAs', kind: 'words', value: verifiedAs },
          { id: 'purpose', kind: 'word', value: purpose },
          ...said.flatMap(id => (request[id] ? [{ id, value: request[id] }] : [])),
          ...times.flatMap(id => (request[id] ? [{ id, kind: 'instant' as const, value: request[id] }] : [])),
        ]}
      />
      <Part title={own.opens} about={fill(own.opensText, { points: points.join(', ') })}>
        <Read path="/api/passports/{id}/attributes" params={{ id: passportId }}>
          {({ items }) => (
            <Short
              name={own.opens}
              rows={items.filter(({ annexPoint }) => annexPoint !== 1 && points.includes(annexPoint))}
              idOf={({ id }) => id}
              columns={[
                { id: 'attribute', cell: ({ id }) => attributes[id]?.[language] ?? id },
                { id: 'annexPoint', kind: 'number' },
              ]}
              empty={own.opensNothing}
            />
          )}
        </Read>
      </Part>
    </Stack>
  )
}
