import { Text } from '@mantine/core'
import type { components } from '../../api/api.gen'
import { Short } from '../../blocks/short.tsx'
import { shown, Value } from '../../blocks/values.tsx'
import { useLanguage, type Language } from '../../texts/texts.tsx'
import { priceIn, useOwn, type Component } from './business.ts'

type PriceAnswer = components['schemas']['Price']
type Line = PriceAnswer['lines'][number]

/** How a price comes about, a line each, and what they add up to. */
export function Steps({ price: { lines, currency, totalMinor, taxIncluded } }: { price: PriceAnswer }) {
  const own = useOwn()
  const language = useLanguage()
  const quantity = ({ type, quantity: count }: Line): string =>
    type === 'ENERGY' ? shown('Wh', count, language) : type.endsWith('TIME') ? minutesIn(count, language) : `${count}`
  const isKind = (type: string): type is Component['type'] => type in own.per
  return (
    <>
      <Short
        name={own.steps}
        rows={lines}
        columns={[
          { id: 'type', name: own.what, cell: ({ type }) => own.kinds[type] },
          { id: 'quantity', cell: quantity },
          {
            id: 'price',
            cell: line => priceIn(own, language, currency, { ...line, type: isKind(line.type) ? line.type : 'FLAT' }),
          },
          { id: 'amountMinor', kind: 'money', currency },
        ]}
        empty={own.free}
      />
      <Text fw={700}>
        {own.total}: <Value kind="money" value={totalMinor} currency={currency} /> ({taxIncluded ? own.gross : own.net})
      </Text>
    </>
  )
}

const minutesIn = (seconds: number, language: Language): string =>
  new Intl.NumberFormat(language, { style: 'unit', unit: 'minute', maximumFractionDigits: 1 }).format(seconds / 60)
