import { CertificateEnding, ChargerLost, ChargerRegistered, ConnectorFailed } from '#contracts/ocpp'
import { SessionCorrected, SessionEnded } from '#contracts/sessions'
import type { Owner } from '#contracts/shared'
import { both, inAppOnly, inBulk, rule, type Audience, type Locale } from './kind.ts'
import { timeIn } from './wording.ts'

const languages: Record<Locale, string> = { en: 'en-GB', de: 'de-DE' }

/** Kilowatt-hours as people read them. */
const energyIn = (locale: Locale, wh: number): string =>
  `${new Intl.NumberFormat(languages[locale], { minimumFractionDigits: 1, maximumFractionDigits: 2 }).format(wh / 1000)} kWh`

const driver = (driverId: string | null): { audience: Owner }[] =>
  driverId ? [{ audience: { kind: 'person', id: driverId } }] : []
const whose = (owner: Owner | null): { audience: Owner }[] => (owner ? [{ audience: owner }] : [])

/** What is nobody's yet is every operator's to look after. */
const keepers = (owner: Owner | null): { audience: Audience }[] =>
  owner
    ? [{ audience: owner }]
    : (['operator', 'admin'] as const).map(role => ({ audience: { kind: 'role' as const, id: role } }))

export const charging = {
  'session.ended': rule(SessionEnded, inBulk(inAppOnly), {
    drafts: ({ driverId, chargerId, energyWh, endedAt }) =>
      driver(driverId).map(to => ({ ...to, facts: { charger: chargerId, energyWh, at: endedAt } })),
    many: {
      en: count => `${count} charging sessions ended`,
      de: count => `${count} Ladevorgänge sind beendet`,
    },
    en: ({ charger, energyWh, at }) => ({
      title: `Charged ${energyIn('en', energyWh)}`,
      text: [`Your charging session at ${charger} ended on ${timeIn('en', at)}: ${energyIn('en', energyWh)}.`],
    }),
    de: ({ charger, energyWh, at }) => ({
      title: `${energyIn('de', energyWh)} geladen`,
      text: [`Ihr Ladevorgang an ${charger} wurde am ${timeIn('de', at)} beendet: ${energyIn('de', energyWh)}.`],
    }),
  }),

  'session.corrected': rule(SessionCorrected, inBulk(inAppOnly), {
    drafts: ({ driverId, chargerId, energyWh, endedAt, former }) =>
      driver(driverId).map(to => ({
        ...to,
        facts: { charger: chargerId, energyWh, formerWh: former.energyWh, goesOn: endedAt === null },
      })),
    many: {
      en: count => `${count} charging sessions were corrected`,
      de: count => `${count} Ladevorgänge wurden berichtigt`,
    },
    en: ({ charger, energyWh, formerWh, goesOn }) => ({
      title: goesOn ? `Charging at ${charger} goes on` : `Charging at ${charger} was corrected`,
      text: [
        goesOn
          ? `The charger ${charger} says that your session, which counted as over, goes on: ${energyIn('en', energyWh)} so far.`
          : `The charger ${charger} said more about your session: it was ${energyIn('en', energyWh)}, not ${energyIn('en', formerWh)}.`,
      ],
    }),
    de: ({ charger, energyWh, formerWh, goesOn }) => ({
      title: goesOn ? `Der Ladevorgang an ${charger} geht weiter` : `Der Ladevorgang an ${charger} wurde berichtigt`,
      text: [
        goesOn
          ? `Laut der Ladestation ${charger} geht Ihr Ladevorgang weiter, der als beendet galt: bisher ${energyIn('de', energyWh)}.`
          : `Die Ladestation ${charger} hat mehr über Ihren Ladevorgang gemeldet: Es waren ${energyIn('de', energyWh)}, nicht ${energyIn('de', formerWh)}.`,
      ],
    }),
  }),

  'charger.lost': rule(ChargerLost, inBulk(both), {
    drafts: ({ owner, chargerId, since }) =>
      whose(owner).map(to => ({ ...to, facts: { charger: chargerId, at: since } })),
    many: {
      en: count => `${count} chargers are offline`,
      de: count => `${count} Ladestationen sind offline`,
    },
    en: ({ charger, at }) => ({
      title: `Charger ${charger} is offline`,
      text: [`The charger ${charger} has had no connection since ${timeIn('en', at)}.`],
    }),
    de: ({ charger, at }) => ({
      title: `Ladestation ${charger} ist offline`,
      text: [`Die Ladestation ${charger} hat seit ${timeIn('de', at)} keine Verbindung.`],
    }),
  }),

  'connector.failed': rule(ConnectorFailed, inBulk(both), {
    drafts: ({ owner, chargerId, evse, errorCode, info, since }) =>
      whose(owner).map(to => ({
        ...to,
        facts: { charger: chargerId, evse, fault: [errorCode, info].filter(Boolean).join(': '), at: since },
      })),
    many: {
      en: count => `${count} connectors are faulted`,
      de: count => `${count} Ladepunkte sind gestört`,
    },
    en: ({ charger, evse, fault, at }) => ({
      title: evse ? `Charger ${charger} is faulted at ${evse}` : `Charger ${charger} is faulted`,
      text: [
        `${evse ? `Connector ${evse} of the charger ${charger}` : `The charger ${charger}`} has been faulted since ${timeIn('en', at)}.`,
        ...(fault ? [`It says: ${fault}`] : []),
      ],
    }),
    de: ({ charger, evse, fault, at }) => ({
      title: evse ? `Ladestation ${charger} ist an ${evse} gestört` : `Ladestation ${charger} ist gestört`,
      text: [
        `${evse ? `Der Anschluss ${evse} der Ladestation ${charger}` : `Die Ladestation ${charger}`} ist seit ${timeIn('de', at)} gestört.`,
        ...(fault ? [`Sie meldet: ${fault}`] : []),
      ],
    }),
  }),

  'charger.registered': rule(ChargerRegistered, inBulk(both), {
    drafts: ({ owner, chargerId, status, timestamp }) =>
      status === 'pending' ? keepers(owner).map(to => ({ ...to, facts: { charger: chargerId, at: timestamp } })) : [],
    many: {
      en: count => `${count} chargers wait to be approved`,
      de: count => `${count} Ladestationen warten auf Freigabe`,
    },
    en: ({ charger, at }) => ({
      title: `Charger ${charger} waits to be approved`,
      text: [
        `A charger that calls itself ${charger} came on ${timeIn('en', at)} and waits until you approve or reject it.`,
      ],
    }),
    de: ({ charger, at }) => ({
      title: `Ladestation ${charger} wartet auf Freigabe`,
      text: [
        `Eine Ladestation, die sich ${charger} nennt, hat sich am ${timeIn('de', at)} gemeldet und wartet, bis Sie sie freigeben oder ablehnen.`,
      ],
    }),
  }),

  'certificate.ending': rule(CertificateEnding, inBulk(both), {
    drafts: ({ owner, chargerId, endsAt }) =>
      keepers(owner).map(to => ({ ...to, facts: { charger: chargerId, at: endsAt } })),
    many: {
      en: count => `The certificates of ${count} chargers end soon`,
      de: count => `Die Zertifikate von ${count} Ladestationen laufen bald ab`,
    },
    en: ({ charger, at }) => ({
      title: `The certificate of charger ${charger} ends soon`,
      text: [
        `The certificate of the charger ${charger} ends on ${timeIn('en', at)}, and the charger has no other yet. Without one it cannot connect any more.`,
      ],
    }),
    de: ({ charger, at }) => ({
      title: `Das Zertifikat der Ladestation ${charger} läuft bald ab`,
      text: [
        `Das Zertifikat der Ladestation ${charger} läuft am ${timeIn('de', at)} ab, und die Ladestation hat noch kein anderes. Ohne eines kann sie sich nicht mehr verbinden.`,
      ],
    }),
  }),
}
