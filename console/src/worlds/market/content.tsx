import blog from 'schema:post /api/content/blog'
import help from 'schema:post /api/content/help'
import jobs from 'schema:post /api/content/jobs'
import tutorials from 'schema:post /api/content/tutorials'
import { Button, Code, SegmentedControl } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, useState, type ComponentType } from 'react'
import type { components } from '../../api/api.gen'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { All } from '../../blocks/all.tsx'
import { Read } from '../../blocks/data.tsx'
import { Facts, factsOf, type Act, type Tab } from '../../blocks/detail.tsx'
import type { ListDeclaration } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { Part } from '../../blocks/screen.tsx'
import { createScreen, detailScreen, editScreen, listScreen, WayButton } from '../../blocks/screens.tsx'
import { useTexts, wordFor, type Catalogue } from '../../texts/texts.tsx'

const Applications = lazy(async () => ({ default: (await import('./applications.tsx')).Applications }))

const schemas = { blog, help, tutorials, jobs }
export type Section = keyof typeof schemas

/** What all kinds of articles have. */
type Article = components['schemas']['Post']
type Row = Omit<Article, 'body' | 'html' | 'translations'>

const states = ['published', 'draft', 'scheduled', 'withdrawn'] as const

/** Which of them are shown; the address says it, as it does for the list. */
function States() {
  const texts = useTexts()
  const navigate = useNavigate()
  const { state = 'published' } = useSearch({ strict: false }) as { state?: string }
  return (
    <SegmentedControl
      w="fit-content"
      maw="100%"
      aria-label={texts.content.states}
      value={state}
      onChange={next => void navigate({ to: '.', search: { state: next } as never, replace: true })}
      data={states.map(value => ({ value, label: wordFor(texts, value) }))}
    />
  )
}

/** What is written, as readers will see it, while one writes; the platform renders it, and keeps nothing. */
function Written({ body }: { body: string }) {
  const texts = useTexts()
  const [settled] = useDebouncedValue(body, 400)
  const { data } = useQuery({
    queryKey: ['/api/content/preview', settled],
    enabled: settled.trim() !== '',
    // What stands until the next comes.
    placeholderData: keepPreviousData,
    queryFn: async () =>
      (await ask<{ html: string }>('POST', '/api/content/preview', { body: { body: settled } })).data.html,
  })
  if (settled.trim() === '' || data === undefined) return null
  return (
    <Part title={texts.content.preview}>
      <Rendered html={data} />
    </Part>
  )
}

/** Nothing in it runs, or leads anywhere from here. */
function Rendered({ html }: { html: string }) {
  const texts = useTexts()
  return <iframe className="preview" sandbox="" srcDoc={html} title={texts.content.preview} />
}

const beside = (entered: unknown) => <Written body={(entered as { body?: string } | undefined)?.body ?? ''} />

const columns: ListDeclaration<Row>['columns'] = [
  ...plain('title state:state language:word tags:list publishedAt:instant changedAt:instant? version:number?'),
]

