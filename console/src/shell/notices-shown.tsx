import { Notifications } from '@mantine/notifications'

export default function NoticesShown() {
  return <Notifications position="bottom-right" />
}
