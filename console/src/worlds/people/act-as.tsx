import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { beginActing } from '../../api/acting.ts'
import { ask } from '../../api/client.ts'
import { messageOf } from '../../blocks/trouble.tsx'
import { nameOf, useTexts } from '../../texts/texts.tsx'

/** Acts in the place of somebody, for a reason that they are told. */
export function ActAs({ id }: { id: string }) {
  const texts = useTexts()
  const [asking, open] = useState(false)
  const [reason, say] = useState('')
  const words = texts.account
  const act = async (): Promise<void> => {
    try {
      const { data } = await ask<{ accessToken: string }>('POST', `/api/auth/users/${id}/act`, { body: { reason } })
      beginActing(data.accessToken)
    } catch (error) {
      notifications.show({ message: messageOf(error, texts), color: 'red', autoClose: false })
    }
  }
  return (
    <>
      <Button variant="default" onClick={() => open(true)}>
        {words.act}
      </Button>
      {asking && (
        <Modal opened onClose={() => open(false)} title={words.act}>
          <Stack>
            <Text>{words.actText}</Text>
            <Textarea
              label={nameOf(texts, 'reason')}
              value={reason}
              maxLength={500}
              onChange={event => say(event.currentTarget.value.replaceAll('\n', ' '))}
            />
            <Group>
              <Button disabled={reason.trim() === ''} onClick={() => void act()}>
                {words.act}
              </Button>
              <Button variant="default" onClick={() => open(false)}>
                {texts.list.cancel}
              </Button>
            </Group>
          </Stack>
        </Modal>
      )}
    </>
  )
}