/** Screens of one kind of article: its list, a new one, one, and its editor. */
export function articleScreens(section: Section): Record<'List' | 'New' | 'One' | 'Edit', ComponentType> {
  const path = `/api/content/${section}`
  // Of all kinds the same, as far as it is shown here.
  const one = `${path}/{slug}` as '/api/content/blog/{slug}'
  const way = { to: `/content/${section}`, name: (texts: Catalogue) => texts.content.sections[section] }
  const post = (id: string, act: 'publish' | 'withdraw') => () =>
    ask('POST', `${path}/${id}/${act}`, { body: act === 'publish' ? {} : undefined })
  const list: ListDeclaration<Row> = {
    path,
    columns,
    without: ['state'],
    open: ({ id }) => `${way.to}/${id}`,
    acts: [
      { name: texts => texts.content.publish, may: mayPublish, run: ({ id }) => post(id, 'publish')() },
      { name: texts => texts.content.withdraw, may: mayWithdraw, run: ({ id }) => post(id, 'withdraw')() },
    ],
    empty: texts => ({ title: texts.market.emptyTitle, text: texts.content.empty }),
  }
  const acts = (article: Article): Act[] => [
    ...(mayPublish(article)
      ? [{ name: (texts: Catalogue) => texts.content.publish, run: post(article.id, 'publish') }]
      : []),
    ...(mayWithdraw(article)
      ? [
          {
            name: (texts: Catalogue) => texts.content.withdraw,
            warns: (texts: Catalogue) => texts.content.withdrawText,
            run: post(article.id, 'withdraw'),
          },
        ]
      : []),
  ]
  return {
    List: listScreen(way.name, list, { to: `${way.to}/new`, name: texts => texts.content.write }, <States />),
    New: createScreen({
      title: texts => texts.content.write,
      list: way,
      schema: schemas[section],
      post: path,
      beside,
      opened: ({ id }) => `${way.to}/${String(id)}`,
    }),
    One: detailScreen({
      path: one,
      list: way,
      title: ({ title }) => title,
      state: ({ state }) => state,
      changed: ({ changedAt }) => changedAt,
      acts,
      links: ({ id, slug, state, language }, texts) => (
        <>
          {state === 'published' && (
            <a href={`${base}${language === 'en' ? '' : `/${language}`}/${section}/${slug}`}>{texts.content.page}</a>
          )}
          <WayButton to={`${way.to}/${id}/edit`} name={t => t.passports.edit} />
        </>
      ),
      tabs: (article, texts) => [
        // As the platform renders it.
        { id: 'preview', name: texts.content.preview, content: () => <Rendered html={article.html} /> },
        {
          id: 'about',
          name: texts.shell.details,
          content: () => (
            <Facts
              facts={[
                ...factsOf(article, plain('summary language:word tags:list publishAt:instant publishedAt:instant')),
                { id: 'text', value: article.body },
              ]}
            />
          ),
        },
        saidBefore(one, article.id, texts),
        ...(section === 'jobs' ? [appliedTo(article.id, texts)] : []),
      ],
    }),
    Edit: editScreen({
      title: way.name,
      list: way,
      path: one,
      schema: schemas[section],
      beside,
      opened: id => `${way.to}/${id}`,
    }),
  }
}

const saidBefore = (one: '/api/content/blog/{slug}', slug: string, texts: Catalogue): Tab => ({
  id: 'versions',
  name: texts.passports.history,
  content: () => <Versions path={`${one}/versions`} slug={slug} />,
})

/** What it said before; of each version the lines that went and came. */
function Versions({ path, slug }: { path: '/api/content/blog/{slug}/versions'; slug: string }) {
  const texts = useTexts()
  const [version, show] = useState<number>()
  return (
    <>
      <All
        path={path}
        params={{ slug }}
        name={texts.passports.history}
        idOf={row => String(row.version)}
        columns={[
          { id: 'version' },
          { id: 'at', kind: 'instant' },
          { id: 'userId', kind: 'id' },
          { id: 'title' },
          { id: 'summary' },
        ]}
        acts={row => (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`${texts.content.changes} ${row.version}`}
            onClick={() => show(row.version)}
          >
            {texts.content.changes}
          </Button>
        )}
      />
      {version !== undefined && (
        <Part title={`${texts.content.changes} ${version}`}>
          <Read path={`${path}/{version}`} params={{ slug, version: String(version) }}>
            {({ difference, body }) => <Code block>{difference || body}</Code>}
          </Read>
        </Part>
      )}
    </>
  )
}

/** Who applied for a job. */
const appliedTo = (slug: string, texts: Catalogue): Tab => ({
  id: 'applications',
  name: texts.content.applications,
  content: () => <Applications slug={slug} />,
})

const mayPublish = ({ state }: Pick<Row, 'state'>): boolean => state === 'draft' || state === 'withdrawn'
const mayWithdraw = ({ state }: Pick<Row, 'state'>): boolean => state === 'published' || state === 'scheduled'
