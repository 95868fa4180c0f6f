import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { ActButton } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { Screen } from '../../blocks/screen.tsx'
import { WayButton } from '../../blocks/screens.tsx'
import { useTexts } from '../../texts/texts.tsx'

/** What a message is about: where the console has a screen of it there, else at its own address. */
function openedBy({ link }: { link: string | null }): string | null {
  const path = link && new URL(link).pathname.slice(base.length) + new URL(link).search
  if (!path) return null
  const [, ticket] = /^\/maintenance\/tickets\/([^/]+)$/.exec(path) ?? []
  if (ticket) return `/tickets/${ticket}`
  if (path.startsWith('/console/')) return path.slice('/console'.length)
  return path.startsWith('/passports/') ? path : link
}

const list = listOf('/api/notifications', {
  columns: plain('title text createdAt:instant readAt:instant event:word?'),
  open: openedBy,
  acts: [
    {
      name: texts => texts.notifications.read,
      may: ({ readAt }) => readAt === null,
      run: ({ id }) => ask('POST', `/api/notifications/${id}/read`),
    },
  ],
  empty: texts => ({ title: texts.notifications.emptyTitle, text: texts.notifications.emptyText }),
})

export default function Notifications() {
  const texts = useTexts()
  const readAll = {
    name: () => texts.notifications.readAll,
    run: () => ask('POST', '/api/notifications/read-all', { body: {} }),
  }
  return (
    <Screen
      title={texts.notifications.title}
      acts={
        <>
          <ActButton act={readAll} />
          <WayButton to="/me/messages" name={words => words.account.messages} variant="default" />
        </>
      }
    >
      <List list={list} />
    </Screen>
  )
}
