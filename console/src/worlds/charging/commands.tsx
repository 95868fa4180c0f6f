import { Alert, Button, Group, Select, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState, type FormEvent, type ReactNode } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { ApiProblem } from '../../api/problem.ts'
import { Choice } from '../../blocks/choice.tsx'
import { Read } from '../../blocks/data.tsx'
import { Link } from '../../blocks/link.tsx'
import { listOf, type Asking } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { JsonField, SchemaForm } from '../../blocks/schema-form.tsx'
import { missingIn, pointerOf, withValue, type Schema } from '../../blocks/schema.ts'
import { Part } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { Value } from '../../blocks/values.tsx'
import { fill, useTexts } from '../../texts/texts.tsx'
import { useDeviceTexts } from './device-texts.ts'
import { useOffers, useUnfit } from './fitting.ts'

type ChargerAnswer = components['schemas']['Charger']
type Version = NonNullable<ChargerAnswer['ocppVersion']>

const commandsOf = (id: string) =>
  listOf('/api/ocpp/chargers/{id}/commands', {
    params: { id },
    columns: [
      ...plain('action outcome:state'),
      { id: 'payload', value: ({ payload }) => JSON.stringify(payload) },
      { id: 'answer', value: ({ answer }) => answer && JSON.stringify(answer) },
      ...plain('errorDescription? askedAt:instant'),
    ],
  })

/** What a form begins with, where the schema alone would leave it empty. */
const usual: Readonly<Record<string, object>> = {
  Reset: { type: 'Soft' },
  TriggerMessage: { requestedMessage: 'StatusNotification' },
  GetBaseReport: { requestId: 1, reportBase: 'FullInventory' },
  UnlockConnector: { connectorId: 1 },
}

const initialOf = (action: string, { properties = {} }: Schema): object =>
  Object.fromEntries(Object.entries(usual[action] ?? {}).filter(([name]) => properties[name]))

const send = (chargerId: string, action: string, payload: unknown) =>
  ask('POST', `/api/ocpp/chargers/${encodeURIComponent(chargerId)}/commands/${action}`, { body: payload || {} })

/** All that the charger's version of OCPP can be told, each as a form of its schema; the answer stands in the same place. */
export default function Commands({ charger }: { charger: ChargerAnswer }) {
  const navigate = useNavigate()
  // The command stands in the address: other screens lead to it.
  const { action } = useSearch({ strict: false }) as { action?: string }
  const unfit = useUnfit(charger)
  return (
    <Stack>
      <Chosen
        version={charger.ocppVersion ?? 'ocpp1.6'}
        action={action}
        choose={next => void navigate({ to: '.', search: { tab: 'commands', action: next } as never, replace: true })}
        unfit={unfit}
      >
        {(schema, chosen) => <Command key={chosen} {...{ charger, schema }} action={chosen} doubt={unfit(chosen)} />}
      </Chosen>
      <List list={commandsOf(charger.id)} embedded />
    </Stack>
  )
}

/** Which command, and what comes of its schema. Those of which one knows why not are greyed, and can be tried all the same. */
function Chosen(props: {
  version: Version
  action: string | undefined
  choose: (action: string | undefined) => void
  unfit?: (action: string) => string | undefined
  children: (schema: Schema, action: string) => ReactNode
}) {
  const { version, action, choose, unfit = () => undefined, children } = props
  const texts = useTexts()
  return (
    <>
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
            renderOption={({ option: { value } }) => (
              <Text size="sm" c={unfit(value) && 'dimmed'}>
                {value}
                {unfit(value) && `: ${unfit(value)}`}
              </Text>
            )}
          />
        )}
      </Read>
      {action && (
        <Read path="/api/ocpp/schemas/{version}/{action}" params={{ version, action }}>
          {({ request }) => children(request as Schema, action)}
        </Read>
      )}
    </>
  )
}

/** Fields, and beside them the payload as it goes over the wire: each follows the other. */
function Payload(props: {
  schema: Schema
  value: unknown
  enter: (value: unknown) => void
  errors?: Readonly<Record<string, string>>
}) {
  const { schema, value, enter, errors = {} } = props
  const texts = useTexts()
  return (
    <div className="beside">
      <SchemaForm
        schema={schema}
        value={value}
        errors={errors}
        set={(path, next) => enter(withValue(value, path, next) ?? {})}
        folded
      />
      <JsonField about={{ id: 'field-payload', label: texts.form.asJson }} value={value} put={enter} />
    </div>
  )
}

/** How a command ended, and after how long. */
interface Heard {
  readonly answer?: unknown
  readonly trouble?: unknown
  readonly after: number
}

