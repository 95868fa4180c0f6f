import { Alert, Anchor, Button, Group, List, Modal, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useBlocker } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useId, useRef, useState, type ReactNode } from 'react'
import { ApiProblem } from '../api/problem.ts'
import { fill, nameOf, useTexts } from '../texts/texts.tsx'
import type { Version } from './difference.ts'
import { draftOf, dropDraft, keepDraft } from './drafts.ts'
import { AsJson, fieldId, JsonField, SchemaForm } from './schema-form.tsx'
import { missingIn, pathOf, pointerOf, same, withValue, type Path, type Schema } from './schema.ts'
import { Trouble } from './trouble.tsx'

/** Comes once two have changed the same. */
const Merge = lazy(async () => ({ default: (await import('./merge.tsx')).Merge }))

export interface EditorProps<Answer> {
  /** Of what is edited, for its draft. */
  readonly name: string
  readonly schema: Schema
  readonly initial: Version
  /** What stands at the platform now, where others may have changed it. */
  readonly current?: () => Promise<Version>
  readonly save: (value: unknown, headers: Record<string, string>) => Promise<Answer>
  readonly saved: (answer: Answer) => void
  readonly button: string
  /** Where the API's document has the value within its body: what its problems point at begins with it. */
  readonly within?: string
  /** Where it is more than that: the field that a problem points at. */
  readonly fieldOf?: (pointer: string) => string
  /** Whether the whole can also be edited as JSON. */
  readonly asJson?: boolean
  readonly hint?: string
  /** Leaves it; what was typed is offered again. */
  readonly cancel?: () => void
  /** What follows the fields, and shows what becomes of what is entered. */
  readonly beside?: (value: unknown) => ReactNode
}

/**
 * A form that loses nothing: a draft is kept while one types, leaving asks, what is wrong lands at its field, two who
 * change the same are brought together, and a platform that is busy is asked again with the same key.
 */
export function Editor<Answer>(props: EditorProps<Answer>) {
  const { name, schema, initial, current, button, within = '', asJson, hint, cancel, beside } = props
  const texts = useTexts()
  const edit = useEditing(props)
  const { value, set, errors, trouble, busy, merging } = edit
  const [raw, showRaw] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const id = useId()
  const wrong = Object.entries(errors)
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== 's') return
      // Of several on a page the one that one is in, else the first.
      const meant = document.activeElement?.closest('form.editor') ?? document.querySelector('form.editor')
      if (meant !== form.current) return
      event.preventDefault()
      form.current?.requestSubmit()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])

  return (
    <form
      ref={form}
      noValidate
      className="editor"
      onSubmit={event => {
        event.preventDefault()
        void edit.submit()
      }}
    >
      <Stack>
        {edit.draft !== undefined && (
          <Alert role="status" title={texts.form.draft}>
            <Group>
              <Button onClick={edit.takeDraft}>{texts.form.takeDraft}</Button>
              <Button variant="default" onClick={edit.dropDraft}>
                {texts.form.dropDraft}
              </Button>
            </Group>
          </Alert>
        )}
        {wrong.length > 0 && <Summary form={id} errors={errors} />}
        {trouble !== undefined && <Trouble error={trouble} />}
        {edit.waits !== undefined && <Text role="status">{fill(texts.form.waits, { seconds: edit.waits })}</Text>}
        {hint && <Text role="status">{hint}</Text>}
        {asJson && <AsJson raw={raw} turn={showRaw} />}
        {raw ? (
          <JsonField
            about={{ id: `${id}field-json`, label: texts.form.asJson }}
            value={value}
            put={next => set([], next)}
          />
        ) : (
          <SchemaForm form={id} schema={schema} value={value} errors={errors} set={set} />
        )}
        {beside?.(value)}
        <Group className="save">
          <Button type="submit" loading={busy}>
            {button}
          </Button>
          {cancel && (
            <Button variant="default" onClick={cancel}>
              {texts.list.cancel}
            </Button>
          )}
        </Group>
      </Stack>
      {merging && current && (
        <Suspense>
          <Merge
            base={initial.data}
            theirs={merging}
            mine={value}
            within={within}
            take={edit.takeMerged}
            close={edit.closeMerge}
          />
        </Suspense>
      )}
      <Leaving dirty={edit.dirty} key={name} />
    </form>
  )
}

