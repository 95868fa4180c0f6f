import cardSchema from 'schema:put /api/ocpp/tokens/{id}'
import newCardSchema from 'schema:post /api/ocpp/tokens'
import { Button } from '@mantine/core'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { Facts, factsOf } from '../../blocks/detail.tsx'
import { Link } from '../../blocks/link.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { Short } from '../../blocks/short.tsx'
import { createScreen, detailScreen, editScreen, listScreen } from '../../blocks/screens.tsx'
import type { Catalogue } from '../../texts/en.ts'
import './business.ts'

const tokenWay = { to: '/tokens', name: (texts: Catalogue) => texts.charging.tokens }
const setStatus = (status: 'accepted' | 'blocked') => ({
  may: (card: { status: string }) => card.status !== status,
  run: ({ id, version }: { id: string; version: number }) =>
    ask('PUT', `/api/ocpp/tokens/${id}`, { body: { status }, headers: { 'if-match': `"${version}"` } }),
})
const tokens = listOf('/api/ocpp/tokens', {
  imports: { path: '/api/ocpp/tokens/import' },
  columns: plain('idToken type label status:state expiresAt:instant createdAt:instant'),
  open: ({ id }) => `/tokens/${id}/edit`,
  acts: [
    { name: texts => texts.people.disable, ...setStatus('blocked') },
    { name: texts => texts.people.enable, ...setStatus('accepted') },
  ],
})

export const Tokens = listScreen(tokenWay.name, tokens, { to: '/tokens/new', name: t => t.charging.newToken })
export const NewToken = createScreen({
  title: texts => texts.charging.newToken,
  list: tokenWay,
  schema: newCardSchema,
  post: '/api/ocpp/tokens',
  opened: () => '/tokens',
})
export const EditToken = editScreen({
  title: texts => texts.charging.tokens,
  list: tokenWay,
  path: '/api/ocpp/tokens/{id}',
  schema: cardSchema,
  opened: () => '/tokens',
})

const sold = listOf('/api/billing/sales', {
  columns: [
    ...plain('startedAt:instant chargerId:id energyWh:Wh state:state'),
    { id: 'totalMinor', kind: 'money', currency: ({ price }) => price?.currency ?? 'EUR' },
    { id: 'owedMinor', kind: 'money', currency: ({ price }) => price?.currency ?? 'EUR' },
    { id: 'taxMinor', kind: 'money', currency: ({ price }) => price?.currency ?? 'EUR', aside: true },
    { id: 'chargedAt', kind: 'instant', aside: true },
  ],
  idOf: ({ sessionId }) => sessionId,
  open: ({ sessionId }) => `/sessions/${sessionId}`,
  empty: texts => ({ title: texts.market.emptyTitle, text: texts.charging.emptySold }),
})

export const Sold = listScreen(texts => texts.charging.sold, sold)

const invoices = listOf('/api/billing/invoices', {
  columns: plain('number kind:word state:state buyerName totalMinor:money issuedOn:date'),
  open: ({ id }) => `/invoices/${id}`,
  acts: [
    {
      name: texts => texts.books.pay,
      may: ({ kind, state }) => kind === 'invoice' && state === 'open',
      run: async ({ id }) => {
        const body = { returnTo: location.pathname }
        location.assign((await ask<{ page: string }>('POST', `/api/billing/invoices/${id}/pay`, { body })).data.page)
      },
    },
  ],
})
const invoiceWay = { to: '/invoices', name: (texts: Catalogue) => texts.charging.invoices }
export const Invoices = listScreen(invoiceWay.name, invoices)

export const Invoice = detailScreen({
  path: '/api/billing/invoices/{id}',
  list: invoiceWay,
  title: ({ number }) => number,
  state: ({ state }) => state,
  links: ({ id }) =>
    (['pdf', 'ubl'] as const).map(format => (
      <Button key={format} component="a" variant="default" href={`${base}/api/billing/invoices/${id}/${format}`}>
        {format.toUpperCase()}
      </Button>
    )),
  tabs: (invoice, texts) => [
    {
      id: 'lines',
      name: texts.market.items,
      content: () => (
        <Short
          name={texts.market.items}
          rows={invoice.lines.map(line => ({ ...line, currency: invoice.currency }))}
          columns={[
            {
              id: 'name',
              cell: ({ name, sessionId }) =>
                sessionId ? <Link to={`/sessions/${sessionId}?tab=money`}>{name}</Link> : name,
            },
            ...plain('description taxPercent netMinor:money taxMinor:money totalMinor:money'),
          ]}
        />
      ),
    },
    {
      id: 'about',
      name: texts.shell.details,
      content: () => (
        <Facts
          facts={factsOf(
            invoice,
            plain(
              'kind:word sellerName buyerName issuedOn:date suppliedFrom:date suppliedTo:date netMinor:money taxMinor:money totalMinor:money paidMinor:money creditedMinor:money',
            ),
          )}
        />
      ),
    },
  ],
})

const decideCredit = (decision: 'confirm' | 'refuse') => ({
  may: ({ state }: { state: string }) => state === 'proposed',
  run: ({ id }: { id: string }) => ask('POST', `/api/billing/credits/${id}/${decision}`),
})
const credits = listOf('/api/billing/credits', {
  columns: plain('reason amountMinor:money state:state proposedAt:instant proposedBy:id'),
  open: ({ sessionId }) => `/sessions/${sessionId}`,
  acts: [
    { name: texts => texts.operations.agree, ...decideCredit('confirm') },
    { name: texts => texts.charging.reject, ...decideCredit('refuse') },
  ],
  empty: texts => ({ title: texts.charging.credits, text: texts.charging.emptyCredits }),
})
export const Credits = listScreen(texts => texts.charging.credits, credits)
