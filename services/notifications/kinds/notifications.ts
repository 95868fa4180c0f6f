import { WebhookDisabled } from '#contracts/notifications'
import { both, rule, type Audience } from './kind.ts'

export const notifications = {
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
