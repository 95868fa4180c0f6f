import { Button } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense, useState, type ComponentType, type ReactNode } from 'react'
import { ask } from '../api/client.ts'
import { useTexts, type Catalogue } from '../texts/texts.tsx'
import { Read, read, useRead, type AnswerOf, type ReadPath } from './data.tsx'
import { Detail, type Act, type Tab } from './detail.tsx'
import type { EditorProps } from './editor.tsx'
import { Link } from './link.tsx'
import { at, type ListDeclaration } from './list/declaration.ts'
import { List } from './list/list.tsx'
import type { Schema } from './schema.ts'
import { Screen } from './screen.tsx'

/** Screens as they are declared: what differs from one to the next is data. */

/** Lists are opened more often than forms: what a form needs comes with the first. */
const Form = lazy(async () => ({ default: (await import('./editor.tsx')).Editor<unknown> }))

export function Editor<Answer>(props: EditorProps<Answer>) {
  return (
    <Suspense>
      <Form {...(props as EditorProps<unknown>)} />
    </Suspense>
  )
}

type Say = (texts: Catalogue) => string
interface Way {
  readonly to: string
  readonly name: Say
}

export function WayButton({ to, name, variant = 'filled' }: Way & { variant?: 'default' | 'filled' }) {
  return <Button component={Link} to={to} variant={variant}>{name(useTexts())}</Button> // prettier-ignore
}

export const listScreen =
  <Row,>(title: Say, list: ListDeclaration<Row>, create?: Way, above?: ReactNode): ComponentType =>
  () => (
    <Screen title={title(useTexts())} acts={create && <WayButton {...create} />}>
      {above}
      <List list={create ? { ...list, begin: <WayButton {...create} /> } : list} />
    </Screen>
  )

/** What stands in the address is what the API calls it, whatever that is. */
const paramsOf = (id: string) => ({ id, slug: id, key: id, position: id })

export interface DetailDeclaration<P extends ReadPath> {
  readonly path: P
  readonly list: Way
  readonly title: (answer: AnswerOf<P>) => string
  readonly state?: (answer: AnswerOf<P>) => string
  readonly changed?: (answer: AnswerOf<P>) => string | undefined
  readonly acts?: (answer: AnswerOf<P>) => readonly Act[]
  readonly links?: (answer: AnswerOf<P>, texts: Catalogue) => ReactNode
  readonly tabs: (answer: AnswerOf<P>, texts: Catalogue) => readonly Tab[]
  /** Milliseconds, where it moves and nothing tells of it. */
  readonly every?: number
}

export function detailScreen<P extends ReadPath>(declared: DetailDeclaration<P>): ComponentType {
  const { path, list, title, state, changed, acts, links, tabs, every } = declared
  function Shown({ answer, id }: { answer: AnswerOf<P>; id: string }) {
    const texts = useTexts()
    return (
      <Detail
        title={title(answer)}
        list={{ to: list.to, name: list.name(texts) }}
        id={id}
        path={at(path, paramsOf(id))}
        state={state?.(answer)}
        owner={(answer as { owner?: { kind: string; id: string } | null }).owner}
        changed={changed?.(answer)}
        acts={acts?.(answer)}
        links={links?.(answer, texts)}
        tabs={tabs(answer, texts)}
      />
    )
  }
  return function DetailScreen() {
    const { id } = useParams({ strict: false }) as { id: string }
    return (
      <Read path={path} params={paramsOf(id)} every={every}>
        {answer => <Shown answer={answer} id={id} />}
      </Read>
    )
  }
}

export interface CreateDeclaration {
  readonly title: Say
  readonly list: Way
  readonly schema: Schema
  readonly post: string
  readonly initial?: object
  /** What is sent, where that is not what was entered. */
  readonly sent?: (entered: Record<string, unknown>) => object
  /** Where one goes on; what was answered may tell what is told only once. */
  readonly opened: (answer: Record<string, unknown>) => string
  readonly beside?: EditorProps<unknown>['beside']
}

