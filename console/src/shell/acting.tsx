import { Button } from '@mantine/core'
import { stopActing } from '../api/acting.ts'
import { shown } from '../blocks/values.tsx'
import { fill, useLanguage, useTexts } from '../texts/texts.tsx'
import { usePerson } from './person.tsx'

/** Over every screen while an admin acts in the place of somebody; nobody closes it. */
export function ActingBanner() {
  const { account: words } = useTexts()
  const language = useLanguage()
  const { name, actingFor } = usePerson()
  if (!actingFor) return null
  const until = shown('instant', actingFor.until, language)
  return (
    <p role="status" className="banner">
      {fill(words.acting, { name, by: actingFor.byName, until })}{' '}
      <Button size="compact-sm" onClick={() => void stopActing()}>
        {words.actingStop}
      </Button>
    </p>
  )
}
