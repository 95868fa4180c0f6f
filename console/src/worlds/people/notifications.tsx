import { ask } from '../../api/client.ts'
import { ActButton } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { Screen } from '../../blocks/screen.tsx'
import { WayButton } from '../../blocks/screens.tsx'
import { useTexts } from '../../texts/texts.tsx'

const list = listOf('/api/notifications', {
  columns: plain('title text createdAt:instant readAt:instant event:word?'),
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
