import { useNavigate } from '@tanstack/react-router'
import { ask } from '../../api/client.ts'
import { Editor } from '../../blocks/editor.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { useTexts } from '../../texts/texts.tsx'
import { dataSchema, type Passport } from './passports.tsx'

const nothing = { data: {} }

export default function NewPassport() {
  const texts = useTexts()
  const navigate = useNavigate()
  return (
    <Screen title={texts.passports.new} within={texts.passports.title}>
      <Editor
        name="passport new"
        schema={dataSchema}
        initial={nothing}
        within="/data"
        asJson
        button={texts.form.create}
        save={async (data, headers) =>
          (await ask<Passport>('POST', '/api/passports', { body: { data }, headers })).data
        }
        saved={({ id }) => void navigate({ to: `/passports/${id}` })}
      />
    </Screen>
  )
}
