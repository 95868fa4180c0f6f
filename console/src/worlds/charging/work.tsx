import {
  Alert,
  Button,
  FileButton,
  Group,
  List,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
  Timeline,
} from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { components } from '../../api/api.gen'
import { did, settle, tellAll, useWaiting, type Waiting } from '../../api/waiting.ts'
import { useRead } from '../../blocks/data.tsx'
import { Value } from '../../blocks/values.tsx'
import { usePerson } from '../../shell/person.tsx'
import { field as de } from '../../texts/de-field.ts'
import { field as en } from '../../texts/en-field.ts'
import { fill, useLanguage, nameOf, useTexts, wordFor, type Catalogue } from '../../texts/texts.tsx'
import { Part } from '../../blocks/screen.tsx'
import { Photos } from './photos.tsx'

const catalogues = { en, de }

type TicketAnswer = components['schemas']['Ticket']

/** What becomes of a ticket by what a technician does, until the platform has heard of it. */
const leads: Record<string, { state: TicketAnswer['state']; possible: readonly string[] }> = {
  start: { state: 'in-progress', possible: ['wait', 'resolve'] },
  wait: { state: 'waiting-for-part', possible: ['start', 'resolve'] },
  resolve: { state: 'resolved', possible: [] },
}

const nameOfAct = (own: typeof en, { values }: Catalogue, act: string): string =>
  (own.acts as Record<string, string>)[act] ?? (values as Record<string, string>)[act] ?? act

/** Tells what waits at once, when the network is back, and every few seconds while something waits. */
function useTelling(personId: string, count: number): void {
  const queries = useQueryClient()
  useEffect(() => {
    const tell = async (): Promise<void> => {
      if ((await tellAll(personId)) > 0) await queries.invalidateQueries()
    }
    void tell()
    window.addEventListener('online', tell)
    const timer = window.setInterval(() => count > 0 && navigator.onLine && void tell(), 5_000)
    return () => {
      window.removeEventListener('online', tell)
      window.clearInterval(timer)
    }
  }, [personId, count])
}

/** A ticket for who works on it, on a telephone and without a network: the next act, what is to say, photos, parts. */
export default function Work({ ticket }: { ticket: TicketAnswer }) {
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  const { id: personId } = usePerson()
  const waiting = useWaiting().filter(one => one.personId === personId && one.about === ticket.id)
  const unheard = waiting.filter(({ refused }) => !refused)
  const { state, possible } = unheard.reduce((known, { act }) => leads[act] ?? known, {
    state: ticket.state,
    possible: ticket.possible,
  } as { state: TicketAnswer['state']; possible: readonly string[] })
  const [text, say] = useState('')

  useTelling(personId, unheard.length)
  const act = async (name: string, more: Pick<Waiting, 'body' | 'photo'> = {}, last = name): Promise<void> => {
    const path = `/api/maintenance/tickets/${ticket.id}/${last}`
    await did({ personId, about: ticket.id, act: name, path, ...more })
  }
  const spoken = text.trim() === '' ? {} : { text: text.trim() }
  const step = async (name: string): Promise<void> => {
    await act(name, { body: spoken })
    say('')
  }
  const [next, ...others] = (['start', 'resolve', 'wait'] as const).filter(name => possible.includes(name))
  const isOpen = state !== 'closed'
  return (
    <Stack className="work">
      <Text role="status">
        {wordFor(texts, state)} · {wordFor(texts, ticket.priority)}
        {ticket.dueAt && (
          <>
            {' '}
            · {nameOf(texts, 'dueAt')} <Value kind="instant" value={ticket.dueAt} />
          </>
        )}
      </Text>
      <Text>{[...new Set([ticket.place, ticket.address, ticket.chargerId])].filter(Boolean).join(' · ')}</Text>
      {ticket.description && <Text>{ticket.description}</Text>}
      {waiting.length > 0 && <Queue waiting={waiting} />}
      {next && (
        <Button size="lg" fullWidth onClick={() => void step(next)}>
          {own.acts[next]}
        </Button>
      )}
      {isOpen && (
        <>
          <Textarea
            label={own.notes}
            description={own.notesText}
            rows={3}
            maxLength={2_000}
            value={text}
            onChange={event => say(event.currentTarget.value)}
          />
          <Group>
            <Button
              variant="default"
              disabled={text.trim() === ''}
              onClick={() => void act('comment', { body: spoken }, 'comments').then(() => say(''))}
            >
              {own.acts.comment}
            </Button>
            {others.map(name => (
              <Button key={name} variant="default" onClick={() => void step(name)}>
                {own.acts[name]}
              </Button>
            ))}
            <FileButton
              accept="image/*"
              inputProps={{ 'aria-label': own.acts.photo }}
              onChange={photo => photo && void act('photo', { photo }, 'photos')}
            >
              {props => (
                <Button {...props} variant="default">
                  {own.acts.photo}
                </Button>
              )}
            </FileButton>
          </Group>
          <Parts use={(partId, quantity) => act('part', { body: { partId, quantity } }, 'parts')} />
        </>
      )}
      <Notes ticket={ticket} />
    </Stack>
  )
}

