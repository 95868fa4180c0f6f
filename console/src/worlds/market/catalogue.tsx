import { useNavigate, useParams } from '@tanstack/react-router'
import categorySchema from 'schema:post /api/marketplace/categories'
import taxSchema from 'schema:put /api/marketplace/tax-classes/{code}'
import { useState, type ReactNode } from 'react'
import { ask } from '../../api/client.ts'
import { All } from '../../blocks/all.tsx'
import { Read, read, type AnswerOf } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { Link } from '../../blocks/link.tsx'
import type { Schema } from '../../blocks/schema.ts'
import { Screen } from '../../blocks/screen.tsx'
import { Editor, WayButton, within } from '../../blocks/screens.tsx'
import { useTexts, type Catalogue } from '../../texts/texts.tsx'

export const tree = '/api/marketplace/categories'
const classes = '/api/marketplace/tax-classes'
export type Category = AnswerOf<typeof tree>['items'][number]
type TaxClass = AnswerOf<typeof classes>['items'][number]
export type Say = (texts: Catalogue) => string

/** By where they stand in the tree: `Charging › Wallboxes`. */
export function calledOf(all: readonly Category[]): Record<string, string> {
  const called: Record<string, string> = {}
  // Each stands behind the one it belongs to.
  for (const { id, parentId, name } of all) called[id] = parentId ? `${called[parentId]} › ${name}` : name
  return called
}

/** A choice of categories by their names, where the API takes an id. */
export const choiceOf = (all: readonly Category[], description = ''): Schema => ({
  description,
  enum: all.map(({ id }) => id),
  called: calledOf(all),
})

/** Ends what stands at the version that one saw. */
export const end =
  (path: string) =>
  ({ id, version }: { id: string; version: number }) =>
    ask('DELETE', `${path}/${id}`, { headers: { 'if-match': `"${version}"` } })

export const way = (to: string, name: Say) => ({ to: `/market/${to}`, name })

/** Of these the API tells all, and takes one at a time: a form of a new one, or of the one that the address names. */
function One<Each>(props: {
  title: Say
  list: Say
  path: typeof tree | typeof classes
  idOf: (one: Each) => string
  children: (all: readonly Each[], one: Each | undefined) => ReactNode
}) {
  const { title, list, path, idOf, children } = props
  const { id } = useParams({ strict: false }) as { id?: string }
  const texts = useTexts()
  return (
    <Screen title={title(texts)} within={list(texts)}>
      <Read path={path}>
        {data => {
          const items = data.items as unknown as readonly Each[]
          const one = items.find(each => idOf(each) === id)
          return id && !one ? <p>{texts.shell.notFound}</p> : children(items, one)
        }}
      </Read>
    </Screen>
  )
}

/** What a form begins with, and the version that it was. */
const versionOf = (one: { version: number } | undefined, schema: Schema, blank: object) => ({
  data: one ? within(one as unknown as Record<string, unknown>, schema) : blank,
  tag: one && `"${one.version}"`,
})

const toCategories = way('categories', t => t.rules.categories)
const addCategory = way('categories/new', t => t.rules.newCategory)

/** The tree that products stand in, each where it belongs. */
export function Categories() {
  const texts = useTexts()
  return (
    <Screen title={texts.rules.categories} acts={<WayButton {...addCategory} />}>
      <All
        path={tree}
        name={texts.rules.categories}
        idOf={({ id }) => id}
        columns={[
          {
            id: 'name',
            cell: ({ id, name, depth }) => (
              <span style={{ paddingInlineStart: `${depth * 1.5}rem` }}>
                <Link to={`/market/categories/${id}/edit`}>{name}</Link>
              </span>
            ),
          },
          { id: 'slug' },
          { id: 'attributes', cell: ({ attributes }) => attributes.map(({ key }) => key).join(', ') || '–' },
        ]}
        acts={category => (
          <ActButton
            act={{
              name: t => t.people.remove,
              warns: t => t.rules.removeCategory,
              run: () => end(tree)(category),
            }}
          />
        )}
        empty={texts.rules.noCategories}
      />
    </Screen>
  )
}

