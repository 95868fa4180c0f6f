import type { Owner } from '#contracts/shared'
import { WishAvailable, WishCheaper, WishGone } from '#contracts/users'
import { shown } from '#money/amount'
import { both, inAppOnly, inBulk, rule, type Locale } from './kind.ts'

const languages: Record<Locale, string> = { en: 'en-GB', de: 'de-DE' }

const amountIn = (locale: Locale, minor: number, currency: string): string =>
  shown({ minor: BigInt(minor), currency }, languages[locale])

const person = (id: string): Owner => ({ kind: 'person', id })

export const users = {
  'wish.cheaper': rule(WishCheaper, inBulk(both), {
    drafts: ({ userId, productName, currency, priceMinor, formerMinor, slug }) => [
      {
        audience: person(userId),
        facts: { product: productName, currency, priceMinor, formerMinor },
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
      { audience: person(userId), facts: { product: productName }, path: shop(slug) },
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
    drafts: ({ userId, productName }) => [{ audience: person(userId), facts: { product: productName } }],
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
}

const shop = (slug: string): string => `/shop/p/${slug}`
