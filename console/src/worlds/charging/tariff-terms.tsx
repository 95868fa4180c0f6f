import { Group, List, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState, type KeyboardEvent } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { SchemaForm } from '../../blocks/schema-form.tsx'
import { withValue, type Schema } from '../../blocks/schema.ts'
import { Part } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { messageOf } from '../../blocks/trouble.tsx'
import { useLanguage, useTexts } from '../../texts/texts.tsx'
import { isOfSessions, moment, priceIn, useOwn, weekdays, zone, type Component, type Terms } from './business.ts'
import { Steps } from './price-steps.tsx'

type Trial = components['schemas']['TariffTrial']

const week = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const
/** As people compare prices by law: by energy, by time, by session. */
const kinds = ['ENERGY', 'TIME', 'PARKING_TIME', 'FLAT'] as const

/** What terms say: as drivers read it, by weekday and hour, and what a session would cost by them. */
export default function TermsShown({ terms }: { terms: Terms }) {
  const own = useOwn()
  // What is being written is whole only at its end.
  if (!terms.elements?.every(({ priceComponents }) => priceComponents?.every(({ type, price }) => type && price)))
    return <Text>{own.unfinished}</Text>
  return (
    <Stack>
      <Trying terms={terms} />
      <Week terms={terms} />
    </Stack>
  )
}

function Trying({ terms }: { terms: Terms }) {
  const texts = useTexts()
  const own = useOwn()
  const language = useLanguage()
  const [session, change] = useState<unknown>(() => ({
    startedAt: new Date().toISOString(),
    energyKwh: 20,
    minutes: 60,
    idleMinutes: 0,
  }))
  const { energyKwh = 0, ...rest } = session as { energyKwh?: number }
  const told = { terms, timeZone: zone, ...rest, energyWh: Math.round(energyKwh * 1_000) }
  const [body] = useDebouncedValue(JSON.stringify(told), 300)
  const { data, error } = useQuery({
    queryKey: ['/api/billing/tariffs/try', language, body],
    queryFn: async () => {
      const headers = { 'accept-language': language }
      return (await ask<Trial>('POST', '/api/billing/tariffs/try', { body: JSON.parse(body), headers })).data
    },
    placeholderData: keepPreviousData,
    retry: false,
  })
  const fields: Schema = {
    type: 'object',
    required: ['startedAt', 'energyKwh', 'minutes'],
    properties: {
      startedAt: moment(own.begins, own),
      energyKwh: { type: 'number', title: own.energy },
      minutes: { type: 'integer', title: own.minutes },
      idleMinutes: { type: 'integer', title: own.idle },
    },
  }
  // Within the form of a tariff this is none of its fields: who presses Enter here does not save it.
  const stay = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') event.preventDefault()
  }
  return (
    <>
      <Part title={own.asRead} about={own.asReadText}>
        <List>
          {data?.words.map(line => (
            <List.Item key={line}>{line}</List.Item>
          ))}
        </List>
      </Part>
      <Part title={own.try} about={own.tryText}>
        <Group align="flex-start" gap="xl">
          <div onKeyDown={stay} className="trying">
            <SchemaForm
              form="try"
              schema={fields}
              value={session}
              errors={{}}
              set={(path, next) => change((former: unknown) => withValue(former, path, next) ?? {})}
            />
          </div>
          <Stack className="grow" miw="min(100%, 20rem)" gap="xs" role="status">
            {error ? <Text>{messageOf(error, texts)}</Text> : data && <Steps price={data.price} />}
          </Stack>
        </Group>
      </Part>
    </>
  )
}

/** Which prices count when; a stretch between two times at which any price changes is a row. */
function Week({ terms: { elements: all, ...said } }: { terms: Terms }) {
  const own = useOwn()
  const language = useLanguage()
  const terms: Terms = { ...said, elements: all.filter(isOfSessions) }
  const cuts = terms.elements.flatMap(({ restrictions: { startTime = '00:00', endTime = '24:00' } = {} }) => [
    startTime,
    endTime,
  ])
  const times = [...new Set(['00:00', ...cuts, '24:00'])].sort()
  const names = weekdays(language)
  const rows = times.slice(1).map((to, at) => ({ from: times[at]!, to }))
  const cell = (day: (typeof week)[number], time: string) =>
    pricesAt(terms, day, time).map(({ component, within }) => (
      <div key={JSON.stringify(component)}>
        {priceIn(own, language, terms.currency, component)}
        {within && ' *'}
      </div>
    ))
  const isWithin = week.some(day => rows.some(({ from }) => pricesAt(terms, day, from).some(({ within }) => within)))
  return (
    <Part title={own.week}>
      <Short
        name={own.week}
        rows={rows}
        columns={[
          { id: 'from', name: own.time, cell: ({ from, to }) => `${from}–${to}` },
          ...week.map((day, at) => ({
            id: day,
            name: names[at],
            cell: ({ from }: { from: string }) => cell(day, from),
          })),
        ]}
      />
      {isWithin && <Text size="sm">{own.within}</Text>}
    </Part>
  )
}

/** What may count then: of each kind the first that holds, and before it those that hold only within other bounds too. */
function pricesAt({ elements }: Terms, day: (typeof week)[number], time: string) {
  return kinds.flatMap(kind => {
    const found: { component: Component; within: boolean }[] = []
    for (const { priceComponents, restrictions = {} } of elements) {
      const { startTime = '00:00', endTime = '24:00', daysOfWeek = week, ...others } = restrictions
      const isThen = startTime < endTime ? time >= startTime && time < endTime : time >= startTime || time < endTime
      const component = priceComponents.find(({ type }) => type === kind)
      if (!component || !isThen || !daysOfWeek.includes(day)) continue
      const within = Object.keys(others).length > 0
      found.push({ component, within })
      if (!within) break
    }
    return found
  })
}
