import { Button, Group, Modal, Radio, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { changes as de } from '../texts/de-changes.ts'
import { changes as en } from '../texts/en-changes.ts'
import { fill, useLanguage, nameOf, useTexts } from '../texts/texts.tsx'
import { merged, type Version } from './difference.ts'
import { kindOf } from './kind.ts'
import { pointerOf, withValue, type Path } from './schema.ts'
import { Value } from './values.tsx'

const catalogues = { en, de }

/** Two changed the same: base, theirs and mine by field. What does not collide is merged by itself. */
export function Merge(props: {
  base: unknown
  theirs: Version
  mine: unknown
  within: string
  take: (value: unknown) => void
  close: () => void
}) {
  const { base, theirs, mine, take, close } = props
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  const { value, taken, collisions } = merged(base, theirs.data, mine)
  const [choices, choose] = useState<Readonly<Record<string, 'theirs' | 'mine'>>>({})
  const decided = collisions.every(({ path }) => choices[pointerOf(path)])
  const whole = (): unknown =>
    collisions.reduce(
      (at, { path, theirs: other }) => (choices[pointerOf(path)] === 'theirs' ? withValue(at, path, other) : at),
      value,
    )
  const called = (path: Path): string => path.map(part => nameOf(texts, String(part))).join(' › ')
  return (
    <Modal opened onClose={close} title={own.merge.title} size="lg">
      <Stack>
        <Text>{own.merge.text}</Text>
        {taken.length > 0 && (
          <Text role="status">
            {fill(own.merge.merged, { count: taken.length })} {taken.map(({ path }) => called(path)).join(', ')}
          </Text>
        )}
        {collisions.map(({ path, base: before, theirs: other, mine: ours }) => (
          <Radio.Group
            key={pointerOf(path)}
            label={fill(own.merge.take, { name: called(path) })}
            description={
              <>
                {own.merge.base}: <Value kind={kindOf(before)} value={before} />
              </>
            }
            value={choices[pointerOf(path)] ?? null}
            onChange={next => choose({ ...choices, [pointerOf(path)]: next as 'theirs' | 'mine' })}
          >
            <Stack gap="xs" mt="xs">
              <Radio value="theirs" label={<Option name={own.merge.theirs} value={other} />} />
              <Radio value="mine" label={<Option name={own.merge.mine} value={ours} />} />
            </Stack>
          </Radio.Group>
        ))}
        <Group>
          <Button disabled={!decided} onClick={() => take(whole())}>
            {own.merge.save}
          </Button>
          <Button variant="default" onClick={close}>
            {texts.list.cancel}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function Option({ name, value }: { name: string; value: unknown }) {
  return (
    <>
      {name}: <Value kind={kindOf(value)} value={value} />
    </>
  )
}