function CategoryForm({ all, category }: { all: readonly Category[]; category: Category | undefined }) {
  const texts = useTexts()
  const navigate = useNavigate()
  // Below itself nothing can stand.
  const above = all.filter(({ id }) => id !== category?.id)
  const parentId = { anyOf: [choiceOf(above), { type: 'null' }], description: texts.rules.parentText }
  const properties = { ...categorySchema.properties, parentId }
  // What is left out stays: without a parent is said as such.
  const schema = { ...categorySchema, properties, required: ['names', 'parentId'] }
  const of = (one: Category | undefined) => versionOf(one, schema, { parentId: null })
  const [initial] = useState(() => of(category))
  const now = async () => of((await read(tree)).data.items.find(({ id }) => id === category?.id))
  return (
    <Editor
      name={`category ${category?.id ?? ''}`}
      schema={schema}
      initial={initial}
      asJson
      button={category ? texts.form.save : texts.form.create}
      {...(category && { current: now })}
      save={(entered, headers) => {
        const body = entered as object
        return category ? ask('PUT', `${tree}/${category.id}`, { body, headers }) : ask('POST', tree, { body, headers })
      }}
      saved={() => void navigate({ to: toCategories.to })}
    />
  )
}

const categoryScreen = (title: Say) => () => (
  <One<Category> title={title} list={toCategories.name} path={tree} idOf={({ id }) => id}>
    {(all, category) => <CategoryForm {...{ all, category }} />}
  </One>
)
export const NewCategory = categoryScreen(addCategory.name)
export const EditCategory = categoryScreen(toCategories.name)

const toTaxes = way('taxes', t => t.rules.taxes)
const addTax = way('taxes/new', t => t.rules.newTax)

/** What is kept of a sale for the state, by country, and by the kind of thing that is sold. */
export function Taxes() {
  const texts = useTexts()
  return (
    <Screen title={texts.rules.taxes} acts={<WayButton {...addTax} />}>
      <All
        path={classes}
        name={texts.rules.taxes}
        idOf={({ code }) => code}
        columns={[
          { id: 'name', cell: ({ code, name }) => <Link to={`/market/taxes/${code}/edit`}>{name}</Link> },
          { id: 'code' },
          {
            id: 'percents',
            cell: ({ percents }) => percents.map(({ country, percent }) => `${country} ${percent} %`).join(', ') || '–',
          },
        ]}
        empty={texts.rules.noTaxes}
      />
    </Screen>
  )
}

function TaxForm({ tax }: { tax: TaxClass | undefined }) {
  const texts = useTexts()
  const navigate = useNavigate()
  const code = { type: 'string', maxLength: 40, examples: ['batteries'] }
  const schema = tax
    ? taxSchema
    : { ...taxSchema, required: ['code', 'name', 'percents'], properties: { code, ...taxSchema.properties } }
  const of = (one: TaxClass | undefined) => versionOf(one, taxSchema, { percents: [{}] })
  const [initial] = useState(() => of(tax))
  const now = async () => of((await read(classes)).data.items.find(each => each.code === tax?.code))
  return (
    <Editor
      name={`tax ${tax?.code ?? ''}`}
      schema={schema}
      initial={initial}
      button={tax ? texts.form.save : texts.form.create}
      {...(tax && { current: now })}
      save={(entered, headers) => {
        const { code: made, ...body } = entered as { code: string }
        return ask('PUT', `${classes}/${encodeURIComponent(tax?.code ?? made)}`, { body, headers })
      }}
      saved={() => void navigate({ to: toTaxes.to })}
    />
  )
}

const taxScreen = (title: Say) => () => (
  <One<TaxClass> title={title} list={toTaxes.name} path={classes} idOf={({ code }) => code}>
    {(_, tax) => <TaxForm tax={tax} />}
  </One>
)
export const NewTax = taxScreen(addTax.name)
export const EditTax = taxScreen(toTaxes.name)
