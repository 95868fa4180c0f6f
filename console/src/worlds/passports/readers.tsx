import { Stack, Text, Title } from '@mantine/core'
import shareSchema from 'schema:post /api/passports/{id}/readers'
import { ask } from '../../api/client.ts'
import { Adding } from '../../blocks/adding.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import type { Schema } from '../../blocks/schema.ts'
import { useTexts } from '../../texts/texts.tsx'

const readersOf = (id: string) =>
  listOf('/api/passports/{id}/readers', {
    params: { id },
    columns: [
      { id: 'email', value: row => row.email ?? row.id },
      { id: 'kind', kind: 'word' },
      { id: 'audience', kind: 'word', value: ({ audience }) => audience ?? 'owner' },
      { id: 'since', kind: 'instant' },
      { id: 'until', kind: 'instant' },
    ],
    acts: [
      {
        name: texts => texts.passports.unshare,
        warns: texts => texts.passports.unshareText,
        run: ({ id: reader }) => ask('DELETE', `/api/passports/${id}/readers/${reader}`),
      },
    ],
    empty: texts => ({ title: texts.passports.readers, text: texts.passports.emptyReaders }),
  })

/** Whom a grant goes to stands in the path, the rest in the body. */
const grantSchema: Schema = {
  type: 'object',
  required: ['reader', 'kind'],
  properties: {
    reader: { type: 'string', maxLength: 36 },
    kind: { enum: ['person', 'organisation'] },
    until: { type: 'string', format: 'date-time' },
  },
}

/** Who may read a passport beside its owner: by address as the owner does, or as the law opens it to a legitimate interest. */
export default function Readers({ id }: { id: string }) {
  const texts = useTexts()
  const grant = async (value: unknown): Promise<unknown> => {
    const { reader, ...body } = value as { reader: string }
    const path = `/api/passports/${id}/readers/${encodeURIComponent(reader)}`
    return await ask('PUT', path, { body: { ...body, audience: 'interest' } })
  }
  return (
    <Stack>
      <Text>{texts.passports.shareText}</Text>
      <Adding
        name={`share ${id}`}
        schema={shareSchema}
        button={texts.passports.share}
        save={(body, headers) => ask('POST', `/api/passports/${id}/readers`, { body, headers })}
      />
      <details>
        <summary>{texts.passports.grant}</summary>
        <Title order={2} size="h5" my="xs">
          {texts.passports.grantText}
        </Title>
        <Adding name={`grant ${id}`} schema={grantSchema} button={texts.passports.grant} save={grant} />
      </details>
      <List list={readersOf(id)} embedded />
    </Stack>
  )
}
