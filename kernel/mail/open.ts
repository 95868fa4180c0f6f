import { access, constants, mkdir, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Static } from 'typebox'
import { Problem } from '../problem.ts'
import type { Mail, Post, Sender } from './mail.ts'
import type { settings as declared } from './settings.ts'

type MailSettings = Static<typeof declared>

/**
 * The mail of a platform. Without a way out every message is a file; with one only if `NOTIFICATION_LOG_PATH` asks for
 * it, as files hold codes.
 */
export function openMail({
  settings,
  dataFolder,
  publicUrl,
  patience = 30_000,
}: {
  settings: MailSettings
  dataFolder: string
  publicUrl: string
  /** How long the next hop may be silent, in milliseconds. */
  patience?: number
}): Mail {
  const from = { name: settings.FROM_NAME, address: settings.FROM_EMAIL ?? `no-reply@${new URL(publicUrl).hostname}` }
  const post = settings.ENABLE_EMAIL_NOTIFICATIONS ? postOf(settings, from, patience) : undefined
  const folder = settings.NOTIFICATION_LOG_PATH
    ? resolve(settings.NOTIFICATION_LOG_PATH)
    : post
      ? undefined
      : join(dataFolder, 'notifications')

  return {
    enabled: post !== undefined,
    wide: !post || Boolean(settings.SMTP_HOST && settings.SMTP_UTF8),
    folder,
    async send(message) {
      if (!post) throw new Error('no mail leaves this platform; ask `enabled` first')
      if (!oneAddress.test(message.to))
        throw new Problem('unprocessable', 'mail_refused', { detail: 'The recipient is not one e-mail address.' })
      // The same at every try: where a message goes out twice after all, who receives both can drop one.
      const messageId = `<${message.id}@${from.address.split('@')[1]}>`
      return await post.send(
        { ...message, subject: oneLine(message.subject), event: oneLine(message.event) },
        messageId,
      )
    },
    async record(channel, { id, createdAt, to, subject, text: body, event }) {
      if (!folder) return
      const name = `${createdAt.toISOString()}-${channel}-${id}.txt`
      const text = `To: ${oneLine(to)}\nSubject: ${oneLine(subject)}\nEvent: ${oneLine(event)}\n\n${body}`
      // Under a name of its own until it is whole; what a crash leaves there, the next try writes over.
      const draft = join(folder, `.${name}.part`)
      const write = () => writeFile(draft, text, { mode: 0o600, flush: channel === 'email' })
      await write().catch(async error => {
        if (error.code !== 'ENOENT') throw error
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await write()
      })
      // Who writes the same at the same time may have been quicker.
      await rename(draft, join(folder, name)).catch(error =>
        access(join(folder, name)).catch(() => Promise.reject(error)),
      )
    },
    async check() {
      await post?.check()
      if (!folder) return
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await access(folder, constants.W_OK)
    },
    close: () => post?.close(),
  }
}

function postOf(settings: MailSettings, from: Sender, patience: number): Post | undefined {
  const { SMTP_HOST: host, SENDGRID_API_KEY: key, SENDGRID_BASE_URL: url } = settings
  if (host)
    return later(async () =>
      (await import('./smtp.ts')).smtpPost({
        host,
        port: settings.SMTP_PORT,
        user: settings.SMTP_USER,
        pass: settings.SMTP_PASS,
        from,
        patience,
      }),
    )
  return key ? later(async () => (await import('./sendgrid.ts')).sendgridPost({ key, url, from, patience })) : undefined
}

/** A client is only loaded where it is used. */
function later(load: () => Promise<Post>): Post {
  let loading: Promise<Post> | undefined
  const loaded = () => (loading ??= load())
  return {
    send: async (message, messageId) => (await loaded()).send(message, messageId),
    check: async () => (await loaded()).check(),
    close: () =>
      void loading?.then(
        post => post.close(),
        () => {},
      ),
  }
}

/** Stricter than the standard: what could read as a list, a name or a command is no address. */
const oneAddress = /^[^\s@,;:<>()"\p{Cc}]+@[^\s@,;:<>()"\p{Cc}]+$/u

const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
