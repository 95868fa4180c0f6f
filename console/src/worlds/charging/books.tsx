import { Group } from '@mantine/core'
import { useSearch } from '@tanstack/react-router'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { listScreen, WayButton } from '../../blocks/screens.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { useTexts, wordFor, type Catalogue } from '../../texts/texts.tsx'

interface Side {
  readonly kind: string
  readonly owner: { readonly kind: string; readonly id: string } | null
}

/** `Wallet 0198f6a2…`: the whole id leads on where one opens it. */
const told = (texts: Catalogue, { kind, owner }: Side): string =>
  owner ? `${wordFor(texts, kind)} ${owner.id.slice(0, 8)}…` : wordFor(texts, kind)

const accounts = listOf('/api/billing/ledger/accounts', {
  columns: [
    { id: 'kind', kind: 'word' },
    { id: 'ownerId', kind: 'id', value: ({ owner }) => owner?.id },
    ...plain('currency balanceMinor:money heldMinor:money'),
  ],
  open: ({ id }) => `/books?account=${id}`,
  empty: texts => ({ title: texts.books.accounts, text: texts.books.empty }),
})

/** What everybody has and owes; each leads to what moved there. */
export const Accounts = listScreen(t => t.books.accounts, accounts)

const kept = listOf('/api/billing/wallets/kept', {
  columns: plain('holderId:id amountMinor:money reason:word since:instant'),
  idOf: ({ holderId, currency }) => `${holderId} ${currency}`,
  empty: texts => ({ title: texts.books.kept, text: texts.books.emptyKept }),
})

/** What is left of accounts that are gone, and could not be given back. */
export const Kept = listScreen(t => t.books.kept, kept)

/** Every movement with both its sides, of all accounts or of one; a session leads to what it cost. */
export function Books() {
  const texts = useTexts()
  const { account } = useSearch({ strict: false }) as { account?: string }
  const moves = listOf('/api/billing/ledger', {
    columns: [
      ...plain('at:instant kind:word'),
      { id: 'from', value: ({ from }) => told(texts, from) },
      { id: 'to', value: ({ to }) => told(texts, to) },
      ...plain('amountMinor:money causeId:id?'),
      { id: 'about', value: ({ about }) => about && JSON.stringify(about), aside: true },
    ],
    open: ({ kind, causeId, to }) => (kind === 'session' ? `/sessions/${causeId}` : `/books?account=${to.accountId}`),
    empty: t => ({ title: t.books.title, text: t.books.empty }),
  })
  return (
    <Screen
      title={texts.books.title}
      acts={<WayButton to="/accounts" name={t => t.books.accounts} variant="default" />}
    >
      {account && (
        <Group>
          <WayButton to="/books" name={t => t.books.all} variant="default" />
        </Group>
      )}
      <List list={moves} />
    </Screen>
  )
}
