import { Stack } from '@mantine/core'
import { Facts } from '../../blocks/detail.tsx'
import { Read } from '../../blocks/data.tsx'
import { leavesOf } from '../../blocks/difference.ts'
import { kindOf } from '../../blocks/kind.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { State } from '../../blocks/values.tsx'
import { nameOf, useTexts } from '../../texts/texts.tsx'

/** As `/health` tells it, asked again every five seconds. */
export function Health() {
  const texts = useTexts()
  return (
    <Screen title={texts.operations.health}>
      <Read path="/health" every={5_000}>
        {({ status, ...parts }) => (
          <Stack>
            <div>
              <State value={status} />
            </div>
            {Object.entries(parts).map(([part, value]) => (
              <Part key={part} title={nameOf(texts, part)}>
                <Facts
                  facts={leavesOf(value).map(({ path, value: each }) => ({
                    id: path.join(' › '),
                    kind: each === 'ok' ? 'state' : kindOf(each),
                    value: each,
                  }))}
                />
              </Part>
            ))}
          </Stack>
        )}
      </Read>
    </Screen>
  )
}
