import { Code } from '@mantine/core'
import { useState } from 'react'
import defining from 'schema:post /api/admin/settings'
import { All } from '../../blocks/all.tsx'
import { Read, type AnswerOf } from '../../blocks/data.tsx'
import { Tick } from '../../blocks/choice.tsx'
import { Link } from '../../blocks/link.tsx'
import { plain } from '../../blocks/plain.ts'
import type { Schema } from '../../blocks/schema.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { createScreen, editScreen, WayButton } from '../../blocks/screens.tsx'
import { Short } from '../../blocks/short.tsx'
import { useTexts, wordFor, type Catalogue } from '../../texts/texts.tsx'

const all = '/api/admin/settings'
const one = `${all}/{key}` as const
type Setting = AnswerOf<typeof one>
const way = { to: '/operations/settings', name: (texts: Catalogue) => texts.operations.settings }

/** What all services are told by admins, in the order of their keys. */
export function Settings() {
  const texts = useTexts()
  return (
    <Screen
      title={texts.operations.settings}
      acts={<WayButton to="/operations/settings/new" name={t => t.operations.newSetting} />}
    >
      <All
        path={all}
        name={texts.operations.settings}
        idOf={({ key }) => key}
        columns={[
          { id: 'key', cell: ({ key }) => <Link to={`/operations/settings/${key}`}>{key}</Link> },
          { id: 'value', cell: ({ value }) => String(value) },
          ...plain('description critical:boolean changedAt:instant changedBy:id'),
        ]}
        empty={texts.operations.emptySettings}
      />
      <Environment />
    </Screen>
  )
}

/** What the platform was started with, and where that comes from: changed there, and seen here. */
function Environment() {
  const texts = useTexts()
  const [all, show] = useState(false)
  return (
    <Part title={texts.operations.environment} about={texts.operations.environmentText}>
      <Tick label={texts.operations.unset} on={all} turn={show} />
      <Read path="/api/admin/environment">
        {({ items }) => (
          <Short
            name={texts.operations.environment}
            rows={items.filter(({ from }) => all || from === 'environment' || from === 'file')}
            idOf={({ name }) => name}
            columns={[
              { id: 'key', cell: ({ name }) => <Code className="unbroken">{name}</Code> },
              { id: 'value', cell: one => one.value ?? (one.secret && one.from !== 'nowhere' ? '••••••' : '–') },
              { id: 'source', cell: ({ from }) => wordFor(texts, `source.${from}`) },
              { id: 'service', cell: ({ of }) => of.map(each => wordFor(texts, each)).join(', ') },
              { id: 'description', cell: ({ description }) => <span lang="en">{description}</span> },
            ]}
            empty={texts.operations.emptyEnvironment}
          />
        )}
      </Read>
    </Part>
  )
}

/** Fields take what a kind takes. */
const valueOf = ({ kind, choices }: Pick<Setting, 'kind' | 'choices'>): Schema =>
  kind === 'boolean' || kind === 'integer'
    ? { type: kind }
    : kind === 'choice'
      ? { enum: choices }
      : { type: 'string', maxLength: 2_000 }

export const NewSetting = createScreen({
  title: t => t.operations.newSetting,
  list: way,
  schema: { ...defining, properties: { ...defining.properties, value: { type: 'string', maxLength: 2_000 } } },
  post: all,
  initial: { kind: 'text' },
  sent: ({ value, ...rest }) => ({
    ...rest,
    value: rest.kind === 'boolean' ? value === 'true' : rest.kind === 'integer' ? Number(value) : value,
  }),
  opened: () => way.to,
})

/** Of a critical one a second admin agrees to another value, and reads why. */
export const EditSetting = editScreen({
  title: way.name,
  list: way,
  path: one,
  schema: ({ critical, description, ...setting }) => ({
    type: 'object',
    required: critical ? ['value', 'reason'] : ['value'],
    properties: {
      value: { ...valueOf(setting), description: `${setting.key}: ${description}` },
      ...(critical && { reason: { type: 'string', maxLength: 2_000 } }),
    },
  }),
  sent: (entered, tag) => ({ ...entered, version: Number(/\d+/.exec(tag)) }),
  opened: () => way.to,
  below: key => <Before settingKey={key} />,
})

function Before({ settingKey: key }: { settingKey: string }) {
  const texts = useTexts()
  return (
    <All
      path={`${one}/history`}
      params={{ key }}
      name={texts.passports.history}
      columns={[
        { id: 'version' },
        { id: 'value', cell: ({ value }) => String(value) },
        ...plain('changedAt:instant changedBy:id'),
      ]}
    />
  )
}
