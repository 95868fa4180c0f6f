import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

/** What a list shows: filters by the API's words, and how it is sorted. Stands in the address. */
export type Asked = Readonly<Record<string, string>>

/** The state of a list: the address is it, but for a list that is part of another screen. */
export function useAsked(embedded: boolean): [Asked, (next: Asked) => void] {
  const search = useSearch({ strict: false }) as Record<string, string>
  const navigate = useNavigate()
  const own = useState<Asked>({})
  if (embedded) return own
  return [search, next => void navigate({ to: '.', search: next as never, replace: true })]
}

/** `status:draft model:"LM3 long" rest of it` in parts. */
export function parse(text: string): { words: Record<string, string>; free: string } {
  const words: Record<string, string> = {}
  const free = text
    .replaceAll(/(\w+):(?:"([^"]*)"|(\S+))/g, (_, name: string, quoted?: string, bare?: string) => {
      words[name] = quoted ?? bare ?? ''
      return ''
    })
    .replaceAll(/\s+/g, ' ')
    .trim()
  return { words, free }
}
