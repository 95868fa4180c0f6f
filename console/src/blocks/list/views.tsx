import { Button, CloseButton, Group, Modal, Popover, Stack, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api/client.ts'
import { usePerson } from '../../shell/person.tsx'
import { fill, useLanguage, useTexts } from '../../texts/texts.tsx'
import type { AnswerOf } from '../data.tsx'
import { messageOf } from '../trouble.tsx'
import type { Asked } from './address.ts'
import { at, isCounted, type ListDeclaration } from './declaration.ts'
import { Tick } from '../choice.tsx'

const path = '/api/auth/views'

type View = AnswerOf<typeof path>['items'][number]

/** What a view keeps of how a list is looked at. */
export interface Look {
  readonly asked: Asked
  readonly hidden: readonly string[]
  readonly compact: boolean
}

const shapeOf = ({ asked, hidden, compact }: Look): string =>
  JSON.stringify([Object.entries(asked).sort(([a], [b]) => (a < b ? -1 : 1)), hidden.toSorted(), compact])

/**
 * Views of one list, one's own and those of the organisation, with their hits: kept by the platform, chosen by a click,
 * and written into the address.
 */
export function Views<Row>(props: {
  list: ListDeclaration<Row>
  look: Look
  /** How it is looked at where nobody has said. */
  plain: Look
  show: (look: Look) => void
}) {
  const { list, look, plain, show } = props
  const texts = useTexts()
  const queries = useQueryClient()
  const { organisation } = usePerson()
  const maySaveFor = organisation !== undefined && organisation.role !== 'viewer'
  const { data } = useQuery({
    queryKey: [path, list.path],
    queryFn: async () =>
      (await ask<AnswerOf<typeof path>>('GET', path, { query: { list: list.path, limit: 100 } })).data.items,
  })
  const views = data ?? []
  const [chosen, choose] = useState<string>()
  const current = shapeOf(look)
  const shown = views.find(view => shapeOf(view) === current)
  // A view that was chosen, and looks different by now.
  const left = shown ? undefined : views.find(({ id }) => id === chosen)
  const hits = useHits(list, views)

  const write = async (method: 'POST' | 'PUT' | 'DELETE', to: string, body?: object): Promise<View | undefined> => {
    const { data: made } = await ask<View | undefined>(method, to, { body })
    await queries.invalidateQueries({ queryKey: [path, list.path] })
    return made
  }
  const trying = (work: Promise<unknown>): void =>
    void work.catch(error => notifications.show({ message: messageOf(error, texts), color: 'red', autoClose: false }))
  const save = async (name: string, shared: boolean): Promise<void> =>
    choose((await write('POST', path, { list: list.path, name, shared, ...look }))?.id)

  if (views.length === 0 && current === shapeOf(plain)) return null
  return (
    <Group gap="xs" role="group" aria-label={texts.list.views}>
      {views.map((view, index) => (
        <Group key={view.id} gap={2}>
          <Button
            size="compact-sm"
            variant={view === shown ? 'filled' : 'default'}
            aria-pressed={view === shown}
            title={view.shared ? texts.list.sharedView : undefined}
            onClick={() => {
              choose(view.id)
              show(view)
            }}
          >
            {view.name}
            {hits[index] && ` (${hits[index]})`}
          </Button>
          {(!view.shared || maySaveFor) && (
            <Remove view={view} remove={() => trying(write('DELETE', `${path}/${view.id}`))} />
          )}
        </Group>
      ))}
      {left && (!left.shared || maySaveFor) && (
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => trying(write('PUT', `${path}/${left.id}`, { name: left.name, ...look }))}
        >
          {fill(texts.list.saveInto, { name: left.name })}
        </Button>
      )}
      {!shown && current !== shapeOf(plain) && <SaveAs save={save} sharable={maySaveFor} />}
      {left && (
        <Button size="compact-sm" variant="subtle" onClick={() => show(left)}>
          {texts.list.discardView}
        </Button>
      )}
    </Group>
  )
}

/** How many rows each has, where the platform counts; of the first ones alone. */
function useHits<Row>(list: ListDeclaration<Row>, views: readonly View[]): (string | undefined)[] {
  const number = new Intl.NumberFormat(useLanguage())
  const counts = useQueries({
    queries: (isCounted(list) ? views.slice(0, 8) : []).map(({ asked: { sort: _, ...filters } }) => {
      const query = { ...list.query, ...filters }
      const of = at(list.path, list.params)
      return {
        queryKey: [of, 'count', query],
        queryFn: async () => (await ask<{ count: number; exact: boolean }>('GET', `${of}/count`, { query })).data,
      }
    }),
  })
  return counts.map(({ data }) => data && `${number.format(data.count)}${data.exact ? '' : '+'}`)
}

/** One that others use is asked about. */
function Remove({ view, remove }: { view: View; remove: () => void }) {
  const texts = useTexts()
  const [asking, ask] = useState(false)
  const name = fill(texts.list.deleteView, { name: view.name })
  return (
    <>
      <CloseButton size="sm" aria-label={name} onClick={() => (view.shared ? ask(true) : remove())} />
      {asking && (
        <Modal opened onClose={() => ask(false)} title={name}>
          <Stack>
            <Text>{texts.list.deleteShared}</Text>
            <Group>
              <Button onClick={remove}>{texts.list.deleteIt}</Button>
              <Button variant="default" onClick={() => ask(false)}>
                {texts.list.cancel}
              </Button>
            </Group>
          </Stack>
        </Modal>
      )}
    </>
  )
}

function SaveAs({ save, sharable }: { save: (name: string, shared: boolean) => Promise<void>; sharable: boolean }) {
  const texts = useTexts()
  const [naming, open] = useState(false)
  const [name, enter] = useState('')
  const [shared, share] = useState(false)
  const [trouble, tell] = useState<string>()
  const submit = async (): Promise<void> => {
    if (name.trim() === '') return
    try {
      await save(name.trim(), shared)
      open(false)
      enter('')
      tell(undefined)
    } catch (error) {
      tell(messageOf(error, texts))
    }
  }
  return (
    <Popover opened={naming} onChange={open} trapFocus>
      <Popover.Target>
        <Button size="compact-sm" variant="subtle" onClick={() => open(true)}>
          {texts.list.saveView}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={texts.list.saveView}>
        <Stack gap="xs">
          <TextInput
            label={texts.list.viewName}
            maxLength={60}
            value={name}
            error={trouble}
            onChange={event => enter(event.currentTarget.value)}
            onKeyDown={event => event.key === 'Enter' && void submit()}
          />
          {sharable && <Tick label={texts.list.shareView} on={shared} turn={share} />}
          <Button onClick={() => void submit()}>{texts.list.save}</Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
