import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { ask } from '../../api/client.ts'
import { Editor } from '../../blocks/editor.tsx'
import { Read, read, useRead } from '../../blocks/data.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { useTexts } from '../../texts/texts.tsx'
import { dataSchema, titleOf, type Passport } from './passports.tsx'

export default function EditPassport() {
  const { id } = useParams({ strict: false }) as { id: string }
  return (
    <Read path="/api/passports/{id}" params={{ id }}>
      {(passport, tag) => <Form passport={passport} tag={tag} />}
    </Read>
  )
}

function Form(props: { passport: Passport; tag: string | undefined }) {
  const texts = useTexts()
  const navigate = useNavigate()
  // What the form began with: what others save meanwhile is told, and does not touch it.
  const [{ passport, tag }] = useState(props)
  const { id } = passport
  const { data: now } = useRead('/api/passports/{id}', { id }, {}, 10_000)
  const path = `/api/passports/${id}`
  return (
    <Screen title={`${texts.passports.edit}: ${titleOf(passport)}`} within={texts.passports.title}>
      <Editor
        name={`passport ${id}`}
        schema={dataSchema}
        initial={{ data: passport.data, tag }}
        within="/data"
        asJson
        button={texts.form.save}
        hint={now && now.tag !== tag ? texts.form.changedMeanwhile : undefined}
        current={async () => {
          const { data, tag: latest } = await read('/api/passports/{id}', { id })
          return { data: data.data, tag: latest }
        }}
        save={(data, headers) => ask('PUT', path, { body: { data }, headers })}
        saved={() => void navigate({ to: `/passports/${id}` })}
      />
    </Screen>
  )
}
