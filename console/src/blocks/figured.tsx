import { Group, Text } from '@mantine/core'
import { useLanguage, useTexts, wordFor, type Language } from '../texts/texts.tsx'
import type { AnswerOf } from './data.tsx'
import { shown } from './values.tsx'

type Figure = AnswerOf<'/api/analytics/summary'>['figures'][number]

/** A figure as people read it. */
export function told(unit: string, value: number, currency: string | null, language: Language): string {
  if (unit === 'Wh') return shown('Wh', value, language)
  if (unit === 'minor') return shown('money', Math.round(value), language, currency ?? 'EUR')
  if (unit === 'ratio') return shown('percent', value * 100, language)
  if (unit === 's') return `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(value / 3_600)} h`
  return new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(value)
}

/** Figures of a span of time, each compared with the same before. */
export function Figured({ figures }: { figures: readonly Figure[] }) {
  const texts = useTexts()
  const language = useLanguage()
  return (
    <Group gap="xl" className="figures">
      {figures.map(({ measure, unit, currency, value, change }) => (
        <div key={`${measure} ${currency}`}>
          <Text size="sm">{wordFor(texts, measure)}</Text>
          <Text fw={700}>{value === null ? '–' : told(unit, value, currency, language)}</Text>
          {change !== null && (
            <Text size="sm" c="dimmed">
              {change > 0 ? '▲ ' : change < 0 ? '▼ ' : ''}
              {shown('percent', change * 100, language)}
            </Text>
          )}
        </div>
      ))}
    </Group>
  )
}
