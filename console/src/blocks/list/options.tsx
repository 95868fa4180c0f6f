import { Button, Group, Menu, Popover, Stack } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconAdjustments, IconDownload, IconUpload } from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import { fill, nameOf, useLanguage, useTexts } from '../../texts/texts.tsx'
import { messageOf } from '../trouble.tsx'
import type { Asked } from './address.ts'
import type { Column, ImportOf, ListDeclaration } from './declaration.ts'
import { exported, type Format } from './export.ts'
import { gathered } from './rows.ts'
import { Tick } from '../choice.tsx'

const ImportModal = lazy(async () => ({ default: (await import('./import.tsx')).ImportModal }))

export function ImportButton(props: ImportOf) {
  const texts = useTexts()
  const [opened, open] = useState(false)
  return (
    <>
      <Button variant="default" leftSection={<IconUpload size={16} aria-hidden />} onClick={() => open(true)}>
        {texts.list.import}
      </Button>
      {opened && (
        <Suspense>
          <ImportModal {...props} close={() => open(false)} />
        </Suspense>
      )}
    </>
  )
}

/** Which columns, how high the rows, and the list as a file. */
export function Options<Row>(props: {
  list: ListDeclaration<Row>
  asked: Asked
  columns: readonly Column<Row>[]
  hidden: readonly string[]
  hide: (ids: readonly string[]) => void
  compact: boolean
  setCompact: (compact: boolean) => void
}) {
  const { list, asked, columns, hidden, hide, compact, setCompact } = props
  const texts = useTexts()
  const language = useLanguage()
  const number = new Intl.NumberFormat(language)
  const save = async (format: Format): Promise<void> => {
    // What is closed is stopped.
    const stop = new AbortController()
    const id = crypto.randomUUID()
    const about = { id, autoClose: false, onClose: () => stop.abort() } as const
    notifications.show({ ...about, loading: true, message: fill(texts.list.exporting, { count: 0 }) })
    const told = (count: number): void =>
      void notifications.update({
        ...about,
        loading: true,
        message: fill(texts.list.exporting, { count: number.format(count) }),
      })
    try {
      const { rows, isCut } = await gathered(list, asked, told, stop.signal)
      exported(list, rows, columns, format, field => nameOf(texts, field))
      const message = fill(isCut ? texts.list.exportedFirst : texts.list.exported, {
        count: number.format(rows.length),
      })
      notifications.update({ id, loading: false, autoClose: isCut ? false : 5_000, message })
    } catch (error) {
      if (stop.signal.aborted) return
      notifications.update({ id, loading: false, autoClose: false, message: messageOf(error, texts), color: 'red' })
    }
  }
  const toggle = (id: string, shown: boolean): void =>
    hide(shown ? hidden.filter(each => each !== id) : [...hidden, id])
  return (
    <Group gap="xs">
      {list.imports && <ImportButton {...list.imports} />}
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />}>
            {texts.list.export}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => void save('csv')}>{texts.list.exportCsv}</Menu.Item>
          <Menu.Item onClick={() => void save('csv-de')}>{texts.list.exportCsvDe}</Menu.Item>
          <Menu.Item onClick={() => void save('jsonl')}>{texts.list.exportJson}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Popover position="bottom-end" trapFocus>
        <Popover.Target>
          <Button variant="default" leftSection={<IconAdjustments size={16} aria-hidden />}>
            {texts.list.columns}
          </Button>
        </Popover.Target>
        <Popover.Dropdown aria-label={texts.list.options}>
          <Stack gap="xs">
            {list.columns.slice(1).map(({ id }) => (
              <Tick key={id} label={nameOf(texts, id)} on={!hidden.includes(id)} turn={on => toggle(id, on)} />
            ))}
            <Tick label={texts.list.compact} on={compact} turn={setCompact} />
          </Stack>
        </Popover.Dropdown>
      </Popover>
    </Group>
  )
}
