import { Alert, Button, Group, Select, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { ApiProblem } from '../../api/problem.ts'
import { Read } from '../../blocks/data.tsx'
import { fill } from '../../blocks/fill.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { AsJson, JsonField, SchemaForm } from '../../blocks/schema-form.tsx'
import { withValue, type Schema } from '../../blocks/schema.ts'
import { Trouble } from '../../blocks/trouble.tsx'
import { Value } from '../../blocks/values.tsx'
import { nameOf, useTexts } from '../../texts/texts.tsx'

type ChargerAnswer = components['schemas']['Charger']

const commandsOf = (id: string) =>
  listOf('/api/ocpp/chargers/{id}/commands', {
    params: { id },
    columns: [
      { id: 'action' },
      { id: 'outcome', kind: 'state' },
      { id: 'payload', value: ({ payload }) => JSON.stringify(payload) },
      { id: 'answer', value: ({ answer }) => answer && JSON.stringify(answer) },
      { id: 'errorDescription', aside: true },
      { id: 'askedAt', kind: 'instant' },
    ],
    empty: texts => ({ title: texts.charging.emptyTitle, text: texts.charging.empty }),
  })

/** What a form begins with, where the schema alone would leave it empty. */
const usual: Readonly<Record<string, object>> = {
  Reset: { type: 'Soft' },
  TriggerMessage: { requestedMessage: 'StatusNotification' },
  GetBaseReport: { requestId: 1, reportBase: 'FullInventory' },
  UnlockConnector: { connectorId: 1 },
}

/** All that the charger's version of OCPP can be told, each as a form of its schema; the answer stands in the same place. */
export default function Commands({ charger }: { charger: ChargerAnswer }) {
  const texts = useTexts()
  const [action, choose] = useState<string>()
  const version = charger.ocppVersion ?? 'ocpp1.6'
  return (
    <Stack>
      <Read path="/api/ocpp/schemas/{version}" params={{ version }}>
        {({ commands }) => (
          <Select
            label={texts.charging.command}
            placeholder={texts.form.choose}
            description={fill(texts.charging.commandsOf, { version, count: commands.length })}
            data={commands}
            value={action ?? null}
            searchable
            onChange={next => choose(next ?? undefined)}
          />
        )}
      </Read>
      {action && (
        <Read path="/api/ocpp/schemas/{version}/{action}" params={{ version, action }}>
          {({ request }) => <Command key={action} {...{ charger, action }} schema={request as Schema} />}
        </Read>
      )}
      <List list={commandsOf(charger.id)} embedded />
    </Stack>
  )
}

/** What was answered to a command, and after how long. */
interface Heard {
  readonly answer: unknown
  readonly after: number
}

function Command(props: { charger: ChargerAnswer; action: string; schema: Schema }) {
  const { charger, action, schema } = props
  const texts = useTexts()
  const { value, enter, heard, trouble, busy, send } = useSending(charger.id, action, schema)
  const [raw, showRaw] = useState(false)
  const errors = Object.fromEntries(
    trouble instanceof ApiProblem ? trouble.errors.map(({ pointer, detail }) => [pointer, detail]) : [],
  )
  return (
    <form onSubmit={event => void send(event)} noValidate className="editor">
      <Stack>
        <AsJson raw={raw} turn={showRaw} />
        {raw ? (
          <JsonField about={{ id: 'field-payload', label: nameOf(texts, 'payload') }} value={value} put={enter} />
        ) : (
          <SchemaForm
            schema={schema}
            value={value}
            errors={errors}
            set={(path, next) => enter(withValue(value, path, next) ?? {})}
            folded
          />
        )}
        <Group>
          <Button type="submit" loading={busy}>
            {texts.charging.send}
          </Button>
          {!charger.connected && <Text>{texts.charging.offline}</Text>}
        </Group>
        {trouble !== undefined && <Trouble error={trouble} />}
        {heard && (
          <Alert role="status" title={fill(texts.charging.answered, { action, ms: heard.after })}>
            <Value kind="json" value={heard.answer} />
          </Alert>
        )}
      </Stack>
    </form>
  )
}

function useSending(chargerId: string, action: string, schema: Schema) {
  const queries = useQueryClient()
  const [value, enter] = useState<unknown>(() =>
    Object.fromEntries(Object.entries(usual[action] ?? {}).filter(([name]) => schema.properties?.[name])),
  )
  const [heard, hear] = useState<Heard>()
  const [trouble, tell] = useState<unknown>()
  const [busy, work] = useState(false)
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    work(true)
    tell(undefined)
    hear(undefined)
    const since = performance.now()
    try {
      const path = `/api/ocpp/chargers/${encodeURIComponent(chargerId)}/commands/${action}`
      const { data } = await ask('POST', path, { body: value || {} })
      hear({ answer: data, after: Math.round(performance.now() - since) })
    } catch (error) {
      tell(error)
    } finally {
      work(false)
      await queries.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith('/api/ocpp/chargers'),
      })
    }
  }
  return { value, enter, heard, trouble, busy, send }
}
