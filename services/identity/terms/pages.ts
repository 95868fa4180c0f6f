import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Id } from '#contracts/shared'
import { languageOf, shownAddress } from '#kernel'
import { openLeaving } from '../accounts/deletion.ts'
import { aboutOf, formPages } from '../entrance/form-pages.ts'
import { onTo, paths, pathTo } from '../entrance/paths.ts'
import { openVisitors, visitorOf } from '../entrance/visitors.ts'
import type { Identity } from '../identity.ts'
import { as } from '../sessions/sessions.ts'
import { openAnswering } from './answering.ts'
import { shownIn, termsViews } from './views.ts'

const viewsFor = (request: FastifyRequest) => termsViews(languageOf(request))

/** What one agrees to, and the way out for who does not; none needs a script. */
export function agreementPages(identity: Identity): void {
  const { host, sessions } = identity
  const visitors = openVisitors(identity)
  const { standingOf, coming, answer } = openAnswering(identity)
  const leave = openLeaving(identity)

  formPages(host.http, page => {
    page('/agree', {
      summary: 'The page of what one agrees to',
      body: Type.Object({
        agreed: Type.Optional(Type.Union([Id, Type.Array(Id, { maxItems: 50 })])),
        withdrawn: Type.Optional(Id),
      }),
      async show(request, reply, trouble) {
        const { to, done } = aboutOf(request)
        const holder = await visitors.holderOf(request)
        if (!holder) return onTo(reply, pathTo(paths.signIn, { return: pathTo(paths.agree, { return: to }) }))
        // Its link to one's data asks as whoever the access token names, which may have run out.
        await visitors.resume(reply, holder)
        const language = languageOf(request)
        const all = await shownIn(language, await standingOf(holder.user.id))
        const ahead = await shownIn(language, await coming())
        return viewsFor(request).agree(reply, { all, ahead }, to, done === 'saved', trouble)
      },
      async act(request, reply) {
        sessions.refuseForgery(request)
        const { to } = aboutOf(request)
        const holder = await visitors.holderOf(request)
        if (!holder) return onTo(reply, pathTo(paths.signIn, { return: paths.agree }))
        const { agreed = [], withdrawn } = request.body as { agreed?: string | string[]; withdrawn?: string }
        const { id } = holder.user
        const before = await standingOf(id)
        await as(holder.user, () =>
          answer(request, id, languageOf(request), [
            ...[agreed].flat().map(termsId => ({ termsId, agreed: true })),
            ...(withdrawn === undefined ? [] : [{ termsId: withdrawn, agreed: false }]),
          ]),
        )
        await visitors.resume(reply, holder)
        const after = await standingOf(id)
        const isThrough = before.some(({ open }) => open) && !after.some(({ open }) => open)
        return onTo(reply, isThrough && to ? to : pathTo(paths.agree, { return: to, done: 'saved' }))
      },
    })

    page('/leave', {
      summary: 'The page to delete the own account at',
      body: Type.Object({ password: Type.String({ maxLength: 1000 }), username: Type.Optional(Type.String()) }),
      async show(request, reply, trouble) {
        const holder = await visitors.holderOf(request)
        if (!holder)
          return aboutOf(request).done === 'gone'
            ? viewsFor(request).gone(reply)
            : onTo(reply, pathTo(paths.signIn, { return: paths.leave }))
        await visitors.resume(reply, holder)
        return viewsFor(request).leave(reply, shownAddress(holder.user.email), trouble)
      },
      async act(request, reply) {
        sessions.refuseForgery(request)
        const holder = await visitors.holderOf(request)
        if (!holder) return onTo(reply, pathTo(paths.signIn, { return: paths.leave }))
        const { password } = request.body as { password: string }
        await as(holder.user, () => leave(visitorOf(holder), password))
        sessions.clearCookies(reply)
        return onTo(reply, pathTo(paths.leave, { done: 'gone' }))
      },
    })
  })
}
