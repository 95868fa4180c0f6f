import { createHmac } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { TermsAnswered } from '#contracts/identity'
import { fail, type Language, newId, Problem } from '#kernel'
import { lockUser } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { deviceOf } from '../sessions/devices.ts'
import { announceTo } from './announcing.ts'
import { answersOf, findTerms, insertAnswer, listAnnounced, listTerms, listWhole } from './store.ts'
import { holdingAt, isAgreed, isRequired, titlesOf, type Answered, type Terms, type TermsTexts } from './terms.ts'

/** What somebody says to one version. */
export interface Said {
  termsId: string
  agreed: boolean
}

/** How one stands to what holds. */
export interface Standing extends Terms {
  texts: TermsTexts
  titles: ReturnType<typeof titlesOf>
  open: boolean
  answered: Answered | undefined
}

/** What holds, and what people say to it. */
export function openAnswering({ host }: Identity) {
  const { db, now } = host
  const addressKey = host.secret('addresses of answers')

  return {
    /** How somebody stands to each that holds: what is needed first. */
    async standingOf(userId: string): Promise<Standing[]> {
      const ids = holdingAt(await listTerms(db), now()).map(({ id }) => id)
      if (ids.length === 0) return []
      const [terms, answers] = await Promise.all([listWhole(db, ids), answersOf(db, userId)])
      return terms
        .map(one => ({
          ...one,
          titles: titlesOf(one.texts),
          open: isRequired(one) && !isAgreed(one, answers),
          answered: answers.find(({ key }) => key === one.key),
        }))
        .toSorted((a, b) => Number(isRequired(b)) - Number(isRequired(a)))
    },

    /** What will hold, and needs an answer then. */
    async coming(): Promise<Standing[]> {
      const ids = (await listTerms(db)).filter(one => isRequired(one) && one.effectiveAt > now()).map(({ id }) => id)
      const terms = ids.length > 0 ? await listWhole(db, ids) : []
      return terms.map(one => ({ ...one, titles: titlesOf(one.texts), open: false, answered: undefined }))
    },

    /**
     * Writes down what somebody said, and tells of it where it is news. Fails with `terms_unknown`, `terms_not_held` for
     * what holds not yet or no more, and `terms_binding` for a no to what is no consent.
     */
    async answer(request: FastifyRequest, userId: string, locale: Language, all: readonly Said[]): Promise<void> {
      await db.transaction(async tx => {
        if (!(await lockUser(tx, userId, 'change'))) fail('unauthenticated', 'token_invalid')
        const held = new Set(holdingAt(await listTerms(tx), now()).map(({ id }) => id))
        const answers = await answersOf(tx, userId)
        for (const { termsId, agreed } of all) {
          const terms = (await findTerms(tx, termsId)) ?? fail('not_found', 'terms_unknown', { termsId })
          const { id, key, kind, version } = terms
          if (!agreed && isRequired(terms))
            throw new Problem('unprocessable', 'terms_binding', {
              detail: 'Only a consent can be taken back. Who does not agree can delete the account.',
              termsId,
            })
          // A no is good to any version: it is as easy as a yes was.
          if (agreed && !held.has(id))
            throw new Problem('conflict', 'terms_not_held', {
              detail: 'This version does not hold (any more): read the one that does.',
              termsId,
            })
          const former = answers.find(said => said.key === key)
          const isNews = agreed ? !isAgreed(terms, answers) : former?.answer === 'agreed'
          if (!isNews) continue
          const answer = agreed ? 'agreed' : 'withdrawn'
          await insertAnswer(tx, {
            id: newId(),
            userId,
            termsId: id,
            answer,
            locale: terms.texts[locale] ? locale : (Object.keys(terms.texts)[0] as Language),
            device: deviceOf(request.headers['user-agent']),
            addressHash: createHmac('sha256', addressKey).update(request.ip).digest(),
            createdAt: now(),
          })
          await tx.publish(TermsAnswered, { userId, termsId: id, key, kind, version, answer })
          // Who agrees for the first time was not there when others were told of the next version.
          if (isRequired(terms) && former?.answer !== 'agreed')
            for (const coming of await listAnnounced(tx, terms, userId, now())) await announceTo(tx, userId, coming)
        }
      })
    },
  }
}

export type Answering = ReturnType<typeof openAnswering>
