import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { base } from '../../api/base.ts'
import { read } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { save } from '../../blocks/list/export.ts'
import { Part } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { shown } from '../../blocks/values.tsx'
import { battery as de } from '../../texts/de-battery.ts'
import { battery as en } from '../../texts/en-battery.ts'
import { fill, useLanguage, useTexts } from '../../texts/texts.tsx'
import type { Passport } from './passports.tsx'
import { verify, type Proof as Proven, type Verdict } from './proving.ts'

const catalogues = { en, de }
const paths = { history: '/api/passports/{id}/proof', readers: '/api/passports/{id}/access-log/proof' } as const
type Which = keyof typeof paths

/** All pages of it as one: that is a proof, too. */
async function whole(which: Which, id: string): Promise<Proven> {
  const items: unknown[] = []
  for (let after: string | null = ''; ;) {
    const { data }: { data: Proven } = await read(paths[which], { id }, { limit: '100', ...(after && { after }) })
    items.push(...data.items)
    after = data.nextCursor
    if (!after) return { ...data, items } as Proven
  }
}

/** What proves the history of a passport, or who read it: checked here, step by step, or taken along and checked anywhere. */
export default function Proof({ passport: { id, audience } }: { passport: Passport }) {
  const texts = useTexts()
  const language = useLanguage()
  const own = catalogues[language].proof
  const [which, choose] = useState<Which>('history')
  const [found, tell] = useState<{ proof: Proven; verdicts: readonly Verdict[] }>()
  const check = async (): Promise<void> => {
    const [proof, { data }] = await Promise.all([whole(which, id), read('/api/passports/checkpoints/keys')])
    tell({ proof, verdicts: await verify(proof, data.keys) })
  }
  const download = async (): Promise<void> =>
    save(new Blob([JSON.stringify(await whole(which, id))], { type: 'application/json' }), `proof-${which}-${id}.json`)
  return (
    <Stack>
      <Text maw="44rem">{own.about}</Text>
      {!audience && (
        <SegmentedControl
          maw="24rem"
          aria-label={own.of}
          value={which}
          onChange={next => (choose(next as Which), tell(undefined))}
          data={[
            { value: 'history', label: texts.passports.history },
            { value: 'readers', label: texts.passports.access },
          ]}
        />
      )}
      <Group>
        <ActButton act={{ name: () => own.verify, run: check }} />
        <ActButton act={{ name: () => own.download, run: download }} />
        <Button component="a" variant="default" href={`${base}/api/passports/checkpoints/keys`} download="keys.json">
          {own.keys}
        </Button>
      </Group>
      {found && (
        <Part title={found.verdicts.some(({ state }) => state === 'invalid') ? own.bad : own.good}>
          <Text role="status" mb="sm">
            {fill(own.links, { count: found.proof.items.length })}{' '}
            {found.proof.seal
              ? fill(own.sealedOn, { day: shown('date', found.proof.seal.day, language) })
              : own.notSealed}
          </Text>
          <Short
            name={own.verify}
            rows={found.verdicts}
            columns={[
              { id: 'step', name: own.step, cell: ({ step }) => own.steps[step] },
              { id: 'state', kind: 'state' },
              { id: 'versions', name: own.versions, kind: 'list' },
            ]}
          />
        </Part>
      )}
    </Stack>
  )
}
