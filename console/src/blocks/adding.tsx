import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Editor } from './editor.tsx'
import type { Schema } from './schema.ts'

const nothing = { data: {} }

/** A form above a list that adds to it, and begins anew after each. */
export function Adding(props: {
  name: string
  schema: Schema
  button: string
  save: (value: unknown, headers: Record<string, string>) => Promise<unknown>
}) {
  const queries = useQueryClient()
  const [count, again] = useState(0)
  return (
    <Editor
      {...props}
      key={count}
      initial={nothing}
      saved={() => {
        again(count + 1)
        void queries.invalidateQueries()
      }}
    />
  )
}
