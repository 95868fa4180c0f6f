import { importProblems } from '#imports/imports'
import type { Problems } from '#kernel'

/** What the marketplace refuses with. */
export const problems = {
  ...importProblems,
  product_unknown: ['not_found', 'There is no such product, or it is not for who asks.'],
  product_incomplete: ['unprocessable', 'What a product has to say before it is sold is missing.'],
  product_variants: [
    'unprocessable',
    'The product has variants: what is said of it as a whole is said of each of them.',
  ],
  product_state: ['conflict', 'The product is in a state from which this does not go.'],
  approval_required: ['forbidden', 'An admin approves products, rejects them, and says which are featured.'],
  price_invalid: ['unprocessable', 'A price is wrong: its currency, or what is asked in a sale.'],
  slug_taken: ['conflict', 'Another product or category has this name in its address.'],
  sku_taken: ['conflict', 'Another product of the vendor has a variant of this SKU.'],
  reference_taken: ['conflict', 'Another product of the vendor has this reference.'],
  variant_unknown: ['not_found', 'The product has no such variant.'],
  attribute_invalid: ['unprocessable', 'An attribute is none of the category, or not of its type.'],
  category_unknown: ['unprocessable', 'There is no such category.'],
  category_gone: ['not_found', 'There is no such category.'],
  category_used: ['conflict', 'The category has products, or categories below it.'],
  category_place: ['unprocessable', 'A category stands neither below itself nor more than eight deep.'],
  tax_class_unknown: ['unprocessable', 'There is no such tax class.'],
  delivery_invalid: [
    'unprocessable',
    'What is digital is handed over by a licence or a download, and nothing else is.',
  ],
  passport_unfit: ['unprocessable', 'A battery is sold with its published passport, by who is responsible for it.'],
  passport_listed: ['conflict', 'The battery of this passport is listed already.'],
  battery_single: ['unprocessable', 'A battery is one piece, with one variant.'],
  stock_uncounted: ['conflict', 'Pieces of this variant are not counted.'],
  review_unknown: ['not_found', 'There is no such review, or it is not for who asks.'],
  review_exists: ['conflict', 'You have reviewed this product already.'],
  review_not_received: ['forbidden', 'Who has received a product reviews it.'],
  synonyms_unknown: ['not_found', 'There are no such synonyms.'],
  picture_unknown: ['not_found', 'There is no such picture.'],
} satisfies Problems
