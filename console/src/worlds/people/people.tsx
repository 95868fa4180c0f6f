import { ask } from '../../api/client.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { listScreen } from '../../blocks/screens.tsx'

const lock = (disabled: boolean) => ({
  may: (account: { disabled: boolean }) => account.disabled !== disabled,
  run: ({ id, version }: { id: string; version: number }) =>
    ask('PUT', `/api/auth/users/${id}/disabled`, { body: { disabled }, headers: { 'if-match': `"${version}"` } }),
})

const list = listOf('/api/auth/users', {
  columns: [
    { id: 'email' },
    { id: 'name' },
    { id: 'role', kind: 'word' },
    { id: 'disabled', kind: 'boolean' },
    { id: 'locale', kind: 'word', aside: true },
    { id: 'createdAt', kind: 'instant' },
  ],
  open: ({ id }) => `/people/${id}`,
  acts: [
    { name: texts => texts.people.disable, warns: texts => texts.people.disableText, ...lock(true) },
    { name: texts => texts.people.enable, ...lock(false) },
  ],
  empty: texts => ({ title: texts.people.emptyTitle, text: texts.people.emptyText }),
})

export default listScreen(texts => texts.people.title, list)
