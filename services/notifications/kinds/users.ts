import type { Owner } from '#contracts/shared'
import {
  SubscriptionCancelled,
  SubscriptionPaymentFailed,
  SubscriptionRenewalDue,
  WishAvailable,
  WishCheaper,
  WishGone,
} from '#contracts/users'
import { shown } from '#money/amount'
import { both, inAppOnly, inBulk, rule, type Locale } from './kind.ts'
import { timeIn, unlinked } from './wording.ts'

const languages: Record<Locale, string> = { en: 'en-GB', de: 'de-DE' }

const amountIn = (locale: Locale, minor: number, currency: string): string =>
  shown({ minor: BigInt(minor), currency }, languages[locale])

const person = (id: string): Owner => ({ kind: 'person', id })

export const users = {
  'wish.cheaper': rule(WishCheaper, inBulk(both), {
    drafts: ({ userId, productName, currency, priceMinor, formerMinor, slug }) => [
      {
        audience: person(userId),
        facts: { product: unlinked(productName), currency, priceMinor, formerMinor },
        path: shop(slug),
      },
    ],
    many: {
      en: count => `${count} products of your wish list are cheaper`,
      de: count => `${count} Produkte Ihrer Wunschliste sind günstiger`,
    },
    en: ({ product, currency, priceMinor, formerMinor }) => ({
      title: `${product} for ${amountIn('en', priceMinor, currency)}`,
      text: [
        `${product} costs ${amountIn('en', priceMinor, currency)} now. When you put it on your wish list it was ${amountIn('en', formerMinor, currency)}.`,
      ],
      action: 'Look at it',
    }),
    de: ({ product, currency, priceMinor, formerMinor }) => ({
      title: `${product} für ${amountIn('de', priceMinor, currency)}`,
      text: [
        `${product} kostet jetzt ${amountIn('de', priceMinor, currency)}. Als Sie es auf Ihre Wunschliste setzten, waren es ${amountIn('de', formerMinor, currency)}.`,
      ],
      action: 'Ansehen',
    }),
  }),

  'wish.available': rule(WishAvailable, inBulk(both), {
    drafts: ({ userId, productName, slug }) => [
      { audience: person(userId), facts: { product: unlinked(productName) }, path: shop(slug) },
    ],
    many: {
      en: count => `${count} products of your wish list are there again`,
      de: count => `${count} Produkte Ihrer Wunschliste sind wieder da`,
    },
    en: ({ product }) => ({
      title: `${product} is there again`,
      text: [`${product}, which is on your wish list, can be bought again.`],
      action: 'Look at it',
    }),
    de: ({ product }) => ({
      title: `${product} ist wieder da`,
      text: [`${product} von Ihrer Wunschliste ist wieder zu haben.`],
      action: 'Ansehen',
    }),
  }),

  'wish.gone': rule(WishGone, inBulk(inAppOnly), {
    drafts: ({ userId, productName }) => [{ audience: person(userId), facts: { product: unlinked(productName) } }],
    many: {
      en: count => `${count} products of your wish list are gone`,
      de: count => `${count} Produkte Ihrer Wunschliste gibt es nicht mehr`,
    },
    en: ({ product }) => ({
      title: `${product} is gone`,
      text: [`${product}, which is on your wish list, is no longer sold here.`],
    }),
    de: ({ product }) => ({
      title: `${product} gibt es nicht mehr`,
      text: [`${product} von Ihrer Wunschliste wird hier nicht mehr verkauft.`],
    }),
  }),

  'subscription.renewal-due': rule(SubscriptionRenewalDue, inBulk(both), {
    drafts: ({ userId, planName, dueMinor, currency, renewsAt }) => [
      { audience: person(userId), facts: { plan: unlinked(planName), dueMinor, currency, renewsAt } },
    ],
    many: {
      en: count => `${count} subscriptions are about to be charged`,
      de: count => `${count} Abonnements werden bald abgebucht`,
    },
    en: ({ plan, dueMinor, currency, renewsAt }) => ({
      title: `${plan}: ${amountIn('en', dueMinor, currency)} on ${timeIn('en', renewsAt)}`,
      text: [
        `Your subscription ${plan} goes on on ${timeIn('en', renewsAt)}, and ${amountIn('en', dueMinor, currency)} are charged. If you do not want that, cancel it before.`,
      ],
    }),
    de: ({ plan, dueMinor, currency, renewsAt }) => ({
      title: `${plan}: ${amountIn('de', dueMinor, currency)} am ${timeIn('de', renewsAt)}`,
      text: [
        `Ihr Abonnement ${plan} läuft am ${timeIn('de', renewsAt)} weiter, und ${amountIn('de', dueMinor, currency)} werden abgebucht. Wenn Sie das nicht möchten, kündigen Sie vorher.`,
      ],
    }),
  }),

  'subscription.payment-failed': rule(SubscriptionPaymentFailed, both, {
    drafts: ({ userId, planName, dueMinor, currency, nextTryAt }) => [
      { audience: person(userId), facts: { plan: unlinked(planName), dueMinor, currency, nextTryAt } },
    ],
    en: ({ plan, dueMinor, currency, nextTryAt }) => ({
      title: `${amountIn('en', dueMinor, currency)} for ${plan} could not be charged`,
      text: [
        `Your card was not accepted for your subscription ${plan}.`,
        nextTryAt === null
          ? 'It is not tried again.'
          : `It is tried again on ${timeIn('en', nextTryAt)}. You can also pay by yourself, with another card, at your subscriptions.`,
      ],
    }),
    de: ({ plan, dueMinor, currency, nextTryAt }) => ({
      title: `${amountIn('de', dueMinor, currency)} für ${plan} konnten nicht abgebucht werden`,
      text: [
        `Ihre Karte wurde für Ihr Abonnement ${plan} nicht angenommen.`,
        nextTryAt === null
          ? 'Es wird nicht noch einmal versucht.'
          : `Es wird am ${timeIn('de', nextTryAt)} noch einmal versucht. Sie können bei Ihren Abonnements auch selbst bezahlen, mit einer anderen Karte.`,
      ],
    }),
  }),

  'subscription.cancelled': rule(SubscriptionCancelled, both, {
    drafts: ({ userId, planName, reason }) =>
      reason === 'account-deleted' ? [] : [{ audience: person(userId), facts: { plan: unlinked(planName), reason } }],
    en: ({ plan, reason }) => ({
      title: `Your subscription ${plan} is over`,
      text: [
        reason === 'unpaid'
          ? `Your subscription ${plan} was not paid, and is over.`
          : reason === 'seller'
            ? `Your subscription ${plan} was cancelled by who sells it.`
            : `Your subscription ${plan} is over, as you wished. Nothing more is charged.`,
      ],
    }),
    de: ({ plan, reason }) => ({
      title: `Ihr Abonnement ${plan} ist beendet`,
      text: [
        reason === 'unpaid'
          ? `Ihr Abonnement ${plan} wurde nicht bezahlt und ist beendet.`
          : reason === 'seller'
            ? `Ihr Abonnement ${plan} wurde vom Anbieter gekündigt.`
            : `Ihr Abonnement ${plan} ist beendet, wie Sie es wünschten. Es wird nichts mehr abgebucht.`,
      ],
    }),
  }),
}

const shop = (slug: string): string => `/shop/p/${slug}`
