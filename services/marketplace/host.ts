import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { getPassportFacts } from '#contracts/passports'
import { Setting, type Host } from '#kernel'
import { shopSettings } from '#shop/frame'

export const settings = Type.Object({
  ...shopSettings,
  SHOP_CURRENCY: Setting.text('The currency in which prices are shown where nobody asks for another (ISO 4217).', {
    default: 'EUR',
    pattern: '^[A-Z]{3}$',
    form: 'like EUR',
  }),
  SHOP_APPROVAL: Setting.text(
    'Which products of vendors an admin has to approve: new ones, those whose words or pictures change too, or none.',
    { default: 'new', pattern: '^(new|changes|none)$', form: 'one of new, changes, none' },
  ),
  SHOP_POPULAR_FROM: Setting.integer('From how many sold pieces on a product is popular.', {
    default: 10,
    minimum: 1,
    maximum: 1_000_000,
  }),
  PICTURE_MAX_BYTES: Setting.bytes('Largest file that a picture of a product is made of.', { default: '20 MB' }),
})

/** Where files of pictures lie, and what everybody may know of a battery. */
export const needs = [getDocumentFile, getPassportFacts] as const

/** What this service has of the world. */
export type MarketplaceHost = Host<'marketplace', (typeof needs)[number], typeof settings>
