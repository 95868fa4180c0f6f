import { Alert, Button, Group, Progress, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { ActButton } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { State } from '../../blocks/values.tsx'
import { fill, useLanguage, useTexts } from '../../texts/texts.tsx'
import { list } from './passports.tsx'
import { SheetsButton } from './sheets.tsx'
import { Tick } from '../../blocks/choice.tsx'
import { Part } from '../../blocks/screen.tsx'

type Order = components['schemas']['PassportSerialisation']

/** The batteries of a model, by the thousand: made from their serials, labelled, exported, and the list of them. */
export default function Items({ id, model }: { id: string; model: string | null }) {
  const texts = useTexts()
  const { order } = useSearch({ strict: false }) as { order?: string }
  const items = { ...list, ...(model !== null && { query: { model } }), acts: [] }
  return (
    <Stack gap="xl">
      <Ordering id={id} />
      {order && <Ordered id={id} orderId={order} />}
      <Group>
        <SheetsButton orders={[{ parentId: id }]} />
        <Button component="a" variant="default" href={`${base}/api/passports/export?format=csv&parentId=${id}`}>
          {texts.items.csv}
        </Button>
      </Group>
      <Part title={texts.items.title}>
        <List list={items} embedded />
      </Part>
    </Stack>
  )
}

interface Plan {
  readonly body: object
  readonly total: number
  readonly first: string
  readonly last: string
  /** How many of a list stand in it before. */
  readonly twice: number
}

interface Range {
  readonly prefix: string
  readonly from: string
  readonly count: string
  readonly width: string
}

const whole = (text: string): number => (/^\d{1,12}$/.test(text.trim()) ? Number(text) : Number.NaN)

function planOf({ prefix, ...range }: Range, text: string): Plan | undefined {
  const serials = text.split(/\r?\n/).flatMap(line => (line.trim() ? [line.trim()] : []))
  if (serials.length > 0)
    return {
      body: { serials },
      total: serials.length,
      first: serials[0]!,
      last: serials.at(-1)!,
      twice: serials.length - new Set(serials).size,
    }
  const [from, count, width] = [whole(range.from), whole(range.count), whole(range.width)]
  if (!(count >= 1 && from >= 0 && width >= 0)) return undefined
  const serial = (number: number): string => prefix + String(number).padStart(width, '0')
  return {
    body: { range: { ...(prefix && { prefix }), from, count, ...(width > 0 && { width }) } },
    total: count,
    first: serial(from),
    last: serial(from + count - 1),
    twice: 0,
  }
}

/** What will be made is seen before: how many, the first and the last, and what is in a list twice. */
function Ordering({ id }: { id: string }) {
  const texts = useTexts()
  const navigate = useNavigate()
  const number = new Intl.NumberFormat(useLanguage())
  const [range, change] = useState<Range>({ prefix: '', from: '1', count: '1000', width: '6' })
  const [text, paste] = useState('')
  const [identifier, say] = useState('')
  const [publish, choose] = useState(false)
  const [trouble, tell] = useState<unknown>()
  const [busy, work] = useState(false)
  const plan = planOf(range, text)
  const make = async (): Promise<void> => {
    work(true)
    tell(undefined)
    try {
      const { data } = await ask<Order>('POST', `/api/passports/${id}/items`, {
        body: { ...plan!.body, ...(identifier && { identifier }), publish },
      })
      // In the address, so that it is found again.
      await navigate({ to: '.', search: { tab: 'items', order: data.id } as never, replace: true })
      paste('')
    } catch (error) {
      tell(error)
    } finally {
      work(false)
    }
  }
  return (
    <Part title={texts.items.make}>
      <Stack maw="44rem">
        <Group align="flex-end">
          {(['prefix', 'from', 'count', 'width'] as const).map(name => (
            <TextInput
              key={name}
              label={texts.items[name]}
              maxLength={60}
              {...(name !== 'prefix' && { inputMode: 'numeric' as const })}
              value={range[name]}
              onChange={event => change({ ...range, [name]: event.currentTarget.value })}
            />
          ))}
        </Group>
        <Textarea label={texts.items.list} rows={3} value={text} onChange={event => paste(event.currentTarget.value)} />
        <TextInput
          label={texts.items.identifier}
          description={texts.items.identifierText}
          maxLength={300}
          placeholder="https://id.example.com/01/09506000134352/21/{serial}"
          value={identifier}
          onChange={event => say(event.currentTarget.value)}
        />
        <Tick label={texts.items.publish} on={publish} turn={choose} />
        {plan && (
          <Text role="status">
            {fill(texts.items.preview, { count: number.format(plan.total), first: plan.first, last: plan.last })}
            {plan.twice > 0 && ` ${fill(texts.items.twice, { count: number.format(plan.twice) })}`}
          </Text>
        )}
        {trouble !== undefined && <Trouble error={trouble} />}
        <Group>
          <Button disabled={!plan} loading={busy} onClick={() => void make()}>
            {fill(texts.items.makeMany, { count: number.format(plan?.total ?? 0) })}
          </Button>
        </Group>
      </Stack>
    </Part>
  )
}

/** How far an order is; it goes on while the page is gone. */
function Ordered({ id, orderId }: { id: string; orderId: string }) {
  const texts = useTexts()
  const queries = useQueryClient()
  const number = new Intl.NumberFormat(useLanguage())
  const path = `/api/passports/${id}/items/${orderId}`
  const { data, error } = useQuery({
    queryKey: [path, 'order'],
    queryFn: async () => {
      const { data: order } = await ask<Order>('GET', path)
      if (order.endedAt) void queries.invalidateQueries({ queryKey: ['/api/passports'] })
      return order
    },
    refetchInterval: ({ state }) => (state.data?.endedAt ? false : 1_000),
  })
  if (error) return <Trouble error={error} />
  if (!data) return null
  const { state, problem, total, done, created, failed, endedAt } = data
  const counts = Object.entries({ total, done, created, failed }).map(([name, count]) => [name, number.format(count)])
  return (
    <Stack>
      <Alert
        role="status"
        variant="default"
        title={fill(texts.items.progress, Object.fromEntries(counts) as Record<string, string>)}
      >
        <Group>
          <State value={state} />
          {problem && <Text span>{problem}</Text>}
          {!endedAt && (
            <ActButton act={{ name: t => t.list.stop, run: () => ask('POST', `${path}/cancel`) }} size="compact-sm" />
          )}
        </Group>
      </Alert>
      {!endedAt && <Progress aria-label={texts.items.make} value={(100 * done) / total} />}
      {failed > 0 && endedAt && <List list={refusedOf(id, orderId)} embedded />}
    </Stack>
  )
}

const refusedOf = (id: string, orderId: string) =>
  listOf('/api/passports/{id}/items/{orderId}/errors', {
    params: { id, orderId },
    columns: [{ id: 'row', kind: 'number' }, { id: 'serial' }, { id: 'code' }, { id: 'detail' }],
    idOf: ({ row }) => String(row),
    empty: texts => ({ title: texts.items.title, text: '' }),
  })
