import { Alert, Button, FileButton, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { useRead } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { Link } from '../../blocks/link.tsx'
import { listOf, type Asking } from '../../blocks/list/declaration.ts'
import { save } from '../../blocks/list/export.ts'
import { List } from '../../blocks/list/list.tsx'
import { gathered } from '../../blocks/list/rows.ts'
import { plain } from '../../blocks/plain.ts'
import { Part } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { fill, nameOf, useTexts } from '../../texts/texts.tsx'
import { useDeviceTexts } from './device-texts.ts'

type ChargerAnswer = components['schemas']['Charger']
type Variable = components['schemas']['ChargerVariable']

const pathOf = (id: string, rest: string): string => `/api/ocpp/chargers/${encodeURIComponent(id)}${rest}`

/** Where a value stands: in 1.6 a key, in 2.x a part of the charger and its variable. */
const places = ['component', 'componentInstance', 'evse', 'connector', 'variable', 'variableInstance'] as const
type Place = Pick<Variable, (typeof places)[number] | 'attribute'>
/** A value that a charger has or is to have. */
type Held = Place & Pick<Variable, 'value'>

const keyOf = (row: Place): string => JSON.stringify([...places.map(name => row[name] ?? null), row.attribute])

function placed(row: Place): string {
  const { component, componentInstance, evse, connector, variable, variableInstance, attribute } = row
  const part = [component, componentInstance, evse, connector].filter(each => each !== null).join('.')
  const name = [variable, variableInstance].filter(Boolean).join('.')
  return [part, name, attribute !== 'Actual' && attribute].filter(Boolean).join(' / ')
}

const isSettable = ({ mutability, constant }: Variable): boolean => mutability !== 'ReadOnly' && constant !== true

const variablesOf = (id: string) =>
  listOf('/api/ocpp/chargers/{id}/variables', {
    params: { id },
    columns: [
      { id: 'variable', value: placed },
      ...plain('value unit'),
      { id: 'mutability', kind: 'word', value: row => (isSettable(row) ? row.mutability : 'ReadOnly') },
      ...plain('waiting reportedAt:instant dataType? component? evse?'),
    ],
    idOf: keyOf,
    empty: texts => ({ title: texts.charging.variables, text: texts.charging.empty }),
    every: 5_000,
  })

/** What a charger is made of and how it is set: read, changed many at once, compared with another or with a template. */
export default function Device({ charger }: { charger: ChargerAnswer }) {
  const texts = useTexts()
  const own = useDeviceTexts()
  const { id, ocppVersion } = charger
  const waiting = useRead('/api/ocpp/chargers/{id}/variables/count', { id }, { waiting: 'true' }, 5_000)
  const count = waiting.data?.data.count ?? 0
  const [action, payload] =
    ocppVersion === 'ocpp1.6'
      ? ['GetConfiguration', {}]
      : ['GetBaseReport', { requestId: Math.floor(Date.now() / 1_000), reportBase: 'FullInventory' }]
  const readAll = (
    <ActButton
      disabled={!charger.connected}
      act={{ name: () => own.readAll, run: () => ask('POST', pathOf(id, `/commands/${action}`), { body: payload }) }}
    />
  )
  const list = variablesOf(id)
  return (
    <Stack>
      <Group align="flex-end">
        {readAll}
        <ActButton act={{ name: () => own.saveTemplate, run: () => saveTemplate(charger) }} />
        {!charger.connected && <Text>{texts.charging.offline}</Text>}
      </Group>
      {count > 0 && (
        <Alert role="status" variant="default" title={fill(own.waiting, { count })}>
          <Link to={`/chargers/${encodeURIComponent(id)}?tab=commands&action=Reset`}>{own.restart}</Link>
        </Alert>
      )}
      <Compared charger={charger} />
      <List
        list={{
          ...list,
          acts: [{ name: () => own.change, may: isSettable, Asks: props => <Change charger={charger} {...props} /> }],
          empty: () => ({ title: texts.charging.variables, text: own.nothingRead }),
          begin: readAll,
        }}
        embedded
      />
    </Stack>
  )
}

/** What can be set elsewhere too, as a file that one compares others with. */
async function saveTemplate({ id, ocppVersion, vendor, model }: ChargerAnswer): Promise<void> {
  const { rows } = await gathered(variablesOf(id), {})
  const values = rows.filter(row => isSettable(row) && row.value !== null)
  const text = JSON.stringify({ ocppVersion, vendor, model, values }, null, 2)
  save(new Blob([text], { type: 'application/json' }), `${id}-template.json`)
}

/** Values of a file that was saved as a template; fails for any other. */
async function readTemplate(file: File): Promise<Held[]> {
  const { values } = JSON.parse(await file.text()) as { values: Partial<Held>[] }
  return values.map(each => {
    if (typeof each.variable !== 'string' || typeof each.value !== 'string') throw new Error(file.name)
    const place = Object.fromEntries(places.map(name => [name, each[name] ?? null])) as unknown as Place
    return { ...place, attribute: each.attribute ?? 'Actual', value: each.value }
  })
}

/** Another charger, by the address, or a template, from a file; and where this one is set otherwise. */
function Compared({ charger }: { charger: ChargerAnswer }) {
  const own = useDeviceTexts()
  const navigate = useNavigate()
  const { with: other } = useSearch({ strict: false }) as { with?: string }
  const [typed, type] = useState('')
  const [template, take] = useState<{ name: string; values: Held[] }>()
  const [trouble, tell] = useState<string>()
  const { data } = useRead('/api/ocpp/chargers', {}, { limit: '20', q: typed })
  const ids = (data?.data.items ?? []).map(({ id }) => id).filter(id => id !== charger.id)
  const compare = (id: string | null): void => {
    take(undefined)
    void navigate({ to: '.', search: { tab: 'config', with: id ?? undefined } as never, replace: true })
  }
  const open = async (file: File | null): Promise<void> => {
    if (!file) return
    compare(null)
    tell(undefined)
    try {
      take({ name: file.name, values: await readTemplate(file) })
    } catch {
      tell(own.noTemplate)
    }
  }
  return (
    <>
      <Group align="flex-end">
        <Select
          label={own.compareWith}
          data={other && !ids.includes(other) ? [other, ...ids] : ids}
          value={other ?? null}
          searchable
          clearable
          onSearchChange={type}
          onChange={compare}
        />
        <FileButton accept=".json" inputProps={{ 'aria-label': own.template }} onChange={file => void open(file)}>
          {props => (
            <Button {...props} variant="default">
              {own.template}
            </Button>
          )}
        </FileButton>
      </Group>
      {trouble && <Alert role="alert">{trouble}</Alert>}
      {(template || other) && <Drift charger={charger} name={template?.name ?? other!} values={template?.values} />}
    </>
  )
}

/** Where a charger is set otherwise than what it is compared with, and the way to be set the same. */
function Drift(props: { charger: ChargerAnswer; name: string; values: readonly Held[] | undefined }) {
  const { charger, name, values } = props
  const own = useDeviceTexts()
  const [setting, set] = useState(false)
  const all = (id: string, signal: AbortSignal) => gathered(variablesOf(id), {}, undefined, signal)
  const { data, error } = useQuery({
    queryKey: [pathOf(charger.id, '/variables'), 'drift', name, values],
    queryFn: async ({ signal }) => {
      const [here, there] = await Promise.all([
        all(charger.id, signal),
        values ?? all(name, signal).then(({ rows }) => rows),
      ])
      return differing(here.rows, there)
    },
  })
  if (error) return <Trouble error={error} />
  if (!data) return null
  const able = data.filter(({ row }) => row && isSettable(row))
  return (
    <Part title={fill(own.drift, { name, count: data.length })}>
      <Short
        name={own.compareWith}
        rows={data.slice(0, most)}
        idOf={({ key }) => key}
        columns={[
          { id: 'variable', cell: ({ wanted }) => placed(wanted) },
          { id: 'here', name: charger.id, cell: ({ row }) => row?.value ?? own.notSaid },
          { id: 'there', name, cell: ({ wanted }) => wanted.value },
        ]}
        empty={own.alike}
      />
      {able.length > 0 && (
        <Button mt="sm" onClick={() => set(true)}>
          {fill(own.setThese, { count: Math.min(able.length, mostAtOnce) })}
        </Button>
      )}
      {setting && (
        <Modal opened onClose={() => set(false)} title={own.change} size="xl">
          <Change
            charger={charger}
            rows={able.map(({ row }) => row!)}
            wanted={new Map(able.map(({ key, wanted }) => [key, wanted.value!]))}
            close={() => set(false)}
          />
        </Modal>
      )}
    </Part>
  )
}

const most = 200
/** So many go into one request. */
const mostAtOnce = 50

/** What is wanted and is otherwise here, or was never said. */
function differing(here: readonly Variable[], there: readonly Held[]) {
  const known = new Map(here.map(row => [keyOf(row), row]))
  return there
    .map(wanted => ({ key: keyOf(wanted), wanted, row: known.get(keyOf(wanted)) }))
    .filter(({ wanted, row }) => wanted.value !== null && wanted.value !== row?.value)
}

interface Changing extends Pick<Asking<Variable>, 'rows' | 'close'> {
  readonly charger: ChargerAnswer
  readonly wanted?: ReadonlyMap<string, string>
}

/** Several values at once, each as it is limited; what the charger made of each stands in their place. */
function Change(props: Changing) {
  const { charger, close, wanted } = props
  const texts = useTexts()
  const own = useDeviceTexts()
  const queries = useQueryClient()
  // Those that it began with: what is set meanwhile leaves the list behind it.
  const [rows] = useState(() => props.rows.slice(0, mostAtOnce))
  const [values, enter] = useState(
    () => new Map(rows.map(row => [keyOf(row), wanted?.get(keyOf(row)) ?? row.value ?? ''])),
  )
  const [results, hear] = useState<readonly Result[]>()
  const [trouble, tell] = useState<unknown>()
  const [busy, work] = useState(false)
  const send = async (): Promise<void> => {
    work(true)
    tell(undefined)
    try {
      const variables = rows.map(row => settingOf(row, values.get(keyOf(row)) ?? ''))
      const path = pathOf(charger.id, '/variables')
      hear((await ask<{ results: Result[] }>('PUT', path, { body: { variables } })).data.results)
    } catch (error) {
      tell(error)
    } finally {
      work(false)
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'bulk' })
    }
  }
  return (
    <Stack>
      {rows.length < props.rows.length && <Text>{fill(own.mostAtOnce, { count: mostAtOnce })}</Text>}
      {rows.map((row, index) => (
        <Setting
          key={keyOf(row)}
          row={row}
          value={values.get(keyOf(row)) ?? ''}
          enter={value => enter(new Map(values).set(keyOf(row), value))}
          result={results?.[index]}
        />
      ))}
      {trouble !== undefined && <Trouble error={trouble} />}
      {results && (
        <Text role="status">{fill(own.changed, { count: results.filter(isTaken).length, of: results.length })}</Text>
      )}
      <Group>
        <Button loading={busy} disabled={rows.length === 0} onClick={() => void send()}>
          {own.change}
        </Button>
        <Button variant="default" onClick={close}>
          {results ? texts.shell.close : texts.list.cancel}
        </Button>
      </Group>
    </Stack>
  )
}

