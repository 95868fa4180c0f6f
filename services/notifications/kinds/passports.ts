import {
  PassportCreated,
  PassportDeleted,
  PassportInterestChanged,
  PassportMoved,
  PassportPublished,
  PassportReaderInvited,
  PassportSerialisationEnded,
  PassportShared,
  PassportStatusChanged,
  PassportUpdated,
} from '#contracts/passports'
import { both, inAppOnly, inBulk, mailOnly, rule } from './kind.ts'
import { unlinked } from './wording.ts'

interface About {
  passport: { id: string }
  identifier: string | null
}
const nameOf = ({ passport, identifier }: About): string => identifier ?? passport.id
const pathOf = ({ passport }: Pick<About, 'passport'>): string => `/passports/${passport.id}`
const factsOf = (event: About) => ({ passport: nameOf(event) })

export const passports = {
  'passport.created': rule(PassportCreated, inBulk(both), {
    drafts: event => [{ audience: event.owner, facts: factsOf(event), path: pathOf(event) }],
    many: {
      en: count => `${count} passports were created`,
      de: count => `${count} Pässe wurden angelegt`,
    },
    en: ({ passport }) => ({
      title: `Passport ${passport} was created`,
      text: [`The battery passport ${passport} was created, as a draft.`],
      action: 'Open the passport',
    }),
    de: ({ passport }) => ({
      title: `Pass ${passport} wurde angelegt`,
      text: [`Der Batteriepass ${passport} wurde als Entwurf angelegt.`],
      action: 'Den Pass öffnen',
    }),
  }),

  'passport.serialisation-ended': rule(PassportSerialisationEnded, both, {
    drafts: ({ modelId, model, owner, created, failed }) => [
      { audience: owner, facts: { model: model ?? modelId, created, failed }, path: `/passports/${modelId}` },
    ],
    en: ({ model, created, failed }) => ({
      title: `Passports of ${model}: ${created} were made`,
      text: [
        `The order for items of the model ${model} is done: ${created} passports are there, ${failed} serials were refused.`,
      ],
      action: 'Open the model',
    }),
    de: ({ model, created, failed }) => ({
      title: `Pässe von ${model}: ${created} wurden angelegt`,
      text: [
        `Der Auftrag für Batterien des Modells ${model} ist erledigt: ${created} Pässe sind da, ` +
          `${failed} Seriennummern wurden abgelehnt.`,
      ],
      action: 'Das Modell öffnen',
    }),
  }),

  'passport.updated': rule(PassportUpdated, inBulk(inAppOnly), {
    drafts: event =>
      // What the law opens on a day is nothing that anybody did to it.
      event.ruleSet
        ? []
        : [
            {
              audience: event.owner,
              facts: { ...factsOf(event), fields: event.updatedFields.length },
              path: pathOf(event),
            },
          ],
    many: {
      en: count => `${count} changes to passports`,
      de: count => `${count} Änderungen an Pässen`,
    },
    en: ({ passport, fields }) => ({
      title: `Passport ${passport} was changed`,
      text: [
        `The battery passport ${passport} has a new version; ` +
          `${fields === 1 ? 'one field' : `${fields} fields`} changed.`,
      ],
      action: 'Open the passport',
    }),
    de: ({ passport, fields }) => ({
      title: `Pass ${passport} wurde geändert`,
      text: [
        `Der Batteriepass ${passport} hat eine neue Version; ` +
          `${fields === 1 ? 'ein Feld wurde' : `${fields} Felder wurden`} geändert.`,
      ],
      action: 'Den Pass öffnen',
    }),
  }),

  'passport.deleted': rule(PassportDeleted, inBulk(both), {
    drafts: event => [{ audience: event.owner, facts: factsOf(event) }],
    many: {
      en: count => `${count} passports were deleted`,
      de: count => `${count} Pässe wurden gelöscht`,
    },
    en: ({ passport }) => ({
      title: `Passport ${passport} was deleted`,
      text: [`The draft of the battery passport ${passport} was deleted.`],
    }),
    de: ({ passport }) => ({
      title: `Pass ${passport} wurde gelöscht`,
      text: [`Der Entwurf des Batteriepasses ${passport} wurde gelöscht.`],
    }),
  }),

  'passport.published': rule(PassportPublished, inBulk(both), {
    drafts: event => [{ audience: event.owner, facts: factsOf(event), path: pathOf(event) }],
    many: {
      en: count => `${count} passports were published`,
      de: count => `${count} Pässe wurden veröffentlicht`,
    },
    en: ({ passport }) => ({
      title: `Passport ${passport} was published`,
      text: [`The battery passport ${passport} is published. From now on it is kept and cannot be deleted.`],
      action: 'Open the passport',
    }),
    de: ({ passport }) => ({
      title: `Pass ${passport} wurde veröffentlicht`,
      text: [
        `Der Batteriepass ${passport} ist veröffentlicht. ` +
          'Er wird von nun an aufbewahrt und kann nicht gelöscht werden.',
      ],
      action: 'Den Pass öffnen',
    }),
  }),

  // Publishing has an event of its own; one act, one message.
  'passport.status-changed': rule(PassportStatusChanged, inBulk(both), {
    drafts: event =>
      event.status === 'archived' ? [{ audience: event.owner, facts: factsOf(event), path: pathOf(event) }] : [],
    many: {
      en: count => `${count} passports were archived`,
      de: count => `${count} Pässe wurden archiviert`,
    },
    en: ({ passport }) => ({
      title: `Passport ${passport} was archived`,
      text: [`The battery passport ${passport} was archived. It can still be read.`],
      action: 'Open the passport',
    }),
    de: ({ passport }) => ({
      title: `Pass ${passport} wurde archiviert`,
      text: [`Der Batteriepass ${passport} wurde archiviert. Er kann weiterhin gelesen werden.`],
      action: 'Den Pass öffnen',
    }),
  }),

  'passport.shared': rule(PassportShared, inBulk(both), {
    drafts: event => {
      const told = (to: 'owner' | 'reader') => ({ ...factsOf(event), shared: event.shared, to })
      const path = pathOf(event)
      const forReader = { ...told('reader'), passport: unlinked(nameOf(event)) }
      return [
        // An owner who shared with an address is not told whether it is somebody's.
        ...(event.byAddress ? [] : [{ audience: event.owner, facts: told('owner'), path }]),
        { audience: event.reader, facts: forReader, path: event.shared ? path : undefined },
      ]
    },
    many: {
      en: count => `${count} changes of who may read passports`,
      de: count => `${count} Änderungen, wer Pässe lesen darf`,
    },
    en: ({ passport, shared, to }) => ({
      ...(to === 'owner'
        ? {
            title: `Passport ${passport} ${shared ? 'was shared' : 'is shared no more'}`,
            text: [
              shared
                ? `One more reader may see the battery passport ${passport}.`
                : `A reader may not see the battery passport ${passport} any more.`,
            ],
          }
        : {
            title: `Passport ${passport} ${shared ? 'was shared with you' : 'is not shared with you any more'}`,
            text: [
              shared
                ? `You may read the battery passport ${passport} now.`
                : `You may not read the battery passport ${passport} any more.`,
            ],
          }),
      action: 'Open the passport',
    }),
    de: ({ passport, shared, to }) => ({
      ...(to === 'owner'
        ? {
            title: `Pass ${passport} ${shared ? 'wurde geteilt' : 'wird nicht mehr geteilt'}`,
            text: [
              shared
                ? `Den Batteriepass ${passport} kann jetzt noch jemand lesen.`
                : `Den Batteriepass ${passport} kann jemand nicht mehr lesen.`,
            ],
          }
        : {
            title: `Pass ${passport} ${shared ? 'wurde mit Ihnen geteilt' : 'wird nicht mehr mit Ihnen geteilt'}`,
            text: [
              shared
                ? `Sie können jetzt den Batteriepass ${passport} lesen.`
                : `Sie können den Batteriepass ${passport} nicht mehr lesen.`,
            ],
          }),
      action: 'Den Pass öffnen',
    }),
  }),

  // What opens a passport, or shuts it, is told as that.
  'passport.interest-changed': rule(PassportInterestChanged, inBulk(both), {
    drafts: event => {
      const { state, owner, asker } = event
      const facts = { passport: unlinked(nameOf(event)), state }
      if (state === 'open') return [{ audience: owner, facts, path: '/console/passports/requests' }]
      if (state !== 'asked_back' && state !== 'refused') return []
      return [{ audience: asker, facts, path: '/console/passports/requests?as=asker' }]
    },
    many: {
      en: count => `${count} messages about who may read passports by their interest`,
      de: count => `${count} Nachrichten, wer mit berechtigtem Interesse Pässe lesen darf`,
    },
    en: ({ passport, state }) => ({
      ...(state === 'open'
        ? {
            title: `Somebody asks to read passport ${passport}`,
            text: [`Somebody says that they have a legitimate interest in the battery passport ${passport}.`],
          }
        : state === 'refused'
          ? {
              title: `You may not read passport ${passport}`,
              text: [`The owner of the battery passport ${passport} refused what you asked, and says why.`],
            }
          : {
              title: `A question about passport ${passport}`,
              text: [`Before they decide, the owner of the battery passport ${passport} asks you something.`],
            }),
      action: 'Open the requests',
    }),
    de: ({ passport, state }) => ({
      ...(state === 'open'
        ? {
            title: `Jemand möchte Pass ${passport} lesen`,
            text: [`Jemand macht am Batteriepass ${passport} ein berechtigtes Interesse geltend.`],
          }
        : state === 'refused'
          ? {
              title: `Sie dürfen Pass ${passport} nicht lesen`,
              text: [`Ihre Anfrage zum Batteriepass ${passport} wurde abgelehnt; der Grund steht dabei.`],
            }
          : {
              title: `Eine Rückfrage zu Pass ${passport}`,
              text: [`Vor der Entscheidung über den Batteriepass ${passport} gibt es eine Frage an Sie.`],
            }),
      action: 'Die Anfragen öffnen',
    }),
  }),

  'passport.reader-invited': rule(PassportReaderInvited, mailOnly, {
    // Without a word that somebody else chose: anybody could have us send theirs to strangers.
    drafts: event => [
      {
        audience: { kind: 'address', address: event.email, locale: event.locale },
        facts: {},
        path: pathOf(event),
      },
    ],
    en: () => ({
      title: 'A battery passport was shared with you',
      text: [
        'Somebody shared the passport of a battery with this address. Register with it, or sign in, to read the passport.',
      ],
      action: 'Open the passport',
      note: 'If you do not expect this, ignore it.',
    }),
    de: () => ({
      title: 'Ein Batteriepass wurde mit Ihnen geteilt',
      text: [
        'Jemand hat den Pass einer Batterie mit dieser Adresse geteilt. ' +
          'Registrieren Sie sich mit ihr, oder melden Sie sich an, um ihn zu lesen.',
      ],
      action: 'Den Pass öffnen',
      note: 'Wenn Sie das nicht erwarten, beachten Sie es nicht.',
    }),
  }),

  'passport.moved': rule(PassportMoved, inBulk(both), {
    drafts: event => [
      { audience: event.owner, facts: factsOf(event), path: pathOf(event) },
      { audience: event.formerOwner, facts: factsOf(event), path: pathOf(event) },
    ],
    en: ({ passport }) => ({
      title: `Passport ${passport} was moved`,
      text: [`The battery passport ${passport} and its documents belong to an organisation now.`],
      action: 'Open the passport',
    }),
    de: ({ passport }) => ({
      title: `Pass ${passport} ist umgezogen`,
      text: [`Der Batteriepass ${passport} und seine Dokumente gehören jetzt einer Organisation.`],
      action: 'Den Pass öffnen',
    }),
  }),
}
