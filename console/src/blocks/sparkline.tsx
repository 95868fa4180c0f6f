import { Stack, Text } from '@mantine/core'
import { useLanguage, useTexts } from '../texts/texts.tsx'
import { Short } from './short.tsx'

interface Point {
  readonly at: string
  readonly value: number
}

const [width, height] = [640, 96]

/** A line of values by time, drawn here; the same stands as a table below it. */
export function Sparkline({ name, unit, points }: { name: string; unit: string; points: readonly Point[] }) {
  const texts = useTexts()
  const format = new Intl.NumberFormat(useLanguage(), { maximumFractionDigits: 2 })
  if (points.length < 2) return null
  const values = points.map(({ value }) => value)
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const times = points.map(({ at }) => Date.parse(at))
  const [from, to] = [times[0]!, times.at(-1)!]
  const line = points.map(({ value }, index) => {
    const x = ((times[index]! - from) / (to - from || 1)) * width
    const y = height - ((value - least) / (most - least || 1)) * (height - 8) - 4
    return `${x.toFixed(1)},${y.toFixed(1)}`
  })
  return (
    <Stack gap={4} mt="md">
      <Text fw={600}>
        {name}: {format.format(values.at(-1)!)} {unit}
      </Text>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        className="sparkline"
        role="img"
        aria-label={`${name}, ${format.format(least)}–${format.format(most)} ${unit}`}
      >
        <polyline points={line.join(' ')} />
      </svg>
      <details>
        <summary>{texts.list.asTable}</summary>
        <Short
          name={name}
          rows={points}
          columns={[
            { id: 'at', kind: 'instant' },
            { id: 'value', name: unit, cell: ({ value }) => format.format(value) },
          ]}
        />
      </details>
    </Stack>
  )
}
