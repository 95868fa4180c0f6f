import { Anchor, FileInput, Group, Stack, Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import asking from 'schema:post /api/auth/organisations/{id}/kinds'
import naming from 'schema:patch /api/auth/organisations/{id}'
import { base } from '../../../api/base.ts'
import { ask } from '../../../api/client.ts'
import { ApiProblem } from '../../../api/problem.ts'
import { Adding } from '../../../blocks/adding.tsx'
import { Read, useRead, type AnswerOf } from '../../../blocks/data.tsx'
import { ActButton, Facts, factsOf } from '../../../blocks/detail.tsx'
import { Editor } from '../../../blocks/editor.tsx'
import { Link } from '../../../blocks/link.tsx'
import { plain } from '../../../blocks/plain.ts'
import type { Schema } from '../../../blocks/schema.ts'
import { Part } from '../../../blocks/screen.tsx'
import { Short } from '../../../blocks/short.tsx'
import { usePerson } from '../../../shell/person.tsx'
import { fill, useTexts } from '../../../texts/texts.tsx'
import { Ending } from './ending.tsx'
import { useWords } from './words.ts'

type Organisation = AnswerOf<'/api/auth/organisations/{id}'>
type Told = AnswerOf<'/api/auth/organisations/{id}/standing'>

const at = (id: string, rest = ''): string => `/api/auth/organisations/${id}${rest}`

/** What an organisation is: its name and numbers, what it was verified to be, the host in its links, and its end. */
export function Standing(props: { organisation: Organisation; owns: boolean; leads: boolean }) {
  const { organisation, owns, leads } = props
  const { id, role } = organisation
  const words = useWords()
  return (
    <Stack gap="xl">
      <Facts facts={factsOf(organisation, plain('name role:word createdAt:instant'))} />
      {leads && <Named organisation={organisation} key={organisation.name} />}
      <Read path="/api/auth/organisations/{id}/standing" params={{ id }}>
        {({ identifiers, kinds }) => (
          <>
            <Part title={words.numbers} about={words.numbersText}>
              <Numbers key={JSON.stringify(identifiers)} {...{ id, identifiers, owns }} />
            </Part>
            <Part title={words.kinds} about={words.kindsText}>
              <Kinds {...{ id, kinds, owns }} />
            </Part>
          </>
        )}
      </Read>
      {leads && (
        <Part title={words.host} about={words.hostText}>
          <Acting id={id}>
            <Host id={id} />
          </Acting>
        </Part>
      )}
      <Part title={words.seal} about={words.sealText}>
        <Seal />
      </Part>
      {role === 'owner' && <Ending id={id} name={organisation.name} />}
    </Stack>
  )
}

function Named({ organisation: { id, name } }: { organisation: Organisation }) {
  const texts = useTexts()
  return (
    <Editor
      name={at(id)}
      schema={naming}
      initial={{ data: { name } }}
      button={texts.form.save}
      save={body => ask('PATCH', at(id), { body })}
      saved={() => {}}
    />
  )
}

const schemes = ['VAT', 'EORI', 'LEI', 'GLN'] as const

/** A field a number, each with what it is needed for; who does not own the organisation reads them. */
function Numbers({ id, identifiers, owns }: Pick<Told, 'identifiers'> & { id: string; owns: boolean }) {
  const texts = useTexts()
  const words = useWords()
  if (!owns && identifiers.length === 0) return <Text>{words.noNumbers}</Text>
  if (!owns) return <Facts facts={identifiers.map(({ scheme, value }) => ({ id: scheme, kind: 'id', value }))} />
  const schema: Schema = {
    type: 'object',
    properties: Object.fromEntries(
      schemes.map(scheme => [scheme, { type: 'string', maxLength: 40, description: words.needs[scheme] }]),
    ),
  }
  const save = async (entered: unknown): Promise<void> => {
    const given = Object.entries(entered as Record<string, string>).map(([scheme, value]) => ({ scheme, value }))
    try {
      await ask('PUT', at(id, '/identifiers'), { body: { identifiers: given } })
    } catch (error) {
      // They are sent as a list, and stand here by their names.
      const wrong = error instanceof ApiProblem && error.code === 'identifier_invalid' ? error.errors : []
      const errors = wrong.map(({ pointer }) => ({
        pointer: `/${given[Number(pointer.split('/')[2])]?.scheme}`,
        detail: words.wrong,
      }))
      throw errors.length > 0 ? new ApiProblem(400, { errors }) : error
    }
  }
  return (
    <Editor
      name={at(id, '/identifiers')}
      schema={schema}
      initial={{ data: Object.fromEntries(identifiers.map(({ scheme, value }) => [scheme, value])) }}
      button={texts.form.save}
      save={save}
      saved={() => {}}
    />
  )
}

function Kinds({ id, kinds, owns }: Pick<Told, 'kinds'> & { id: string; owns: boolean }) {
  const words = useWords()
  return (
    <Stack>
      <Short
        name={words.kinds}
        rows={kinds}
        idOf={({ kind }) => kind}
        columns={[
          ...plain('kind:word state:state'),
          {
            id: 'evidence',
            cell: ({ evidence }) => (
              <Group gap="xs">
                {evidence.map((docId, index) => (
                  <Anchor key={docId} href={`${base}/api/documents/${docId}`}>
                    {fill(words.document, { number: index + 1 })}
                  </Anchor>
                ))}
              </Group>
            ),
          },
          ...plain('askedAt:instant note'),
        ]}
        acts={
          owns
            ? ({ kind }) => (
                <ActButton
                  size="compact-sm"
                  act={{
                    name: () => words.takeBack,
                    warns: () => words.takeBackText,
                    run: () => ask('DELETE', at(id, `/kinds/${kind}`)),
                  }}
                />
              )
            : undefined
        }
        empty={words.noKinds}
      />
      {owns && (
        <Acting id={id}>
          <Asking id={id} />
        </Acting>
      )}
    </Stack>
  )
}

/** What is the organisation's is seen by who acts for it. */
function Acting({ id, children }: { id: string; children: ReactNode }) {
  const words = useWords()
  if (usePerson().organisation?.id === id) return children
  const act = async (): Promise<void> => {
    await ask('POST', at(id, '/switch'))
    location.reload()
  }
  return (
    <Group>
      <Text>{words.actForText}</Text>
      <ActButton act={{ name: () => words.actFor, run: act }} />
    </Group>
  )
}

/** Asks an admin to look, with documents of the organisation: those that are there, and one more where it lacks. */
function Asking({ id }: { id: string }) {
  const texts = useTexts()
  const words = useWords()
  const [file, choose] = useState<File | null>(null)
  const { data } = useRead('/api/documents', {}, { owner: id, limit: '100' })
  const files = data?.data.items ?? []
  const upload = async (): Promise<void> => {
    const form = new FormData()
    form.set('kind', 'other')
    form.set('file', file!)
    await ask('POST', '/api/documents/upload', { body: form })
    choose(null)
  }
  const evidence: Schema = {
    type: 'array',
    title: words.evidence,
    items: {
      enum: files.map(({ docId }) => docId),
      called: Object.fromEntries(files.map(({ docId, title, fileName }) => [docId, title || fileName])),
    },
  }
  return (
    <Stack maw="44rem">
      <Group align="flex-end">
        <FileInput label={words.upload} value={file} onChange={choose} clearable miw="16rem" />
        <ActButton act={{ name: () => texts.documents.upload, run: upload }} disabled={!file} />
      </Group>
      <Adding
        name={at(id, '/kinds')}
        schema={{ ...asking, properties: { ...asking.properties, evidence } }}
        button={words.ask}
        save={(body, headers) => ask('POST', at(id, '/kinds'), { body, headers })}
      />
    </Stack>
  )
}

const settings = '/api/passports/settings'

/** The host that links and codes name, once its domain is proven. */
function Host({ id }: { id: string }) {
  const texts = useTexts()
  const words = useWords()
  const schema: Schema = {
    type: 'object',
    properties: { publicHost: { type: 'string', maxLength: 253, title: words.publicHost } },
  }
  return (
    <Stack>
      <Read path="/api/auth/organisations/{id}/domains" params={{ id }}>
        {({ items }) => {
          const domains = items.filter(({ verified }) => verified).map(({ domain }) => domain)
          return (
            <Text>
              {domains.length > 0 ? fill(words.proven, { domains: domains.join(', ') }) : words.provenNone}{' '}
              <Link to={`/organisations/${id}?tab=sign-in`}>{words.prove}</Link>
            </Text>
          )
        }}
      </Read>
      <Read path={settings}>
        {({ publicHost }) => (
          <Editor
            key={publicHost}
            name={settings}
            schema={schema}
            initial={{ data: publicHost === null ? {} : { publicHost } }}
            button={texts.form.save}
            save={entered => ask('PATCH', settings, { body: { publicHost: null, ...(entered as object) } })}
            saved={() => {}}
          />
        )}
      </Read>
    </Stack>
  )
}

/** The key of the platform's seals, as everybody may read it, and what was sealed last. */
function Seal() {
  const words = useWords()
  const { data } = useRead('/api/passports/checkpoints', {}, { limit: '1' })
  const latest = data?.data.items[0]
  return (
    <Stack align="flex-start">
      <Read path="/api/passports/checkpoints/keys">
        {({ keys: [key] }) => (
          <Facts
            facts={[
              { id: 'key', kind: 'id', value: key?.kid },
              { id: key?.crv ?? '', kind: 'id', value: key?.x },
              { id: 'checkpoint', kind: 'date', value: latest?.day },
            ]}
          />
        )}
      </Read>
      <Anchor href={`${base}/api/passports/checkpoints`}>{words.checkpoints}</Anchor>
    </Stack>
  )
}