/** What waits for the network, in its order; what was refused is said with its reason. */
function Queue({ waiting }: { waiting: readonly Waiting[] }) {
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  return (
    <Alert role="status" variant="default" title={fill(own.waiting, { count: waiting.length })}>
      <List listStyleType="none" spacing="xs">
        {waiting.map(one => (
          <List.Item key={one.number}>
            <Value kind="instant" value={one.at} /> · {nameOfAct(own, texts, one.act)}
            {one.body && 'text' in one.body && ` · ${String(one.body.text)}`}
            {one.refused && (
              <Group gap="xs" role="alert">
                <Text span size="sm">
                  {texts.problems[one.refused.code] ?? one.refused.text}
                </Text>
                <Button size="compact-sm" variant="default" onClick={() => void settle(one, true)}>
                  {texts.shell.retry}
                </Button>
                <Button size="compact-sm" variant="default" onClick={() => void settle(one, false)}>
                  {own.drop}
                </Button>
              </Group>
            )}
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}

/** Parts are known before the network is gone: they come with the ticket. */
function Parts({ use }: { use: (partId: string, quantity: number) => Promise<void> }) {
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  const { data } = useRead('/api/maintenance/parts', {}, { limit: '100' })
  const [part, choose] = useState<string | null>(null)
  const [quantity, count] = useState('1')
  const parts = data?.data.items ?? []
  if (parts.length === 0) return null
  return (
    <Group align="flex-end">
      <Select
        label={own.part}
        value={part}
        onChange={choose}
        data={parts.map(({ id, number, name, stock }) => ({
          value: id,
          label: `${number} ${name} (${fill(own.inStock, { count: stock })})`,
        }))}
      />
      <TextInput
        label={nameOf(texts, 'quantity')}
        inputMode="numeric"
        w="6rem"
        value={quantity}
        onChange={event => count(event.currentTarget.value)}
      />
      <Button
        variant="default"
        disabled={part === null || !/^[1-9]\d{0,3}$/.test(quantity)}
        onClick={() => void use(part!, Number(quantity)).then(() => choose(null))}
      >
        {own.acts.part}
      </Button>
    </Group>
  )
}

/** What was done and said, with when it was done. */
function Notes({ ticket: { notes } }: { ticket: TicketAnswer }) {
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  return (
    <Part title={own.steps}>
      <Timeline active={notes.length} bulletSize={12} lineWidth={2}>
        {notes.map(({ id, act, text, photos, notedAt, toldAt }) => (
          <Timeline.Item key={id} title={nameOfAct(own, texts, act)}>
            <Text size="sm">
              <Value kind="instant" value={notedAt} />
              {toldAt && (
                <>
                  {' '}
                  ({own.toldAt} <Value kind="instant" value={toldAt} />)
                </>
              )}
            </Text>
            {text && <Text>{text}</Text>}
            <Photos ids={photos} />
          </Timeline.Item>
        ))}
      </Timeline>
    </Part>
  )
}
