import { IncidentOpened } from '#contracts/maintenance'
import type { Owner } from '#contracts/shared'
import { inAppOnly, inBulk, rule } from './kind.ts'
import { timeIn } from './wording.ts'

const whose = (owner: Owner | null): { audience: Owner }[] => (owner ? [{ audience: owner }] : [])

export const maintenance = {
  // What lasts at a charger is told by mail as `connector.failed` and `charger.lost`.
  'incident.opened': rule(IncidentOpened, inBulk(inAppOnly), {
    drafts: ({ owner, source, place, evse, code, openedAt }) =>
      whose(owner).map(to => ({
        ...to,
        facts: { place, reported: source === 'person', point: evse || null, fault: code ?? source, at: openedAt },
      })),
    many: {
      en: count => `${count} things do not work at your stations`,
      de: count => `${count} Störungen an Ihren Stationen`,
    },
    en: ({ place, reported, point, fault, at }) => ({
      title: `Something does not work: ${place}`,
      text: [
        `${reported ? 'Somebody reports' : 'The charger reports'} since ${timeIn('en', at)}${point ? ` at point ${point}` : ''}: ${fault}.`,
      ],
    }),
    de: ({ place, reported, point, fault, at }) => ({
      title: `Störung: ${place}`,
      text: [
        `${reported ? 'Jemand meldet' : 'Die Ladestation meldet'} seit ${timeIn('de', at)}${point ? ` an Punkt ${point}` : ''}: ${fault}.`,
      ],
    }),
  }),
}
