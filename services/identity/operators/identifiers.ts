import type { OrganisationIdentifier } from '#contracts/shared'
import { isOperatorNumber } from '#law'
import { Problem } from '#kernel'
import { readTaxId } from '#money/tax/numbers'

const bare = (text: string): string => text.toUpperCase().replace(/[\s.\-_/]/g, '')

/** Numbers in the one spelling they are compared in. Fails with `identifier_invalid`, or where one is given twice. */
export async function readIdentifiers(given: readonly OrganisationIdentifier[]): Promise<OrganisationIdentifier[]> {
  const refuse = (at: number, detail: string) =>
    new Problem('invalid', 'identifier_invalid', { errors: [{ pointer: `/identifiers/${at}/value`, detail }] })
  const read = await Promise.all(
    given.map(async ({ scheme, value }, at) => {
      const known = await readIdentifier(scheme, value)
      if (known === undefined) throw refuse(at, `is no ${scheme} number: its form or its check digits are wrong`)
      return { scheme, value: known }
    }),
  )
  const twice = read.findIndex(({ scheme }, at) => read.findIndex(other => other.scheme === scheme) < at)
  if (twice >= 0) throw refuse(twice, 'is the second number of its kind')
  return read.sort((a, b) => a.scheme.localeCompare(b.scheme))
}

/** Undefined for what is none. LEI, GLN and VAT have check digits; of EORI only the form is common to all countries. */
async function readIdentifier(scheme: OrganisationIdentifier['scheme'], text: string): Promise<string | undefined> {
  const value = bare(text)
  if (scheme === 'VAT') return (await readTaxId(value))?.number
  return isOperatorNumber(scheme, value) ? value : undefined
}
