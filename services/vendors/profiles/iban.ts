import { electronicFormatIBAN, isSEPACountry, isValidIBAN } from 'ibantools'

/**
 * An account number without its spaces; undefined where its country takes no part in SEPA, or its length, its form or its
 * check digits (ISO 13616) are wrong.
 */
export function ibanOf(text: string): string | undefined {
  const iban = electronicFormatIBAN(text)
  return iban && isSEPACountry(iban.slice(0, 2)) && isValidIBAN(iban) ? iban : undefined
}

/** Of an account number its country and its end. */
export const masked = (iban: string): string => `${iban.slice(0, 2)}•• •••• ${iban.slice(-4)}`