type Result = components['schemas']['ChargerVariableResult']
const isTaken = ({ status }: Result): boolean => status === 'Accepted' || status === 'RebootRequired'

function Setting(props: { row: Variable; value: string; enter: (value: string) => void; result: Result | undefined }) {
  const { row, value, enter, result } = props
  const texts = useTexts()
  const own = useDeviceTexts()
  const { dataType, valuesList, unit, minLimit, maxLimit } = row
  const limits = [minLimit !== null && `≥ ${minLimit}`, maxLimit !== null && `≤ ${maxLimit}`].filter(Boolean).join(', ')
  const said =
    result && [own.results[result.status as 'Accepted'] ?? result.status, result.reason].filter(Boolean).join(': ')
  const about = {
    label: placed(row),
    description: [unit, limits, result && isTaken(result) ? said : `${nameOf(texts, 'value')}: ${row.value ?? '–'}`]
      .filter(Boolean)
      .join(' · '),
    error: result && !isTaken(result) ? said : undefined,
    value,
  }
  const choices = dataType === 'boolean' ? ['true', 'false'] : dataType === 'OptionList' && valuesList?.split(',')
  if (choices && choices.includes(value))
    return <Select {...about} data={choices} allowDeselect={false} onChange={next => enter(next!)} />
  return <TextInput {...about} maxLength={2_500} onChange={event => enter(event.currentTarget.value)} />
}

/** As the platform takes it: keys of 1.6 have no part, and what is not there is not named. */
function settingOf(row: Variable, value: string): object {
  const named = places.flatMap(name => (row[name] === null ? [] : [[name, row[name]] as const]))
  return { ...Object.fromEntries(named), ...(row.component !== null && { attribute: row.attribute }), value }
}
