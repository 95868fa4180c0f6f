import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'

export default function Access({ id }: { id: string }) {
  return <List list={accessTo(id)} embedded />
}

/** Who looked at what is not for everybody. */
const accessTo = (id: string) =>
  listOf('/api/passports/{id}/access-log', {
    params: { id },
    columns: [
      { id: 'reader', value: ({ reader }) => reader.id },
      { id: 'kind', kind: 'word', value: ({ reader }) => reader.kind },
      ...plain('audience:word purpose:word'),
      { id: 'points', value: ({ points }) => points?.join(', ') ?? '' },
      ...plain('route at:instant'),
    ],
    idOf: row => JSON.stringify(row),
    empty: texts => ({ title: texts.passports.access, text: texts.passports.emptyAccess }),
  })
