import opening from 'schema:post /api/maintenance/tickets'
import levelsSchema from 'schema:put /api/maintenance/sla'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Read, type AnswerOf } from '../../blocks/data.tsx'
import { without, type Schema } from '../../blocks/schema.ts'
import { Editor, editScreen } from '../../blocks/screens.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { useTexts, type Catalogue } from '../../texts/texts.tsx'
import { oneOf, useOwn } from './business.ts'

const way = { to: '/tickets', name: (texts: Catalogue) => texts.charging.tickets }

type StationAnswer = Pick<components['schemas']['Station'], 'id' | 'name'>

/** About a station, which the address may name; of an incident the ticket is opened there. */
export function NewTicket() {
  const { stationId: id } = useSearch({ strict: false }) as { stationId?: string }
  return id ? (
    <Read path="/api/stations/{id}" params={{ id }}>
      {station => <Opening stations={[station]} initial={{ stationId: id }} />}
    </Read>
  ) : (
    <Read path="/api/stations" query={{ scope: 'managed', limit: '100' }}>
      {({ items }) => <Opening stations={items} initial={{}} />}
    </Read>
  )
}

const fields = without(opening, 'incidentId', 'stationId')

function Opening({ stations, initial }: { stations: readonly StationAnswer[]; initial: object }) {
  const texts = useTexts()
  const own = useOwn()
  const navigate = useNavigate()
  const [begun] = useState({ data: { ...initial, priority: 'normal' } })
  const properties = { stationId: oneOf(own.station, stations), ...fields.properties }
  return (
    <Screen title={texts.field.openTicket} within={texts.charging.tickets}>
      <Editor
        name="/api/maintenance/tickets"
        schema={{ ...fields, required: ['stationId', 'title'], properties }}
        initial={begun}
        button={texts.form.create}
        save={async (body, headers) =>
          (await ask<{ id: string }>('POST', '/api/maintenance/tickets', { body, headers })).data
        }
        saved={({ id }) => void navigate({ to: `/tickets/${id}` })}
      />
    </Screen>
  )
}

type Levels = AnswerOf<'/api/maintenance/sla'>
const priorities = ['critical', 'high', 'normal', 'low'] as const

/** Hours, as people say it; whom to tell is one of both, so that each is a field. */
const { workingHours, holidays, escalateTo } = levelsSchema.properties!
const hours: Schema = { anyOf: [{ type: 'number', minimum: 0.02, maximum: 8_760 }, { type: 'null' }] }
const schema: Schema = {
  type: 'object',
  properties: {
    ...Object.fromEntries(priorities.map(priority => [`${priority}H`, hours])),
    workingHours: workingHours!,
    holidays: holidays!,
    escalateTo: {
      type: 'object',
      description: escalateTo!.description,
      properties: Object.assign({}, ...escalateTo!.anyOf!.map(({ properties }) => properties)) as Schema['properties'],
    },
  },
}

const shown = (levels: Levels): object => ({
  ...levels,
  ...Object.fromEntries(
    priorities.map(priority => {
      const seconds = levels[`${priority}S`]
      return [`${priority}H`, seconds === null ? null : seconds / 3_600]
    }),
  ),
  escalateTo: levels.escalateTo ?? undefined,
})

const sent = ({
  workingHours: week = null,
  holidays: free = null,
  escalateTo: whom = null,
  ...rest
}: Record<string, unknown>) => ({
  workingHours: week,
  holidays: free,
  escalateTo: whom && Object.keys(whom).length > 0 ? whom : null,
  ...Object.fromEntries(
    priorities.map(priority => {
      const given = rest[`${priority}H`]
      return [`${priority}S`, typeof given === 'number' ? Math.round(given * 3_600) : null]
    }),
  ),
})

/** How long tickets may take by their priority, and whom to tell when one took longer. */
export const Levels = editScreen({
  title: texts => texts.field.levels,
  list: way,
  path: '/api/maintenance/sla',
  schema,
  shown,
  sent,
  opened: () => way.to,
})
