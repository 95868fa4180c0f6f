import { Read, read } from '../../blocks/data.tsx'
import { History } from '../../blocks/history.tsx'

export default function Versions({ id }: { id: string }) {
  return (
    <Read path="/api/passports/{id}/versions" params={{ id }} query={{ limit: '100' }}>
      {({ items }) => (
        <History steps={items} stateAt={async at => (await read('/api/passports/{id}', { id }, { at })).data.data} />
      )}
    </Read>
  )
}
