import { ask } from '../../api/client.ts'
import { Read } from '../../blocks/data.tsx'
import { Doing } from '../../blocks/doing.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import type { Schema } from '../../blocks/schema.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { Value } from '../../blocks/values.tsx'
import { usePerson } from '../../shell/person.tsx'
import { useTexts } from '../../texts/texts.tsx'

const amount: Schema = {
  type: 'object',
  required: ['amount', 'currency'],
  properties: {
    amount: { type: 'string', format: 'decimal' },
    currency: { enum: Intl.supportedValuesOf('currency') },
  },
}

/** In the minor unit exactly, without a number on the way that is nearly it. */
function minorOf({ amount: text, currency }: { amount: string; currency: string }) {
  const { maximumFractionDigits: digits = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions()
  const [whole = '', part = ''] = text.split('.')
  return { currency, amountMinor: part.length > digits ? text : Number(whole + part.padEnd(digits, '0')) }
}

const movesOf = (path: string, currency: string) =>
  listOf(`${path}/postings` as '/api/billing/wallet/postings', {
    query: { currency },
    columns: [
      ...plain('at:instant kind:word'),
      { id: 'amountMinor', kind: 'money', currency: () => currency },
      { id: 'causeId', kind: 'id', aside: true },
    ],
    empty: texts => ({ title: texts.books.wallet, text: texts.books.empty }),
  })

/** Of oneself, or of the company that one acts for: what is there and kept, what came and went; money in, and back. */
export default function Wallet() {
  const texts = useTexts()
  const { organisation } = usePerson()
  const path = `/api/billing/${organisation ? 'company/' : ''}wallet` as '/api/billing/wallet'
  const money = (act: 'top-ups' | 'refunds') => async (request: { body: object; headers: Record<string, string> }) => {
    const body = { ...minorOf(request.body as never), ...(act === 'top-ups' && { returnTo: location.pathname }) }
    const { data } = await ask<{ page?: string }>('POST', `${path}/${act}`, { ...request, body })
    // Paid where it is paid, which leads back here.
    if (data.page) location.assign(data.page)
  }
  return (
    <Screen
      title={texts.books.wallet}
      acts={
        <>
          <Doing name={texts.books.topUp} schema={amount} save={money('top-ups')} />
          <Doing name={texts.books.back} schema={amount} save={money('refunds')} />
        </>
      }
    >
      <Read path={path}>
        {({ balances }) => (
          <>
            <Short
              name={texts.books.wallet}
              rows={balances}
              columns={[
                { id: 'currency' },
                ...(['balanceMinor', 'heldMinor', 'availableMinor', 'owedMinor'] as const).map(id => ({
                  id,
                  cell: (one: (typeof balances)[number]) => (
                    <Value kind="money" value={one[id]} currency={one.currency} />
                  ),
                })),
              ]}
              empty={texts.books.emptyWallet}
            />
            {balances.map(({ currency }) => (
              <Part key={currency} title={currency}>
                <List list={movesOf(path, currency)} embedded />
              </Part>
            ))}
          </>
        )}
      </Read>
    </Screen>
  )
}
