import { SegmentedControl, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { Bars } from '../../blocks/bars.tsx'
import { Read } from '../../blocks/data.tsx'
import { shown } from '../../blocks/values.tsx'
import { fill, useLanguage, useTexts, wordFor } from '../../texts/texts.tsx'

const day = 86_400_000
const spans = { day: 30 * day, month: 365 * day } as const

/** What one has sold and what went back, by day or month: for each currency its own, as money of two is no sum. */
export function SalesChart() {
  const texts = useTexts()
  const language = useLanguage()
  const [interval, choose] = useState<keyof typeof spans>('day')
  const [now] = useState(() => Date.now())
  return (
    <Stack component="section" aria-labelledby="sales-by-time" gap="xs">
      <Title order={2} size="h4" id="sales-by-time">
        {texts.market.salesByTime}
      </Title>
      <SegmentedControl
        w="fit-content"
        aria-label={texts.market.salesByTime}
        value={interval}
        onChange={next => choose(next as keyof typeof spans)}
        data={Object.keys(spans).map(value => ({ value, label: wordFor(texts, value) }))}
      />
      <Read
        path="/api/analytics/orders/series"
        query={{ interval, from: new Date(now - spans[interval]).toISOString(), to: new Date(now).toISOString() }}
      >
        {({ buckets, series, timeZone }) => {
          const format = new Intl.DateTimeFormat(language, {
            timeZone,
            ...(interval === 'day' ? { day: 'numeric', month: 'numeric' } : { month: 'short', year: '2-digit' }),
          })
          // What goes back was mostly sold at another time, so the two are not told as parts of one.
          const charts = series.flatMap(({ currency, totalMinor, refundedMinor }) => [
            { currency, name: fill(texts.market.soldIn, { currency }), values: totalMinor },
            { currency, name: fill(texts.market.refundedIn, { currency }), values: refundedMinor },
          ])
          const told = charts.filter(({ values }) => values.some(value => value > 0))
          if (told.length === 0) return <Text>{texts.market.nothingSold}</Text>
          return told.map(({ currency, name, values }) => (
            <div key={name}>
              <Text fw={600}>{name}</Text>
              <Bars
                name={name}
                buckets={buckets}
                series={[{ name, values }]}
                when={bucket => format.format(new Date(bucket))}
                tell={value => shown('money', Math.round(value), language, currency)}
              />
            </div>
          ))
        }}
      </Read>
    </Stack>
  )
}
