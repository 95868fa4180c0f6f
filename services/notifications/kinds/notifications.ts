import { EmailCheckAsked, EmailClosed, WebhookDisabled } from '#contracts/notifications'
import { both, mailOnly, rule, unlessUnknown, type Audience, type Policy } from './kind.ts'
import { getPerson } from '#contracts/identity'
import { reopenLink } from '../mailing/links.ts'

const noMail: Policy = { email: false, inApp: true, fixed: true }

export const notifications = {
  'email.closed': rule(EmailClosed, noMail, {
    drafts: ({ userId, because }) => [{ audience: { kind: 'person', id: userId }, facts: { closedBecause: because } }],
    en: ({ closedBecause }) => ({
      title: 'No news is mailed to you any more',
      text: [
        {
          bounced: 'Mail to your address came back: the server says that there is nobody by that name.',
          complained: 'Your mail provider told us that you called our mail unwanted.',
          unsubscribed: 'You told your mail provider that you want no more of our mail.',
        }[closedBecause],
        'Give another address, or confirm yours, to get mail again. What you are told stands here meanwhile.',
      ],
    }),
    de: ({ closedBecause }) => ({
      title: 'Ihnen wird keine Post mehr geschickt',
      text: [
        {
          bounced: 'Post an Ihre Adresse kam zurück: Der Server kennt dort niemanden.',
          complained: 'Ihr Mailanbieter hat uns mitgeteilt, dass Sie unsere Post als unerwünscht gemeldet haben.',
          unsubscribed: 'Sie haben Ihrem Mailanbieter gesagt, dass Sie keine Post mehr von uns möchten.',
        }[closedBecause],
        'Geben Sie eine andere Adresse an oder bestätigen Sie Ihre, um wieder Post zu bekommen. Bis dahin steht alles hier.',
      ],
    }),
  }),

  'email.check-asked': rule(
    EmailCheckAsked,
    { ...mailOnly, urgency: 'urgent' },
    {
      drafts: ({ userId }) => [{ audience: { kind: 'person', id: userId }, facts: { userId } }],
      async secret(host, { userId }) {
        const person = await unlessUnknown('user_unknown', host.ask(getPerson, { userId }))
        return person && { link: reopenLink(host, userId, person.email) }
      },
      en: () => ({
        title: 'Confirm that mail reaches you',
        text: ['You asked to get mail at this address again. Follow the link within three days to confirm it.'],
        action: 'Get mail again',
        note: 'If it was not you, there is nothing to do.',
      }),
      de: () => ({
        title: 'Bestätigen Sie, dass Post Sie erreicht',
        text: [
          'Sie möchten an diese Adresse wieder Post bekommen. Folgen Sie dem Link innerhalb von drei Tagen, um das zu bestätigen.',
        ],
        action: 'Wieder Post bekommen',
        note: 'Wenn Sie das nicht waren, ist nichts zu tun.',
      }),
    },
  ),

  'webhook.disabled': rule(WebhookDisabled, both, {
    drafts: ({ owner, host, because }) => [{ audience: owner as Audience, facts: { host, because } }],
    en: ({ host, because }) => ({
      title: `The webhook at ${host} is switched off`,
      text: [
        because === 'gone'
          ? `${host} answered that nobody is there any more (410), so nothing is sent there.`
          : `Nothing has arrived at ${host} for three days, so nothing is sent there any more.`,
        'Switch it on again when it is mended, and have sent anew what it missed.',
      ],
    }),
    de: ({ host, because }) => ({
      title: `Der Webhook bei ${host} ist abgeschaltet`,
      text: [
        because === 'gone'
          ? `${host} hat geantwortet, dass dort niemand mehr ist (410); es wird nichts mehr dorthin gesendet.`
          : `Seit drei Tagen ist bei ${host} nichts angekommen; es wird nichts mehr dorthin gesendet.`,
        'Schalten Sie ihn wieder ein, wenn er geht, und lassen Sie ihm nachsenden, was er versäumt hat.',
      ],
    }),
  }),
}