export const createScreen = (declared: CreateDeclaration): ComponentType => {
  const { title, list, schema, post, initial = {}, sent = same => same, opened, beside } = declared
  const version = { data: initial }
  return function CreateScreen() {
    const texts = useTexts()
    const navigate = useNavigate()
    return (
      <Screen title={title(texts)} within={list.name(texts)}>
        <Editor
          name={post}
          schema={schema}
          initial={version}
          asJson
          button={texts.form.create}
          beside={beside}
          save={async (entered, headers) => {
            const body = sent(entered as Record<string, unknown>)
            return (await ask<Record<string, unknown>>('POST', post, { body, headers })).data
          }}
          saved={answer => void navigate({ to: opened(answer) })}
        />
      </Screen>
    )
  }
}

export interface EditDeclaration<P extends ReadPath> {
  readonly title: Say
  readonly list: Way
  readonly path: P
  /** Where it depends on what is edited, of that. */
  readonly schema: Schema | ((data: AnswerOf<P>) => Schema)
  readonly method?: 'PUT' | 'PATCH'
  /** What the form shows, where that is not what the API gives. */
  readonly shown?: (data: AnswerOf<P>) => object
  /** What is sent, where that is not what was entered; `tag` is that of what it is to replace. */
  readonly sent?: (entered: Record<string, unknown>, tag: string) => object
  readonly opened: (id: string) => string
  readonly beside?: EditorProps<unknown>['beside']
  readonly below?: (id: string) => ReactNode
}

/** Edits what the API gives, by the fields that it takes. */
export function editScreen<P extends ReadPath>(declared: EditDeclaration<P>): ComponentType {
  const { title, list, path, schema, method = 'PUT', opened, beside, below } = declared
  const { shown = data => data as object, sent = same => same } = declared
  const takes = (data: AnswerOf<P>): Schema => (typeof schema === 'function' ? schema(data) : schema)
  const versionOf = ({ data, tag }: { data: AnswerOf<P>; tag?: string }) => ({
    data: within(shown(data) as Record<string, unknown>, takes(data)),
    tag,
  })
  function Edited(props: { id: string; data: AnswerOf<P>; tag: string | undefined }) {
    const texts = useTexts()
    const navigate = useNavigate()
    const { id } = props
    // What the form began with: what others save meanwhile is told, and does not touch it.
    const [{ data, tag }] = useState(props)
    const [initial] = useState(() => versionOf({ data, tag }))
    const { data: now } = useRead(path, paramsOf(id), {}, 10_000)
    return (
      <Screen title={title(texts)} within={list.name(texts)}>
        <Editor
          name={at(path, paramsOf(id))}
          schema={takes(data)}
          initial={initial}
          asJson
          button={texts.form.save}
          beside={beside}
          hint={now && now.tag !== tag ? texts.form.changedMeanwhile : undefined}
          current={async () => versionOf(await read(path, paramsOf(id)))}
          save={(entered, headers) => {
            const body = sent(entered as Record<string, unknown>, headers['if-match'] ?? '')
            return ask(method, at(path, paramsOf(id)), { body, headers })
          }}
          saved={() => void navigate({ to: opened(id) })}
        />
        {below?.(id)}
      </Screen>
    )
  }
  return function EditScreen() {
    const { id } = useParams({ strict: false }) as { id: string }
    return (
      <Read path={path} params={paramsOf(id)}>
        {(data, tag) => <Edited id={id} data={data} tag={tag} />}
      </Read>
    )
  }
}

/** What a schema takes of a thing. */
export const within = (data: Record<string, unknown>, { properties = {} }: Schema): Record<string, unknown> =>
  Object.fromEntries(Object.keys(properties).flatMap(name => (data[name] === undefined ? [] : [[name, data[name]]])))