function Command(props: { charger: ChargerAnswer; action: string; schema: Schema; doubt: string | undefined }) {
  const { charger, action, schema, doubt } = props
  const texts = useTexts()
  const own = useDeviceTexts()
  const { value, enter, heard, busy, tell } = useSending(charger.id, action, schema)
  const offers = useOffers(charger, schema)
  const { trouble } = heard ?? {}
  const errors = Object.fromEntries(
    trouble instanceof ApiProblem ? trouble.errors.map(({ pointer, detail }) => [pointer, detail]) : [],
  )
  return (
    <form onSubmit={event => void tell(event)} noValidate className="editor wide">
      <Stack>
        {doubt && <Alert variant="default">{doubt}</Alert>}
        {offers.length > 0 && (
          <Group gap="xs" role="group" aria-label={own.offers}>
            <Text size="sm">{own.offers}</Text>
            {offers.map(({ name, gives }) => (
              <Button
                key={name}
                size="compact-sm"
                variant="default"
                onClick={() => enter({ ...(value as object), ...gives })}
              >
                {name}
              </Button>
            ))}
          </Group>
        )}
        <Payload {...{ schema, value, enter, errors }} />
        <Group>
          <Button type="submit" loading={busy}>
            {texts.charging.send}
          </Button>
          {!charger.connected && <Text>{texts.charging.offline}</Text>}
        </Group>
        {trouble !== undefined && <Trouble error={trouble} />}
        {heard && (
          <Alert
            role="status"
            variant="default"
            title={fill(trouble === undefined ? texts.charging.answered : own.ended, { action, ms: heard.after })}
          >
            {trouble === undefined && <Value kind="json" value={heard.answer} />}
            <Link to={`/chargers/${encodeURIComponent(charger.id)}/wire?action=${action}`}>{own.onTheWire}</Link>
          </Alert>
        )}
        <LastUses {...{ charger, action, enter }} />
      </Stack>
    </form>
  )
}

function useSending(chargerId: string, action: string, schema: Schema) {
  const queries = useQueryClient()
  const [value, enter] = useState<unknown>(() => initialOf(action, schema))
  const [heard, hear] = useState<Heard>()
  const [busy, work] = useState(false)
  const tell = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    work(true)
    hear(undefined)
    const since = performance.now()
    const after = (): number => Math.round(performance.now() - since)
    try {
      const { data } = await send(chargerId, action, value)
      hear({ answer: data, after: after() })
    } catch (trouble) {
      hear({ trouble, after: after() })
    } finally {
      work(false)
      await queries.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith('/api/ocpp/chargers'),
      })
    }
  }
  return { value, enter, heard, busy, tell }
}

/** What this charger was sent by this command before, to be sent again or a little changed. */
function LastUses(props: { charger: ChargerAnswer; action: string; enter: (payload: unknown) => void }) {
  const { charger, action, enter } = props
  const own = useDeviceTexts()
  return (
    <Read path="/api/ocpp/chargers/{id}/commands" params={{ id: charger.id }} query={{ action, limit: '5' }}>
      {({ items }) =>
        items.length > 0 && (
          <Part title={own.lastUses}>
            <Short
              name={own.lastUses}
              rows={items}
              idOf={({ id }) => id}
              columns={[
                ...plain('askedAt:instant outcome:state'),
                { id: 'payload', cell: ({ payload }) => JSON.stringify(payload) },
                { id: 'answer', cell: ({ answer, errorCode }) => errorCode ?? (answer ? JSON.stringify(answer) : '–') },
              ]}
              acts={({ payload }) => (
                <Button size="compact-sm" variant="default" onClick={() => enter(payload)}>
                  {own.useAgain}
                </Button>
              )}
            />
          </Part>
        )
      }
    </Read>
  )
}

/** One command to many chargers, of one version of OCPP at a time: what each made of it is told by the list. */
export function Many({ rows, go }: Asking<ChargerAnswer>) {
  const own = useDeviceTexts()
  const versions = [...new Set(rows.flatMap(({ ocppVersion }) => ocppVersion ?? []))]
  const [version, setVersion] = useState(versions[0])
  const [action, choose] = useState<string>()
  if (!version) return <Text>{own.neverSeen}</Text>
  const meant = rows.filter(({ ocppVersion }) => ocppVersion === version)
  return (
    <Stack>
      {versions.length > 1 && (
        <Choice
          label={own.ofVersion}
          description={fill(own.leftOut, { count: rows.length - meant.length })}
          data={versions}
          value={version}
          choose={next => {
            setVersion(next as Version)
            choose(undefined)
          }}
        />
      )}
      <Chosen {...{ version, action, choose }}>
        {(schema, chosen) => (
          <ToMany
            key={version + chosen}
            {...{ schema }}
            action={chosen}
            count={meant.length}
            go={payload => go(({ id }) => send(id, chosen, payload), meant)}
          />
        )}
      </Chosen>
    </Stack>
  )
}

function ToMany(props: { schema: Schema; action: string; count: number; go: (payload: unknown) => void }) {
  const { schema, action, count, go } = props
  const texts = useTexts()
  const own = useDeviceTexts()
  const [value, enter] = useState<unknown>(() => initialOf(action, schema))
  const [tried, tryIt] = useState(false)
  // What lacks is said before it is refused as many times as there are chargers.
  const missing = missingIn(value || {}, schema)
  const errors = Object.fromEntries(tried ? missing.map(path => [pointerOf(path), texts.form.required]) : [])
  return (
    <Stack>
      <Payload {...{ schema, value, enter, errors }} />
      <Group>
        <Button onClick={() => (missing.length > 0 ? tryIt(true) : go(value))}>{fill(own.sendTo, { count })}</Button>
      </Group>
    </Stack>
  )
}
