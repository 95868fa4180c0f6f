import { Stack, Text } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import deciding from 'schema:patch /api/passports/settings'
import { ask } from '../../api/client.ts'
import { Day } from '../../blocks/choice.tsx'
import { Read, type AnswerOf } from '../../blocks/data.tsx'
import { ActButton, Facts, factsOf } from '../../blocks/detail.tsx'
import { Link } from '../../blocks/link.tsx'
import { plain } from '../../blocks/plain.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { editScreen, WayButton } from '../../blocks/screens.tsx'
import { Short } from '../../blocks/short.tsx'
import { formats as de } from '../../texts/de-formats.ts'
import { formats as en } from '../../texts/en-formats.ts'
import { nameOf, useLanguage, useTexts, type Catalogue } from '../../texts/texts.tsx'

const catalogues = { en, de }
const checks = '/api/passports/rules/checks'
const fleet = { to: '/passports/readiness', name: (texts: Catalogue) => texts.readiness.fleet }

// Their names say it in the reader's language.
const properties = Object.fromEntries(
  Object.entries(deciding.properties ?? {}).map(([name, field]) => [name, { ...field, description: undefined }]),
)

/** What holds for all passports of oneself, or of the organisation that one acts for. */
export const Settings = editScreen({
  title: texts => texts.readiness.settings,
  list: fleet,
  path: '/api/passports/settings',
  schema: { ...deciding, required: ['publication'], properties },
  method: 'PATCH',
  // What is left empty is not declared any more.
  sent: entered => ({ dueDiligence: null, ...entered }),
  opened: () => fleet.to,
})

/** By what the law is read, and what another reading would change of all passports, before it decides. */
export function Rules() {
  const texts = useTexts()
  const { rules } = catalogues[useLanguage()]
  const navigate = useNavigate()
  const { check } = useSearch({ strict: false }) as { check?: string }
  const [on, choose] = useState('')
  const begin = async (set: string): Promise<void> => {
    const { data } = await ask<{ id: string }>('POST', checks, { body: { set, ...(on && { on }) } })
    void navigate({ to: '.', search: { check: data.id } as never })
  }
  return (
    <Screen title={texts.readiness.rules} within={fleet.name(texts)} acts={<WayButton {...fleet} variant="default" />}>
      <Text maw="44rem">{rules.about}</Text>
      <Day label={texts.readiness.on} value={on} choose={choose} />
      <Read path="/api/passports/rules">
        {({ sets, current }) => (
          <Short
            name={texts.readiness.rules}
            rows={sets}
            idOf={({ id }) => id}
            columns={[
              { id: 'title', cell: ({ title }) => <span lang="en">{title}</span> },
              { id: 'state', kind: 'state' },
              { id: 'reference', name: nameOf(texts, 'source'), cell: one => <span lang="en">{one.reference}</span> },
              { id: 'appliesFrom', kind: 'date' },
            ]}
            acts={({ id }) =>
              id !== current && <ActButton size="compact-sm" act={{ name: () => rules.check, run: () => begin(id) }} />
            }
          />
        )}
      </Read>
      {check && (
        <Read path={`${checks}/{id}`} params={{ id: check }} every={3_000}>
          {found => <Checked check={found} />}
        </Read>
      )}
    </Screen>
  )
}

const numbers = ['checked', 'readyNow', 'readyThen', 'gained', 'lost'] as const

function Checked({ check }: { check: AnswerOf<`${typeof checks}/{id}`> }) {
  const { rules } = catalogues[useLanguage()]
  return (
    <Part title={`${rules.changes}: ${check.set}`}>
      <Stack>
        <Facts
          facts={[
            ...factsOf(check, plain('state:state on:date against')),
            ...numbers.map(id => ({ id, kind: 'number' as const, value: check[id] })),
          ]}
        />
        <Short
          name={rules.points}
          rows={check.points}
          columns={[
            { id: 'dataPoint', cell: one => <span lang="en">{`${one.dataPoint}. ${one.name} (${one.article})`}</span> },
            ...plain('more:number fewer:number'),
          ]}
          empty={check.state === 'done' ? rules.nothing : ''}
        />
        {check.losing.length > 0 && (
          <Short
            name={rules.losing}
            rows={check.losing}
            columns={[
              { id: 'id', name: rules.losing, cell: id => <Link to={`/passports/${id}?tab=readiness`}>{id}</Link> },
            ]}
          />
        )}
      </Stack>
    </Part>
  )
}
