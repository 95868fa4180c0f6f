import { Text } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import adding from 'schema:post /api/admin/switches'
import { ask } from '../../api/client.ts'
import { All } from '../../blocks/all.tsx'
import { Read, type AnswerOf } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { Editor } from '../../blocks/editor.tsx'
import { Link } from '../../blocks/link.tsx'
import { plain } from '../../blocks/plain.ts'
import { without } from '../../blocks/schema.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { createScreen, WayButton, within } from '../../blocks/screens.tsx'
import { Value } from '../../blocks/values.tsx'
import { useTexts, type Catalogue } from '../../texts/texts.tsx'

const path = '/api/admin/switches'
type Switch = AnswerOf<typeof path>['items'][number]
const way = { to: '/operations/features', name: (texts: Catalogue) => texts.operations.features }
const create = { to: `${way.to}/new`, name: (texts: Catalogue) => texts.operations.newFeature }

const columns = [
  { id: 'isOn', kind: 'boolean' },
  { id: 'shareBasisPoints', cell: (one: Switch) => <Value kind="percent" value={one.shareBasisPoints / 100} /> },
  ...plain('description changedAt:instant changedBy:id'),
] as const

/** What is new for some: each with its share, and a way to turn it at once. */
export function Features() {
  const texts = useTexts()
  return (
    <Screen title={way.name(texts)} acts={<WayButton {...create} />}>
      <Text maw="44rem">{texts.operations.featuresText}</Text>
      <All
        path={path}
        name={way.name(texts)}
        idOf={({ name }) => name}
        columns={[{ id: 'name', cell: ({ name }) => <Link to={`${way.to}/${name}`}>{name}</Link> }, ...columns]}
        acts={({ name, isOn, version }) => (
          <ActButton
            size="compact-sm"
            act={{
              name: t => (isOn ? t.operations.turnOff : t.operations.turnOn),
              run: () => ask('PUT', `${path}/${name}`, { body: { isOn: !isOn, version } }),
            }}
          />
        )}
        empty={texts.operations.emptyFeatures}
      />
    </Screen>
  )
}

export const NewFeature = createScreen({
  title: create.name,
  list: way,
  schema: adding,
  post: path,
  initial: { isOn: false, shareBasisPoints: 10_000, only: [], never: [] },
  opened: () => way.to,
})

/** One of them: for whom it is on, and how it was turned before. */
export function Feature() {
  const texts = useTexts()
  const { id: name } = useParams({ strict: false }) as { id: string }
  return (
    <Screen title={name} within={way.name(texts)}>
      <Read path={path}>
        {({ items }) => items.filter(one => one.name === name).map(one => <Turning key={one.version} one={one} />)}
      </Read>
      <Part title={texts.passports.history}>
        <All path={`${path}/{name}/history`} params={{ name }} name={texts.passports.history} columns={columns} />
      </Part>
    </Screen>
  )
}

const turning = without(adding, 'name')

function Turning({ one: { version, name, ...one } }: { one: Switch }) {
  const texts = useTexts()
  const [initial] = useState({ data: within(one, turning), tag: `"${version}"` })
  return (
    <Editor
      name={`${path}/${name}`}
      schema={turning}
      initial={initial}
      button={texts.form.save}
      save={(body, headers) => ask('PUT', `${path}/${name}`, { body: { ...(body as object), version }, headers })}
      saved={() => {}}
    />
  )
}
