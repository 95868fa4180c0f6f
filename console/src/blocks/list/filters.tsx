import { Button, Group, Menu, Modal, Pill, Select, Stack, TextInput } from '@mantine/core'
import { IconFilter } from '@tabler/icons-react'
import { useState } from 'react'
import { fill, nameOf, useTexts, wordFor } from '../../texts/texts.tsx'
import { parse, type Asked } from './address.ts'
import { freeWordOf, type Word } from './declaration.ts'

/** Filters as chips, each also to be typed: `status:draft model:"LM3 long" text`. */
export function Filters(props: {
  words: readonly Word[]
  asked: Asked
  ask: (next: Asked) => void
  /** What a screen is for is its one landmark; of lists among others none is. */
  isMain: boolean
}) {
  const { words, asked, ask, isMain } = props
  const texts = useTexts()
  const [typed, type] = useState('')
  const [wrong, complain] = useState<string>()
  const free = freeWordOf(words)
  const shownWords = words.filter(({ name }) => asked[name] !== undefined)
  const names = shownWords.map(({ name }) => name)
  const choice = words.find(({ values }) => values) ?? words[0]
  const example = choice && `${choice.name}:${choice.values?.[0] ?? '…'}`
  const told = fill(texts.list.search, { example: example ?? '' })
  // What somebody typed is told as they typed it.
  const toldOf = ({ name, type, values }: Word) =>
    values || type === 'boolean' ? wordFor(texts, asked[name]!) : asked[name]!

  function take(): void {
    const { words: named, free: text } = parse(typed)
    const stranger = Object.keys(named).find(name => !words.some(word => word.name === name))
    const strange = stranger ?? (text && !free ? text : undefined)
    if (strange)
      return complain(
        fill(texts.list.unknown, { name: strange, known: words.map(({ name }) => name).join(', ') || '–' }),
      )
    complain(undefined)
    type('')
    ask({ ...asked, ...named, ...(text && free && { [free]: text }) })
  }

  if (words.length === 0) return null
  return (
    <Group gap="xs" align="flex-start" role={isMain ? 'search' : undefined}>
      <TextInput
        className="filter"
        aria-label={told}
        placeholder={told}
        data-key="/"
        value={typed}
        error={wrong}
        onChange={event => type(event.currentTarget.value)}
        onKeyDown={event => event.key === 'Enter' && take()}
      />
      <AddFilter words={words} add={(name, value) => ask({ ...asked, [name]: value })} />
      {shownWords.map(({ name, ...word }) => (
        <Pill
          key={name}
          size="lg"
          withRemoveButton
          onRemove={() => ask(without(asked, [name]))}
          removeButtonProps={{
            'aria-label': fill(texts.list.remove, { name: nameOf(texts, name) }),
            'aria-hidden': false,
            tabIndex: 0,
          }}
        >
          {nameOf(texts, name)}: {toldOf({ name, ...word })}
        </Pill>
      ))}
      {shownWords.length > 1 && (
        <Button variant="subtle" onClick={() => ask(without(asked, names))}>
          {texts.list.clear}
        </Button>
      )}
    </Group>
  )
}

export const without = (asked: Asked, names: readonly string[]): Asked =>
  Object.fromEntries(Object.entries(asked).filter(([name]) => !names.includes(name)))

function AddFilter({ words, add }: { words: readonly Word[]; add: (name: string, value: string) => void }) {
  const texts = useTexts()
  const [word, choose] = useState<Word>()
  const [value, enter] = useState('')
  const apply = (): void => {
    if (!word || value === '') return
    add(word.name, word.type === 'date-time' ? new Date(value).toISOString() : value)
    choose(undefined)
    enter('')
  }
  const choices = word?.values?.map(String) ?? (word?.type === 'boolean' ? ['true', 'false'] : undefined)
  return (
    <>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button variant="default" leftSection={<IconFilter size={16} aria-hidden />}>
            {texts.list.filter}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {words.map(each => (
            <Menu.Item key={each.name} onClick={() => choose(each)}>
              {nameOf(texts, each.name)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {word && (
        <Modal opened onClose={() => choose(undefined)} title={texts.list.filterBy}>
          <Stack gap="xs">
            {choices ? (
              <Select
                label={nameOf(texts, word.name)}
                data={choices.map(choice => ({ value: choice, label: wordFor(texts, choice) }))}
                value={value || null}
                onChange={next => enter(next ?? '')}
                data-autofocus
              />
            ) : (
              <TextInput
                label={nameOf(texts, word.name)}
                type={word.type === 'date-time' ? 'datetime-local' : word.type === 'integer' ? 'number' : 'text'}
                value={value}
                onChange={event => enter(event.currentTarget.value)}
                onKeyDown={event => event.key === 'Enter' && apply()}
                data-autofocus
              />
            )}
            <Button onClick={apply}>{texts.list.apply}</Button>
          </Stack>
        </Modal>
      )}
    </>
  )
}