/** What is wrong, above the form, each with a way to its field. */
function Summary({ form, errors }: { form: string; errors: Readonly<Record<string, string>> }) {
  const texts = useTexts()
  const summary = useRef<HTMLDivElement>(null)
  useEffect(() => summary.current?.focus(), [errors])
  return (
    <Alert color="red" variant="default" role="alert" ref={summary} tabIndex={-1} title={texts.form.wrong}>
      <List>
        {Object.entries(errors).map(([pointer, detail]) => (
          <List.Item key={pointer}>
            <Anchor
              href={`#${fieldId(pathOf(pointer), form)}`}
              onClick={event => focusField(event, fieldId(pathOf(pointer), form))}
            >
              {nameOf(texts, String(pathOf(pointer).at(-1) ?? ''))}: {detail}
            </Anchor>
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}

function focusField(event: { preventDefault(): void }, id: string): void {
  event.preventDefault()
  document.getElementById(id)?.focus()
}

function useEditing<Answer>(props: EditorProps<Answer>) {
  const { name, schema, initial, current, save, saved, within = '' } = props
  const { fieldOf = (pointer: string) => pointer.replace(within, '') } = props
  const texts = useTexts()
  const queries = useQueryClient()
  const [base, rebase] = useState(initial)
  const [value, change] = useState<unknown>(initial.data)
  const [errors, point] = useState<Readonly<Record<string, string>>>({})
  const [trouble, tell] = useState<unknown>()
  const [busy, work] = useState(false)
  const [waits, wait] = useState<number>()
  const [merging, merge] = useState<Version>()
  const [draft, offer] = useState<unknown>(() => {
    const kept = draftOf(name)
    return kept !== undefined && !same(kept, initial.data) ? kept : undefined
  })
  // One a form: a second press, or a second try, makes nothing twice.
  const key = useRef(crypto.randomUUID())
  const done = useRef(false)

  const set = (path: Path, next: unknown): void => {
    change((former: unknown) => {
      const changed = withValue(former, path, next) ?? {}
      keepDraft(name, changed)
      return changed
    })
    if (errors[pointerOf(path)]) point(without(errors, pointerOf(path)))
  }

  async function attempt(what: unknown, tag: string | undefined): Promise<void> {
    const headers = { 'idempotency-key': key.current, ...(tag && { 'if-match': tag }) }
    const answer = await whenFree(() => save(what, headers), wait)
    dropDraft(name)
    done.current = true
    notifications.show({ message: texts.form.saved })
    void queries.invalidateQueries()
    saved(answer)
  }

  async function submit(what = value, version: Version = base): Promise<void> {
    const missing = missingIn(what, schema)
    if (missing.length > 0) return point(Object.fromEntries(missing.map(path => [pointerOf(path), texts.form.missing])))
    point({})
    tell(undefined)
    work(true)
    try {
      await attempt(what, version.tag)
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 412 && current) merge(await current().catch(() => undefined))
      else if (error instanceof ApiProblem && error.errors.length > 0) {
        point(Object.fromEntries(error.errors.map(({ pointer, detail }) => [fieldOf(pointer), detail])))
        key.current = crypto.randomUUID()
      } else {
        tell(error)
        if (error instanceof ApiProblem) key.current = crypto.randomUUID()
      }
    } finally {
      work(false)
    }
  }

  return {
    value,
    set,
    errors,
    trouble,
    busy,
    waits,
    merging,
    draft,
    dirty: () => !done.current && !same(value, base.data),
    submit,
    takeDraft: () => (change(draft), offer(undefined)),
    dropDraft: () => (dropDraft(name), offer(undefined)),
    closeMerge: () => merge(undefined),
    /** What both of them want, on what stands now. */
    takeMerged(next: unknown): void {
      const on = merging!
      merge(undefined)
      rebase(on)
      change(next)
      key.current = crypto.randomUUID()
      void submit(next, on)
    },
  }
}

/** Once more, and the same, where the platform says that it is busy; `wait` hears for how many seconds. */
async function whenFree<Answer>(save: () => Promise<Answer>, wait: (seconds: number | undefined) => void) {
  for (let tries = 0; ; tries++)
    try {
      return await save()
    } catch (error) {
      if (!(error instanceof ApiProblem) || ![429, 503].includes(error.status) || tries > 4) throw error
      const ms = error.retryAfter ?? 1_000 * 2 ** tries
      wait(Math.ceil(ms / 1_000))
      await new Promise(resolve => setTimeout(resolve, ms))
      wait(undefined)
    }
}

const without = (errors: Readonly<Record<string, string>>, pointer: string) =>
  Object.fromEntries(Object.entries(errors).filter(([each]) => each !== pointer))

/** Leaving with something typed asks, in the console and at the browser. */
function Leaving({ dirty }: { dirty: () => boolean }) {
  const texts = useTexts()
  const blocker = useBlocker({ shouldBlockFn: dirty, enableBeforeUnload: dirty, withResolver: true })
  if (blocker.status !== 'blocked') return null
  return (
    <Modal opened onClose={blocker.reset} title={texts.form.leave}>
      <Stack>
        <Text>{texts.form.leaveText}</Text>
        <Group>
          <Button onClick={blocker.reset}>{texts.form.leaveNo}</Button>
          <Button variant="default" onClick={blocker.proceed}>
            {texts.form.leaveYes}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
