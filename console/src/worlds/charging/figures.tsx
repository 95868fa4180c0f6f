import { Button, Group, Stack, Table, Title } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { base } from '../../api/base.ts'
import { Bars } from '../../blocks/bars.tsx'
import { Read } from '../../blocks/data.tsx'
import { Figured, told } from '../../blocks/figured.tsx'
import { Link } from '../../blocks/link.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { fill, nameOf, useLanguage, useTexts, wordFor, type Language } from '../../texts/texts.tsx'
import { Choice, Day } from '../../blocks/choice.tsx'

const measures = ['energy', 'sessions', 'revenue', 'utilisation', 'uptime', 'incidents', 'fault-rate'] as const
const groups = ['station', 'site', 'charger', 'connector-type', 'tariff'] as const
const day = 86_400_000
const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

type Asked = Partial<Record<'measure' | 'interval' | 'by' | 'from' | 'to', string>>

const whenIn = (interval: string, timeZone: string, language: Language) => (at: string) =>
  new Intl.DateTimeFormat(language, {
    timeZone,
    ...(interval === 'month' ? { month: 'short', year: '2-digit' } : { day: 'numeric', month: 'numeric' }),
    ...(interval === 'hour' && { hour: '2-digit' }),
  }).format(new Date(at))

/** What was charged, sold and out of order, by time and place; what is asked stands in the address. */
export default function Figures() {
  const texts = useTexts()
  const language = useLanguage()
  const asked = useSearch({ strict: false }) as Asked
  const { measure = 'energy', interval = 'day', by = 'station' } = asked
  const [from, to] = [asked.from ?? dateOf(Date.now() - 29 * day), asked.to ?? dateOf(Date.now())]
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const span = {
    from: new Date(`${from}T00:00:00`).toISOString(),
    to: new Date(new Date(`${to}T00:00:00`).getTime() + day).toISOString(),
    timeZone: zone,
  }
  return (
    <Screen title={texts.charging.figures}>
      <Stack>
        <Choices asked={{ measure, interval, by, from, to }} />
        <Group gap="xs">
          {(['csv', 'parquet'] as const).map(format => (
            <Button
              key={format}
              component="a"
              variant="default"
              href={`${base}/api/analytics/export?${new URLSearchParams({ format, interval, groupBy: by, ...span })}`}
            >
              {fill(texts.list.exportAll, { format: format === 'csv' ? 'CSV' : 'Parquet' })}
            </Button>
          ))}
        </Group>
        <Read path="/api/analytics/summary" query={span}>
          {({ figures }) => <Figured figures={figures} />}
        </Read>
        <Read path="/api/analytics/series" query={{ measure, interval, ...span }}>
          {({ unit, buckets, series, timeZone }) => (
            <Bars
              name={wordFor(texts, measure)}
              buckets={buckets}
              series={series.map(({ name, key, currency, values }) => ({
                name: name ?? key ?? currency ?? wordFor(texts, measure),
                values,
              }))}
              when={whenIn(interval, timeZone, language)}
              tell={value => told(unit, value, series[0]?.currency ?? null, language)}
              leads={at => behind(measure, { from: buckets[at]!, to: buckets[at + 1] ?? span.to })}
            />
          )}
        </Read>
        <Title order={2} size="h4">
          {texts.charging.top}
        </Title>
        <Read path="/api/analytics/top" query={{ measure, groupBy: by, limit: '10', ...span }}>
          {({ unit, items }) => (
            <Table>
              <Table.Tbody>
                {items.map(({ key, name, others, currency, value }) => (
                  <Table.Tr key={`${key} ${currency} ${others}`}>
                    <Table.Th scope="row">
                      {others ? (
                        texts.charging.others
                      ) : (
                        <Lead to={key && pageOf[by]?.(key)} name={name ?? key ?? '–'} />
                      )}
                    </Table.Th>
                    <Table.Td>
                      <Lead
                        to={key && wordsFor[by] && behind(measure, span, { [wordsFor[by](measure)]: key })}
                        name={value === null ? '–' : told(unit, value, currency, language)}
                      />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )}
        </Read>
      </Stack>
    </Screen>
  )
}

const isOfFaults = (measure: string): boolean => ['uptime', 'incidents', 'fault-rate'].includes(measure)

/** The rows that a figure is made of: sessions, or what did not work. */
function behind(
  measure: string,
  { from, to }: { from: string; to: string },
  more: Record<string, string> = {},
): string {
  return `/${isOfFaults(measure) ? 'incidents' : 'sessions'}?${new URLSearchParams({ ...more, from, to })}`
}

/** What those lists call what is grouped by. */
const wordsFor: Partial<Record<string, (measure: string) => string>> = {
  station: measure => (isOfFaults(measure) ? 'stationId' : 'station'),
  charger: measure => (isOfFaults(measure) ? 'chargerId' : 'charger'),
}

const pageOf: Partial<Record<string, (key: string) => string>> = {
  station: key => `/stations/${key}`,
  site: key => `/sites/${key}`,
  charger: key => `/chargers/${encodeURIComponent(key)}`,
  tariff: key => `/tariffs/${key}`,
}

const Lead = ({ to, name }: { to: string | null | undefined; name: string }) =>
  to ? <Link to={to}>{name}</Link> : name

function Choices({ asked }: { asked: Required<Asked> }) {
  const texts = useTexts()
  const navigate = useNavigate()
  const ask = (next: Asked) => void navigate({ to: '.', search: { ...asked, ...next } as never, replace: true })
  const words = (values: readonly string[]) => values.map(value => ({ value, label: wordFor(texts, value) }))
  return (
    <Group align="flex-end">
      {(
        [
          ['measure', measures],
          ['interval', ['hour', 'day', 'month']],
          ['by', groups],
        ] as const
      ).map(([name, values]) => (
        <Choice
          key={name}
          label={nameOf(texts, name)}
          data={words(values)}
          value={asked[name]}
          choose={next => ask({ [name]: next })}
        />
      ))}
      {(['from', 'to'] as const).map(name => (
        <Day
          key={name}
          label={nameOf(texts, name === 'to' ? 'until' : name)}
          value={asked[name]}
          choose={next => ask({ [name]: next })}
        />
      ))}
    </Group>
  )
}
