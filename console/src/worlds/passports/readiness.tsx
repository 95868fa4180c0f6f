import { Anchor, Button, Group, Modal, SegmentedControl, Stack, Text } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import attributes from 'law:attributes'
import type { components } from '../../api/api.gen'
import { Day } from '../../blocks/choice.tsx'
import { Read } from '../../blocks/data.tsx'
import { Short } from '../../blocks/short.tsx'
import { State } from '../../blocks/values.tsx'
import { fill, useLanguage, useTexts, wordFor, type Language } from '../../texts/texts.tsx'
import type { Passport } from './passports.tsx'

/** With the forms: nobody waits for them who only looks. */
const Point = lazy(() => import('./point.tsx'))

type Item = components['schemas']['ReadinessItem']

const open: ReadonlySet<string> = new Set(['missing', 'invalid', 'stale', 'evidence_missing', 'plant_missing'])

/** What the law asks of this passport, point by point: what is there, what lacks and why, and the next act at each. */
export default function Readiness({ passport, editable }: { passport: Passport; editable: boolean }) {
  const { id } = passport
  const texts = useTexts()
  const language = useLanguage()
  const [on, choose] = useState('')
  const [all, show] = useState(false)
  const [filling, begin] = useState<Item>()
  const point = Number(new URLSearchParams(location.search).get('point'))
  return (
    <Stack>
      <Group align="flex-end">
        <Day label={texts.readiness.on} value={on} choose={choose} />
        <SegmentedControl
          value={all ? 'all' : 'open'}
          onChange={next => show(next === 'all')}
          data={[
            { value: 'open', label: texts.readiness.gaps },
            { value: 'all', label: texts.readiness.all },
          ]}
        />
      </Group>
      <Read path="/api/passports/{id}/readiness" params={{ id }} query={on ? { on } : {}}>
        {readiness => {
          const shown = readiness.items.filter(one => (point ? one.dataPoint === point : all || open.has(one.finding)))
          const { present, missing, invalid } = readiness.counts
          return (
            <Stack>
              <Group>
                <State value={readiness.ready ? 'ready' : 'not_ready'} />
                <Text role="status">
                  {fill(texts.readiness.summary, { present, missing, invalid, of: present + missing + invalid })}
                </Text>
                <Text c="dimmed">{wordFor(texts, readiness.scope)}</Text>
              </Group>
              {shown.length === 0 ? (
                <Text>{texts.readiness.nothing}</Text>
              ) : (
                <Points items={shown} fill={editable ? begin : undefined} />
              )}
            </Stack>
          )
        }}
      </Read>
      {filling && (
        <Modal opened onClose={() => begin(undefined)} title={titleOf(filling, language)}>
          <Text size="sm" c="dimmed" mb="sm">
            {filling.article}
          </Text>
          <Suspense>
            <Point passport={passport} ids={filling.attributes} close={() => begin(undefined)} />
          </Suspense>
        </Modal>
      )}
    </Stack>
  )
}

/** The law's own words are English; what its attributes are called is there in both. */
function nameOfPoint({ name, attributes: ids }: Item, language: Language): string {
  const own = ids.map(id => attributes[id]?.[language]).filter(Boolean)
  return language === 'en' || own.length === 0 ? name : own.join(', ')
}

const titleOf = (item: Item, language: Language): string => `${item.dataPoint}. ${nameOfPoint(item, language)}`

function Points({ items, fill: begin }: { items: readonly Item[]; fill?: (item: Item) => void }) {
  const texts = useTexts()
  const language = useLanguage()
  const fillable = (item: Item) =>
    item.finding !== 'must_be_empty' && item.attributes.some(id => attributes[id] && !attributes[id].computed)
  return (
    <Short
      name={texts.readiness.all}
      rows={items}
      idOf={item => String(item.dataPoint)}
      columns={[
        {
          id: 'point',
          name: texts.readiness.point,
          cell: item => (
            <>
              {titleOf(item, language)}
              {item.condition && (
                <Text size="sm" c="dimmed" lang="en">
                  {item.condition}
                </Text>
              )}
            </>
          ),
        },
        { id: 'finding', name: texts.readiness.finding, kind: 'state' },
        { id: 'nextAction', name: texts.readiness.next, kind: 'word' },
        { id: 'owner', name: texts.readiness.bringer, kind: 'word' },
        {
          id: 'article',
          name: texts.readiness.article,
          cell: ({ article, link }) => (
            <Anchor href={link.article} rel="noreferrer" target="_blank">
              {article}
            </Anchor>
          ),
        },
      ]}
      acts={
        begin &&
        (item =>
          fillable(item) && (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => begin(item)}
              aria-label={`${texts.readiness.fill}: ${nameOfPoint(item, language)}`}
            >
              {texts.readiness.fill}
            </Button>
          ))
      }
    />
  )
}
