import { createHash } from 'node:crypto'
import { footOf, html, isKnown, lookOf, type Html, type Reply, type Request } from '#kernel'
import { isLanguage, languageAccepted, languages, type Language } from '#law'

const look = lookOf(`
dl { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0.25rem 1rem }
dt, dd, dd ul { margin: 0 }
dd { overflow-wrap: anywhere }
dd ul { padding-inline-start: 1rem }
.symbol { width: 2rem; vertical-align: middle; margin-inline-end: 0.5rem }
body > nav { max-width: 34rem; margin: 0 auto; padding: 0 1.25rem 3rem }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1rem; list-style: none; padding: 0 }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr } dd { margin-bottom: 0.5rem } }
@media print { nav { display: none } }
`)

/** The language that is asked for, else the first that the browser takes, else English. */
export const languageFor = (wanted: string | undefined, { headers }: Pick<Request, 'headers'>): Language => {
  const base = (wanted ?? '').toLowerCase().split('-')[0]!
  return isLanguage(base) ? base : (languageAccepted(headers['accept-language']) ?? 'en')
}

/** A public page: no script, no cookie, one origin; with the way to it in each language. */
export function send(
  request: Pick<Request, 'headers'>,
  reply: Reply,
  status: number,
  language: Language,
  title: string,
  body: Html,
): Reply {
  const notice = reply.server.notice(language)
  // Of what whoever runs the platform has to tell there are pages in two languages.
  const told = language === 'de' ? 'de' : 'en'
  const { base, doors } = reply.server
  const below = doors.map(door => ({ ...door, to: base + door.to }))
  const page = html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        ${look.element}
      </head>
      <body>
        <main>
          ${notice && html`<p role="status">${notice}</p>`}
          <h1>${title}</h1>
          ${body}
        </main>
        <nav>
          <ul>
            ${Object.entries(languages).map(
              ([tag, name]) => html`<li><a href="${`?lang=${tag}`}" hreflang="${tag}" lang="${tag}">${name}</a></li>`,
            )}
          </ul>
        </nav>
        <div lang="${told}">${footOf(told, below)}</div>
      </body>
    </html>`.toString()
  reply.headers({
    'content-language': language,
    'content-security-policy': look.policy,
    'referrer-policy': 'no-referrer',
  })
  return sendTagged(request, reply, status, 'text/html; charset=utf-8', page)
}

/** For everybody alike, with a tag that only what is public moves. */
export function sendTagged(
  request: Pick<Request, 'headers'>,
  reply: Reply,
  status: number,
  type: string,
  text: string,
): Reply {
  const tag = tagOf(text)
  reply.headers(keeping(tag, status))
  if (status === 200 && isKnown(request, tag)) return reply.code(304).send()
  return reply
    .code(status)
    .type(type)
    .serializer((payload: unknown) => payload as string)
    .send(text)
}

/** The same of what takes long to make of what it tells: it is made for who has not got it. */
export async function sendMade(
  request: Pick<Request, 'headers'>,
  reply: Reply,
  type: string,
  told: string,
  make: () => Promise<Buffer>,
): Promise<Reply> {
  const tag = tagOf(`${type} ${told}`)
  if (isKnown(request, tag)) return reply.headers(keeping(tag, 200)).code(304).send()
  const made = await make()
  return reply.headers(keeping(tag, 200)).type(type).send(made)
}

const tagOf = (text: string): string => `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`

const keeping = (etag: string, status: number) => ({
  etag,
  vary: 'accept, accept-language',
  'cache-control': status === 200 ? 'public, max-age=60' : 'no-cache',
})
