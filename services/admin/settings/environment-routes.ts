import Type from 'typebox'
import { withRole } from '#kernel'
import type { AdminHost } from '../host.ts'

const SettingShown = Type.Object(
  {
    name: Type.String({ examples: ['SMTP_HOST'] }),
    of: Type.Array(Type.String({ examples: ['platform'] }), {
      description: '`platform`, or the services that read it',
    }),
    description: Type.String({ examples: ['The mail server that takes outgoing mail'] }),
    secret: Type.Boolean(),
    from: Type.Enum(['environment', 'file', 'default', 'nowhere'], {
      description: '`file` is `.env`; `nowhere` where nothing says it and nothing holds without it',
      examples: ['environment'],
    }),
    value: Type.Union([Type.String({ examples: ['mail.example.com'] }), Type.Null()], {
      description: 'As it is written; null of secrets, and where there is none',
    }),
  },
  { title: 'EnvironmentSetting' },
)

/** What the platform was started with: changed where it is started, and seen here. */
export function environmentRoute({ http, platform }: AdminHost): void {
  http.get(
    '/environment',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'What the platform runs with, and where each setting comes from',
        description:
          'Of the process that answers: of services that run elsewhere only their addresses. Secrets are shown to nobody, ' +
          'nor what addresses say for who signs in.',
        response: { 200: Type.Object({ items: Type.Array(SettingShown) }, { title: 'EnvironmentSettings' }) },
      },
    },
    async (_, reply) => {
      reply.header('cache-control', 'private, no-store')
      return { items: [...platform.shown()] }
    },
  )
}
