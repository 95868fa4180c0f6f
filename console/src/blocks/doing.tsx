import { Button, Modal } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { EditorProps } from './editor.tsx'
import type { Schema } from './schema.ts'
import { Editor } from './screens.tsx'

/** Asks in a dialog for what belongs to it, and does it. */
export function Doing(props: {
  name: string
  schema: Schema
  /** What it begins with. */
  initial?: object
  beside?: EditorProps<unknown>['beside']
  save: (request: { body: object; headers: Record<string, string> }) => Promise<unknown>
}) {
  const { name, schema, initial, beside, save } = props
  const queries = useQueryClient()
  const [opened, open] = useState(false)
  return (
    <>
      <Button variant="default" onClick={() => open(true)}>
        {name}
      </Button>
      {opened && (
        <Modal opened onClose={() => open(false)} title={name}>
          <Editor
            name={name}
            schema={schema}
            initial={initial ? { data: initial } : nothing}
            button={name}
            beside={beside}
            save={(body, headers) => save({ body: body as object, headers })}
            saved={() => {
              open(false)
              void queries.invalidateQueries()
            }}
          />
        </Modal>
      )}
    </>
  )
}

const nothing = { data: {} }
