import { Group } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import roleSchema from 'schema:put /api/auth/users/{id}/role'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { ActButton, Facts } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { detailScreen } from '../../blocks/screens.tsx'
import { nameOf, useTexts, wordFor } from '../../texts/texts.tsx'
import { ActAs } from './act-as.tsx'
import { Choice } from '../../blocks/choice.tsx'

type Account = components['schemas']['WholeAccount']

/** Somebody's account as admins look after it: who they are, how they came in or why not, and what helps. */
export default detailScreen({
  path: '/api/admin/users/{id}',
  list: { to: '/people', name: texts => texts.people.title },
  title: ({ name, email }) => name || email,
  state: ({ disabled }) => (disabled ? 'disabled' : 'active'),
  acts: ({ id, disabled, secondFactor, version }) => [
    { name: t => t.people.signOutEverywhere, run: () => ask('POST', `/api/auth/users/${id}/sign-out`) },
    ...(secondFactor
      ? [
          {
            name: (texts: ReturnType<typeof useTexts>) => texts.people.resetFactors,
            warns: (texts: ReturnType<typeof useTexts>) => texts.people.resetFactorsText,
            run: () => ask('DELETE', `/api/auth/users/${id}/factors`),
          },
        ]
      : []),
    {
      name: texts => (disabled ? texts.people.enable : texts.people.disable),
      ...(!disabled && { warns: (texts: ReturnType<typeof useTexts>) => texts.people.disableText }),
      run: () =>
        ask('PUT', `/api/auth/users/${id}/disabled`, {
          body: { disabled: !disabled },
          headers: { 'if-match': `"${version}"` },
        }),
    },
  ],
  links: ({ id, role, disabled }) => (
    <>
      {role !== 'admin' && !disabled && <ActAs id={id} />}
      <ActButton
        act={{
          name: t => t.people.erase,
          warns: t => t.people.eraseText,
          asks: t => nameOf(t, 'reason'),
          run: reason => ask('DELETE', `/api/admin/users/${id}`, { body: { reason } }),
        }}
      />
    </>
  ),
  tabs: (account, texts) => [
    { id: 'about', name: texts.shell.details, content: () => <About account={account} /> },
    { id: 'sign-ins', name: texts.people.signIns, content: () => <List list={signInsOf(account.id)} embedded /> },
    { id: 'orders', name: texts.market.orders, content: () => <List list={ordersOf(account.id)} embedded /> },
    { id: 'answers', name: texts.account.terms, content: () => <List list={answersOf(account.id)} embedded /> },
  ],
})

const signInsOf = (id: string) =>
  listOf('/api/auth/users/{id}/sign-ins', {
    params: { id },
    columns: plain('at:instant outcome:state methods:list device addressPrefix'),
    empty: texts => ({ title: texts.people.signIns, text: texts.people.emptySignIns }),
  })

/** What they bought. */
const ordersOf = (id: string) =>
  listOf('/api/orders', {
    query: { buyerId: id },
    without: ['mine'],
    columns: plain('orderId status:state paymentStatus:state totalMinor:money createdAt:instant'),
    open: order => `/orders/${order.id}`,
    empty: texts => ({ title: texts.market.orders, text: texts.people.emptyBought }),
  })

const answersOf = (id: string) =>
  listOf('/api/auth/users/{id}/agreements', {
    params: { id },
    columns: plain('at:instant key version:number answer:state device'),
    empty: texts => ({ title: texts.account.answers, text: texts.account.emptyAnswers }),
  })

function About({ account }: { account: Account }) {
  const { email, name, locale, createdAt, secondFactor, sessions, organisations } = account
  return (
    <>
      <Role account={account} />
      <Facts
        facts={[
          { id: 'email', value: email },
          { id: 'name', value: name },
          { id: 'locale', kind: 'word', value: locale },
          { id: 'secondFactor', kind: 'boolean', value: secondFactor },
          { id: 'sessions', kind: 'number', value: sessions.length },
          { id: 'organisations', kind: 'list', value: organisations.map(each => each.name) },
          { id: 'createdAt', kind: 'instant', value: createdAt },
        ]}
      />
    </>
  )
}

function Role({ account: { id, role } }: { account: Account }) {
  const texts = useTexts()
  const [chosen, choose] = useState<string>(role)
  const roles = (roleSchema.properties?.role?.enum ?? []).map(String)
  const save = async (): Promise<void> => {
    await ask('PUT', `/api/auth/users/${id}/role`, { body: { role: chosen } })
    notifications.show({ message: texts.form.saved })
  }
  return (
    <Group align="flex-end" mb="md">
      <Choice
        label={nameOf(texts, 'role')}
        data={roles.map(value => ({ value, label: wordFor(texts, value) }))}
        value={chosen}
        choose={choose}
      />
      <ActButton act={{ name: t => t.people.role, run: save }} disabled={chosen === role} />
    </Group>
  )
}
