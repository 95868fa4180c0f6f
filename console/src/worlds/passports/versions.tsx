import { ask } from '../../api/client.ts'
import { Read, read } from '../../blocks/data.tsx'
import { History } from '../../blocks/history.tsx'
import type { Passport } from './passports.tsx'

export default function Versions({ passport: { id, version, status, audience } }: { passport: Passport }) {
  const stateAt = async (at: string) => (await read('/api/passports/{id}', { id }, { at })).data.data
  const restore = async ({ at }: { at: string }) =>
    await ask('PUT', `/api/passports/${id}`, {
      body: { data: await stateAt(at) },
      headers: { 'if-match': `"${version}"` },
    })
  const isMine = !audience && status !== 'archived'
  return (
    <Read path="/api/passports/{id}/versions" params={{ id }} query={{ limit: '100' }}>
      {({ items }) => <History steps={items} stateAt={stateAt} restore={isMine ? restore : undefined} />}
    </Read>
  )
}
