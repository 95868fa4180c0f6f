import asked from 'schema:post /api/passports/{id}/requests'
import { ask } from '../../api/client.ts'
import { Doing } from '../../blocks/doing.tsx'
import { battery as de } from '../../texts/de-battery.ts'
import { battery as en } from '../../texts/en-battery.ts'
import { useLanguage } from '../../texts/texts.tsx'

const catalogues = { en, de }

/** For who reads what everybody does, and has a legitimate interest in more. */
export default function Asking({ id }: { id: string }) {
  const own = catalogues[useLanguage()].requests
  return <Doing name={own.ask} schema={asked} save={request => ask('POST', `/api/passports/${id}/requests`, request)} />
}
