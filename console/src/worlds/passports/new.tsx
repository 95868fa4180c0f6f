import { SegmentedControl } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { ask } from '../../api/client.ts'
import { Editor } from '../../blocks/editor.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { useTexts } from '../../texts/texts.tsx'
import { dataSchema, type Passport } from './passports.tsx'

const nothing = { data: {} }

export default function NewPassport() {
  const texts = useTexts()
  const navigate = useNavigate()
  const [granularity, choose] = useState('item')
  return (
    <Screen title={texts.passports.new} within={texts.passports.title}>
      <SegmentedControl
        maw="24rem"
        aria-label={texts.items.of}
        value={granularity}
        onChange={choose}
        data={[
          { value: 'item', label: texts.items.ofBattery },
          { value: 'model', label: texts.items.ofModel },
        ]}
      />
      <Editor
        name="passport new"
        schema={dataSchema}
        initial={nothing}
        within="/data"
        asJson
        button={texts.form.create}
        save={async (data, headers) =>
          (await ask<Passport>('POST', '/api/passports', { body: { data, granularity }, headers })).data
        }
        saved={({ id }) => void navigate({ to: `/passports/${id}` })}
      />
    </Screen>
  )
}
