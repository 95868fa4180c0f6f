import { standing as de } from '../../../texts/de-standing.ts'
import { standing as en } from '../../../texts/en-standing.ts'
import { useLanguage } from '../../../texts/texts.tsx'

const catalogues = { en, de }

/** What is said where an organisation tells what it is. */
export const useWords = () => catalogues[useLanguage()]
