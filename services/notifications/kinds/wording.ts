import type { OrganisationKind, OrganisationRole, Role } from '#contracts/shared'
import { shown } from '#money/amount'
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

/** The same in an organisation, which may have named it. */
export const givenIn = (locale: Locale, role: OrganisationRole, name?: string | null): string =>
  !name ? roleIn(locale, role) : locale === 'de' ? `„${name}“` : `“${name}”`

const operators: Record<Locale, Record<OrganisationKind, string>> = {
  en: {
    manufacturer: 'a manufacturer',
    importer: 'an importer',
    operator: 'a charge point operator',
    workshop: 'a workshop',
    recycler: 'a recycler',
    authority: 'an authority',
    vendor: 'a vendor',
  },
  de: {
    manufacturer: 'Hersteller',
    importer: 'Einführer',
    operator: 'Ladepunktbetreiber',
    workshop: 'Werkstatt',
    recycler: 'Recyclingbetrieb',
    authority: 'Behörde',
    vendor: 'Verkäufer',
  },
}

export const operatorIn = (locale: Locale, kind: OrganisationKind): string => operators[locale][kind]

/**
 * A text of somebody else as a stranger gets it by mail in our name: no program makes a link or an address of it, and
 * whoever reads it sees that it was one.
 */
export const unlinked = (text: string): string =>
  text
    .replaceAll('://', '[:]//')
    .replaceAll('@', '[at]')
    .replace(/(?<=[\p{L}\p{N}_-])[.\u3002\uff0e\uff61](?=[\p{L}\p{N}_-]{2})/gu, '[.]')

const formats = Object.fromEntries(
  Object.entries({ en: 'en-GB', de: 'de-DE' }).map(([locale, language]) => [
    locale,
    new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }),
  ]),
) as Record<Locale, Intl.DateTimeFormat>

export const timeIn = (locale: Locale, instant: string): string => `${formats[locale].format(new Date(instant))} UTC`

const languages: Record<Locale, string> = { en: 'en-GB', de: 'de-DE' }

/** By the clock of a place. */
export const localTimeIn = (locale: Locale, instant: string, timeZone: string): string =>
  new Intl.DateTimeFormat(languages[locale], {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone,
    timeZoneName: 'short',
  }).format(new Date(instant))

export const amountIn = (locale: Locale, minor: number, currency: string): string =>
  shown({ minor: BigInt(minor), currency }, languages[locale])
