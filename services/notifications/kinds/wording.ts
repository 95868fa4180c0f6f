import type { OrganisationRole, Role } from '#contracts/shared'
import type { Locale } from './kind.ts'

const roles: Record<Locale, Record<Role | OrganisationRole, string>> = {
  en: {
    user: 'user',
    vendor: 'vendor',
    operator: 'operator',
    technician: 'technician',
    admin: 'administrator',
    authority: 'authority',
    interest: 'legitimate interest',
    owner: 'owner',
    editor: 'editor',
    viewer: 'viewer',
  },
  de: {
    user: 'Benutzer',
    vendor: 'Händler',
    operator: 'Betreiber',
    technician: 'Technik',
    admin: 'Administration',
    authority: 'Behörde',
    interest: 'berechtigtes Interesse',
    owner: 'Inhaber',
    editor: 'Bearbeitung',
    viewer: 'Lesen',
  },
}

export const roleIn = (locale: Locale, role: Role | OrganisationRole): string => roles[locale][role]

const formats = Object.fromEntries(
  Object.entries({ en: 'en-GB', de: 'de-DE' }).map(([locale, language]) => [
    locale,
    new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }),
  ]),
) as Record<Locale, Intl.DateTimeFormat>

export const timeIn = (locale: Locale, instant: string): string => `${formats[locale].format(new Date(instant))} UTC`
