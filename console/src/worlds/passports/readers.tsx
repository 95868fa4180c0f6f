import { Stack, Text, Title } from '@mantine/core'
import shareSchema from 'schema:post /api/passports/{id}/readers'
import { ask } from '../../api/client.ts'
import { Adding } from '../../blocks/adding.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import type { Schema } from '../../blocks/schema.ts'
import { battery as de } from '../../texts/de-battery.ts'
import { battery as en } from '../../texts/en-battery.ts'
import { useLanguage } from '../../texts/texts.tsx'

const catalogues = { en, de }

const readersOf = (id: string, own: typeof en.readers) =>
  listOf('/api/passports/{id}/readers', {
    params: { id },
    columns: [
      { id: 'email', value: row => row.email ?? row.id },
      { id: 'kind', kind: 'word' },
      { id: 'audience', kind: 'word', value: ({ audience }) => audience ?? 'owner' },
      ...plain('since:instant until:instant'),
    ],
    acts: [
      {
        name: () => own.unshare,
        warns: () => own.unshareText,
        run: ({ id: reader }) => ask('DELETE', `/api/passports/${id}/readers/${reader}`),
      },
    ],
    empty: texts => ({ title: texts.passports.readers, text: own.emptyReaders }),
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
  const own = catalogues[useLanguage()].readers
  const grant = async (value: unknown): Promise<unknown> => {
    const { reader, ...body } = value as { reader: string }
    const path = `/api/passports/${id}/readers/${encodeURIComponent(reader)}`
    return await ask('PUT', path, { body: { ...body, audience: 'interest' } })
  }
  return (
    <Stack>
      <Text>{own.shareText}</Text>
      <Adding
        name={`share ${id}`}
        schema={shareSchema}
        button={own.share}
        save={(body, headers) => ask('POST', `/api/passports/${id}/readers`, { body, headers })}
      />
      <details>
        <summary>{own.grant}</summary>
        <Title order={2} size="h5" my="xs">
          {own.grantText}
        </Title>
        <Adding name={`grant ${id}`} schema={grantSchema} button={own.grant} save={grant} />
      </details>
      <List list={readersOf(id, own)} embedded />
    </Stack>
  )
}
