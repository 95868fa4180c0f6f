import Type from 'typebox'
import { SessionEnded, SessionStarted, SessionUpdated } from '#contracts/sessions'
import { anyone, Problem } from '#kernel'
import type { BillingHost } from '../host.ts'
import type { AdHoc } from './desk.ts'
import { findVisit } from './store.ts'
import { figuresOf, hasReceipt, toldOf } from './visit-page.ts'
import { mayBeVisit } from './visits.ts'

/** Puts what is told in the place of what the page said; where that is another page, it is loaded anew. */
const script = `
const { from, stage } = document.getElementById('live').dataset
const told = new EventSource(from)
told.addEventListener('charge', ({ data }) => {
  const { state, ...figures } = JSON.parse(data)
  if (state !== stage) {
    told.close()
    location.reload()
  }
  for (const [name, text] of Object.entries(figures)) {
    const place = document.getElementById(name)
    if (place && place.textContent !== text) place.textContent = text
  }
})
`

/** It is told no oftener than that, and as often even where the charger says nothing: time goes on. */
const stepMs = 2_000

export function liveRoutes(host: BillingHost, adHoc: AdHoc): void {
  const { site, db, now, watch } = host
  const due = new Set<string>()
  /** However many look at a visit, it is asked for once a step, and no more when nobody looks. */
  const again = (token: string): void => {
    if (due.has(token)) return
    due.add(token)
    setTimeout(() => {
      due.delete(token)
      live.wake(token)
    }, stepMs).unref()
  }

  site.get(
    '/charge/live.js',
    {
      config: { access: anyone },
      schema: { summary: 'Shows how charging of a stranger goes on', produces: ['text/javascript'], hide: true },
    },
    (_request, reply) => reply.type('text/javascript; charset=utf-8').header('cache-control', 'no-cache').send(script),
  )
  const live = site.stream(
    '/charge/visits/:key/live',
    {
      config: { access: anyone },
      schema: {
        summary: 'How charging of a stranger goes on, live',
        refuses: ['visit_unknown'],
        params: Type.Object({ key: Type.String({ pattern: '^[\\w-]{20,64}$', maxLength: 64 }) }),
        hide: true,
      },
    },
    async ({ params }) => {
      const found = await findVisit(db, params)
      if (!found) throw new Problem('not_found', 'visit_unknown')
      return {
        about: found.token,
        async newest() {
          // The page may be older than what was told since.
          setTimeout(() => live.wake(found.token), 0).unref()
          return 0
        },
        async after(seen) {
          const step = Math.floor(now().getTime() / stepMs)
          // What comes within a step is told with the next.
          again(found.token)
          if (Number(seen) >= step) return []
          const visit = (await findVisit(db, params))!
          const at = now()
          const progress = visit.state === 'charging' ? await adHoc.progress(visit, at) : undefined
          const receipt = visit.state === 'done' && (await hasReceipt(host, visit))
          const { stage: state } = toldOf(visit, progress?.endedAt ? 'ending' : visit.state, receipt)
          return [{ id: step, event: 'charge', data: { state, ...(progress && figuresOf(visit, progress, at)) } }]
        },
      }
    },
  )
  for (const event of [SessionStarted, SessionUpdated, SessionEnded])
    watch(event, ({ token }) => {
      if (mayBeVisit(token?.idToken)) live.wake(token!.idToken.toUpperCase())
    })
}
