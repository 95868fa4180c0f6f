import { Button, Stack, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import deciding from 'schema:patch /api/content/applications/{id}'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { read, type AnswerOf } from '../../blocks/data.tsx'
import { ActButton, Facts, factsOf } from '../../blocks/detail.tsx'
import { Editor } from '../../blocks/editor.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { Part } from '../../blocks/screen.tsx'
import { detailScreen, within } from '../../blocks/screens.tsx'
import { desk as de } from '../../texts/de-desk.ts'
import { desk as en } from '../../texts/en-desk.ts'
import { fill, nameOf, useLanguage, useTexts, wordFor, type Catalogue } from '../../texts/texts.tsx'

const catalogues = { en, de }
const useWords = () => catalogues[useLanguage()].applications

const path = '/api/content/applications/{id}'
type Application = AnswerOf<typeof path>
const at = (id: string): string => path.replace('{id}', id)
const stages = (deciding.properties?.stage?.enum ?? []).map(String)

const applicationsOf = (slug: string, words: ReturnType<typeof useWords>, texts: Catalogue) =>
  listOf('/api/content/jobs/{slug}/applications', {
    params: { slug },
    columns: plain('name email stage:state fileName receivedAt:instant note? sizeBytes:bytes?'),
    open: ({ id }) => `/content/applications/${id}`,
    acts: [
      {
        name: () => words.move,
        asks: () => nameOf(texts, 'stage'),
        among: stages.map(value => ({ value, label: wordFor(texts, value) })),
        run: ({ id }, stage) => ask('PATCH', at(id), { body: { stage } }),
      },
      { name: () => words.remove, warns: () => words.removeText, run: ({ id }) => ask('DELETE', at(id)) },
    ],
    empty: () => ({ title: texts.content.applications, text: words.empty }),
  })

/** Who applied for a job. */
export function Applications({ slug }: { slug: string }) {
  return <List list={applicationsOf(slug, useWords(), useTexts())} embedded />
}

/** One of them: what they sent, where it stands, and what those who decide noted. */
export const OneApplication = detailScreen({
  path,
  list: { to: '/content/jobs', name: texts => texts.content.sections.jobs },
  title: ({ name }) => name,
  state: ({ stage }) => stage,
  links: application => <Links application={application} />,
  tabs: (application, texts) => [
    {
      id: 'about',
      name: texts.shell.details,
      content: () => <Sent application={application} key={application.version} />,
    },
  ],
})

function Links({ application: { id, jobId, name, email, fileName } }: { application: Application }) {
  const words = useWords()
  const navigate = useNavigate()
  const subject = encodeURIComponent(fill(words.subject, { name }))
  return (
    <>
      {fileName && (
        <Button component="a" variant="default" href={`${base}${at(id)}/file`}>
          {fill(words.file, { name: fileName })}
        </Button>
      )}
      <Button component="a" href={`mailto:${encodeURIComponent(email)}?subject=${subject}`}>
        {words.reply}
      </Button>
      <ActButton
        act={{
          name: () => words.remove,
          warns: () => words.removeText,
          run: async () => {
            await ask('DELETE', at(id))
            void navigate({ to: `/content/jobs/${jobId}`, search: { tab: 'applications' } as never })
          },
        }}
      />
    </>
  )
}

function Sent({ application }: { application: Application }) {
  const texts = useTexts()
  const words = useWords()
  const { id, message, version } = application
  const [initial] = useState({ data: within({ ...application }, deciding), tag: `"${version}"` })
  return (
    <Stack gap="xl">
      <Part title={words.message}>
        <Text maw="44rem" className="written">
          {message || words.noMessage}
        </Text>
        <Facts facts={factsOf(application, plain('email receivedAt:instant'))} />
      </Part>
      <Part title={words.decided} about={words.decidedText}>
        <Editor
          name={at(id)}
          schema={deciding}
          initial={initial}
          current={async () => {
            const { data, tag } = await read(path, { id })
            return { data: within({ ...data }, deciding), ...(tag && { tag }) }
          }}
          button={texts.form.save}
          save={(body, headers) => ask('PATCH', at(id), { body, headers })}
          saved={() => {}}
        />
      </Part>
    </Stack>
  )
}
