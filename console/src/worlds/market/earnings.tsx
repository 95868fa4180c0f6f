import { Button, Group, Stack, Table, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { Choice } from '../../blocks/choice.tsx'
import { Read } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { Empty } from '../../blocks/empty.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { listScreen } from '../../blocks/screens.tsx'
import { Part, Screen } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { Value } from '../../blocks/values.tsx'
import { nameOf, useTexts, wordFor } from '../../texts/texts.tsx'
import { PaidTo } from './paid-to.tsx'

type Earned = components['schemas']['VendorEarnings']['items'][number]
type Statement = components['schemas']['VendorStatement']
type Account = keyof Statement['currencies'][number]['closing']

const accounts: readonly Account[] = ['pending', 'available', 'paying', 'paid', 'commission']

/** What one earned, each figure down to its postings; months as statements; and what was paid out. */
export function Earnings() {
  const texts = useTexts()
  return (
    <Screen title={texts.selling.earnings}>
      <Read path="/api/vendors/earnings">
        {({ items }) => (
          <Stack gap="xl">
            {items.length === 0 && <Empty title={texts.selling.earnings} text={texts.selling.nothingEarned} />}
            {items.map(earned => (
              <Earnt key={earned.currency} earned={earned} />
            ))}
            {items.length > 0 && <Statements />}
            <PaidTo />
            <Part title={texts.selling.payouts}>
              <List list={ownPayouts} embedded />
            </Part>
          </Stack>
        )}
      </Read>
    </Screen>
  )
}

function Earnt({ earned }: { earned: Earned }) {
  const texts = useTexts()
  const [account, choose] = useState<Account>('available')
  const { currency, nextSettlement } = earned
  return (
    <section>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">
          {currency}
        </Title>
        {earned.availableMinor > 0 && (
          <ActButton
            act={{
              name: t => t.selling.askPayout,
              warns: t => t.selling.askPayoutText,
              run: () => ask('POST', '/api/vendors/payouts', { body: { currency } }),
            }}
          />
        )}
      </Group>
      <div className="scrolls">
        <Table>
          <Table.Thead>
            <Table.Tr>
              {accounts.map(each => (
                <Table.Th key={each}>
                  <Button
                    size="compact-sm"
                    variant={each === account ? 'filled' : 'default'}
                    aria-pressed={each === account}
                    onClick={() => choose(each)}
                  >
                    {nameOf(texts, `account.${each}`)}
                  </Button>
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            <Table.Tr>
              {accounts.map(each => (
                <Table.Td key={each}>
                  <Value kind="money" value={earned[`${each}Minor`]} currency={currency} />
                </Table.Td>
              ))}
            </Table.Tr>
          </Table.Tbody>
        </Table>
      </div>
      {nextSettlement && (
        <Text size="sm">
          {texts.selling.next} <Value kind="instant" value={nextSettlement.at} />:{' '}
          <Value kind="money" value={nextSettlement.amountMinor} currency={currency} />
        </Text>
      )}
      <List key={account} list={postingsOf(currency, account)} embedded />
    </section>
  )
}

const postingsOf = (currency: string, account: Account) =>
  listOf('/api/vendors/earnings/postings', {
    query: { currency, account },
    without: ['vendorId'],
    columns: [
      ...plain('at:instant kind:word'),
      { id: 'amountMinor', kind: 'money', currency: () => currency },
      { id: 'orderNumber' },
      // Of a connector it is another word.
      { id: 'other', kind: 'word', value: ({ other }) => (other === 'available' ? 'account.available' : other) },
    ],
    empty: texts => ({ title: texts.market.emptyTitle, text: texts.selling.noPostings }),
  })

/** A month: what it began with, what happened, what it ended with, and that this adds up. */
function Statements() {
  const texts = useTexts()
  const [month, choose] = useState<string | null>(null)
  return (
    <Part title={texts.selling.statements}>
      <Read path="/api/vendors/statements">
        {({ items }) => {
          const shown = month ?? items[0]?.month
          return (
            <Stack>
              <Choice
                label={wordFor(texts, 'month')}
                w="10rem"
                data={items.map(each => each.month)}
                value={shown ?? null}
                choose={choose}
              />
              {shown && (
                <Read path="/api/vendors/statements/{month}" params={{ month: shown }}>
                  {statement => <Shown statement={statement} />}
                </Read>
              )}
            </Stack>
          )
        }}
      </Read>
    </Part>
  )
}

function Shown({ statement: { month, currencies } }: { statement: Statement }) {
  const texts = useTexts()
  const way = `${base}/api/vendors/statements/${month}`
  return (
    <>
      {currencies.map(({ currency, opening, movements, closing }) => {
        const left = (account: Account): number =>
          movements.reduce((sum, { amounts }) => sum + amounts[account], opening[account]) - closing[account]
        return (
          <Short
            key={currency}
            name={`${month} ${currency}`}
            rows={[
              { name: texts.selling.opening, amounts: opening },
              ...movements.map(({ kind, count, amounts }) => ({ name: `${wordFor(texts, kind)} (${count})`, amounts })),
              { name: texts.selling.closing, amounts: closing },
              { name: texts.selling.left, amounts: Object.fromEntries(accounts.map(each => [each, left(each)])) },
            ]}
            columns={[
              { id: 'name', name: currency },
              ...accounts.map(account => ({
                id: account,
                name: nameOf(texts, `account.${account}`),
                cell: ({ amounts }: { amounts: Partial<Record<Account, number>> }) => (
                  <Value kind="money" value={amounts[account]} currency={currency} />
                ),
              })),
            ]}
          />
        )
      })}
      <Group>
        <a href={`${way}/pdf`}>PDF</a>
        <a href={`${way}/csv`}>CSV</a>
      </Group>
    </>
  )
}

type Payout = components['schemas']['Payout']

const columns = [
  ...plain('requestedAt:instant status:state'),
  { id: 'amountMinor', kind: 'money', currency: ({ currency }: Payout) => currency },
  ...plain('accountHolder iban reason?'),
] as const

const cancel = {
  name: (texts: ReturnType<typeof useTexts>) => texts.list.cancel,
  may: ({ status }: Payout) => status === 'requested' || status === 'approved',
  run: ({ id }: Payout) => ask('POST', `/api/vendors/payouts/${id}/cancel`),
}

const ownPayouts = listOf('/api/vendors/payouts', {
  columns,
  without: ['vendorId'],
  acts: [cancel],
  every: 10_000,
  empty: texts => ({ title: texts.selling.payouts, text: texts.selling.noPayouts }),
})

/** What waits for a second person, and for the bank. */
const payouts = listOf('/api/vendors/payouts', {
  columns: [...columns, { id: 'requestedBy', kind: 'id', aside: true }, { id: 'approvedBy', kind: 'id', aside: true }],
  acts: [
    {
      name: texts => texts.market.approve,
      key: 'a',
      may: ({ status }) => status === 'requested',
      run: ({ id }) => ask('POST', `/api/vendors/payouts/${id}/approve`),
    },
    {
      name: texts => texts.selling.paid,
      may: ({ status }) => status === 'approved' || status === 'sent',
      warns: texts => texts.selling.paidText,
      run: ({ id }) => ask('POST', `/api/vendors/payouts/${id}/paid`),
    },
    {
      name: texts => texts.selling.failed,
      asks: texts => texts.market.reason,
      may: ({ status }) => status === 'approved' || status === 'sent',
      run: ({ id }, reason) => ask('POST', `/api/vendors/payouts/${id}/failed`, { body: { reason } }),
    },
    cancel,
  ],
  empty: texts => ({ title: texts.selling.payouts, text: texts.selling.noPayouts }),
})
export const Payouts = listScreen(texts => texts.selling.payouts, payouts)

const files = listOf('/api/vendors/payout-files', {
  columns: [
    { id: 'createdAt', kind: 'instant' },
    { id: 'count', kind: 'number' },
    { id: 'totalMinor', kind: 'money', currency: ({ currency }) => currency },
    { id: 'createdBy', kind: 'id' },
  ],
  acts: [
    {
      name: texts => texts.selling.fetchFile,
      run: async ({ id }) => location.assign(`${base}/api/vendors/payout-files/${id}/xml`),
    },
    {
      name: texts => texts.selling.paid,
      warns: texts => texts.selling.filePaidText,
      run: ({ id }) => ask('POST', `/api/vendors/payout-files/${id}/paid`),
    },
  ],
  empty: texts => ({ title: texts.selling.files, text: texts.selling.noFiles }),
})

const write = {
  name: (texts: ReturnType<typeof useTexts>) => texts.selling.writeFile,
  warns: (texts: ReturnType<typeof useTexts>) => texts.selling.writeFileText,
  run: () => ask('POST', '/api/vendors/payout-files'),
}

/** Files of credit transfers for the bank: written, fetched, and paid as a whole. */
export const BankFiles = listScreen(
  texts => texts.selling.files,
  files,
  undefined,
  <Group>
    <ActButton act={write} />
  </Group>,
)
