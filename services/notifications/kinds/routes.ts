import { Locale } from '#contracts/shared'
import { anyone, languageOf } from '#kernel'
import Type from 'typebox'
import type { NotificationsHost } from '../host.ts'
import { choosableOn, kinds, rules, type Channel } from '../messages.ts'
import { names } from './names.ts'

const channels: Channel[] = ['email', 'inApp', 'push', 'sms']

const KindView = Type.Object(
  {
    kind: Type.Enum(kinds, { examples: ['passport.created'] }),
    name: Type.String({ examples: ['A passport was created'] }),
    service: Type.String({ description: 'What it comes from', examples: ['passports'] }),
    channels: Type.Array(Type.Enum(channels), {
      description: 'On which one chooses; codes, invitations and what is about one’s account come by mail in any case',
      examples: [channels],
    }),
  },
  { title: 'NotificationKind' },
)

/** What there is to choose from, in words. */
export function kindRoutes({ http }: NotificationsHost): void {
  http.get(
    '/kinds',
    {
      config: { access: anyone },
      schema: {
        summary: 'Every kind of message, as one chooses by it',
        querystring: Type.Object(
          { locale: Type.Optional({ ...Locale, description: 'That of the browser, unless it is said' }) },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ items: Type.Array(KindView) }, { title: 'NotificationKinds' }) },
      },
    },
    async request => {
      const locale = request.query.locale ?? languageOf(request)
      const items = kinds.map(kind => ({
        kind,
        name: names[kind][locale],
        service: rules[kind].event.owner,
        channels: channels.filter(channel => choosableOn(channel).includes(kind)),
      }))
      return { items }
    },
  )
}
