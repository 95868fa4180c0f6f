import { confidential, withoutPasswords } from '../log/secrets.ts'

export const hasSecrets = (action: string): boolean => confidential.has(action)

/** What a charger was told, as it may be kept and shown. */
export const withoutSecrets = (action: string, payload: object): object =>
  hasSecrets(action) ? withoutPasswords(payload) : payload
