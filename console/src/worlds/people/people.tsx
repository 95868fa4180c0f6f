import { ask } from '../../api/client.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { listScreen } from '../../blocks/screens.tsx'

const lock = (disabled: boolean) => ({
  may: (account: { disabled: boolean }) => account.disabled !== disabled,
  run: ({ id, version }: { id: string; version: number }) =>
    ask('PUT', `/api/auth/users/${id}/disabled`, { body: { disabled }, headers: { 'if-match': `"${version}"` } }),
})

const list = listOf('/api/auth/users', {
  columns: plain('email name role:word disabled:boolean locale:word? createdAt:instant'),
  open: ({ id }) => `/people/${id}`,
  acts: [
    { name: texts => texts.people.disable, warns: texts => texts.people.disableText, ...lock(true) },
    { name: texts => texts.people.enable, ...lock(false) },
  ],
  imports: { path: '/api/auth/users/imports', about: texts => texts.people.importText },
  empty: texts => ({ title: texts.people.emptyTitle, text: texts.people.emptyText }),
})

export default listScreen(texts => texts.people.title, list)
