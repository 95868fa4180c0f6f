import { FileInput, Group, Stack, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { Screen } from '../../blocks/screen.tsx'
import { nameOf, useTexts } from '../../texts/texts.tsx'
import { ActButton } from '../../blocks/detail.tsx'

/** All one may read, or those of a passport. */
export const documentsOf = (query: Record<string, string> = {}) =>
  listOf('/api/documents', {
    query,
    columns: plain('title kind:word language contentType sizeBytes:bytes scan:state? createdAt:instant'),
    idOf: ({ docId }) => docId,
    acts: [
      {
        name: texts => texts.documents.download,
        run: async ({ docId }) => void window.open(`${base}/api/documents/${docId}`, '_self'),
      },
      {
        name: texts => texts.people.remove,
        warns: texts => texts.documents.removeText,
        run: ({ docId }) => ask('DELETE', `/api/documents/${docId}`),
      },
    ],
    empty: texts => ({ title: texts.documents.emptyTitle, text: texts.documents.emptyText }),
  })

const list = documentsOf()

export default function Documents() {
  const texts = useTexts()
  return (
    <Screen title={texts.documents.title}>
      <Upload />
      <List list={list} />
    </Screen>
  )
}

/** Files are told by their content; what they are comes along. */
export function Upload({ passportId }: { passportId?: string }) {
  const texts = useTexts()
  const [file, choose] = useState<File | null>(null)
  const [kind, enter] = useState('')
  const send = async (): Promise<void> => {
    if (!file) return
    const form = new FormData()
    if (passportId) form.set('passportId', passportId)
    if (kind) form.set('kind', kind)
    form.set('file', file)
    await ask('POST', '/api/documents/upload', { body: form })
    notifications.show({ message: texts.documents.uploaded })
    choose(null)
  }
  return (
    <Stack gap="xs">
      <Group align="flex-end">
        <FileInput label={texts.documents.file} value={file} onChange={choose} clearable miw="16rem" />
        <TextInput
          label={nameOf(texts, 'kind')}
          placeholder="declaration-of-conformity"
          maxLength={64}
          value={kind}
          onChange={event => enter(event.currentTarget.value)}
        />
        <ActButton act={{ name: t => t.documents.upload, run: send }} disabled={!file} />
      </Group>
    </Stack>
  )
}
