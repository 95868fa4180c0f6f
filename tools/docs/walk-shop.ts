import { importSteps, type Chapter } from './steps.ts'
import { buying } from './walk-orders.ts'
import { vendors } from './walk-vendors.ts'

/** A product on its way through a shop. */
const shop: Chapter = {
  name: 'A shop',
  steps: [
    {
      operation: 'postMarketplaceCategories',
      keep: { categoryId: 'id', categoryTag: 'ETag' },
    },
    { operation: 'putMarketplaceCategoriesById', with: { id: 'categoryId', 'If-Match': 'categoryTag' } },
    { operation: 'getMarketplaceCategories' },
    { operation: 'getMarketplaceTaxClasses' },
    { operation: 'putMarketplaceTaxClassesByCode' },
    {
      operation: 'postMarketplaceProducts',
      keep: { productId: 'id', productTag: 'ETag', variantId: 'variants.0.id' },
    },
    {
      operation: 'putMarketplaceProductsById',
      with: { id: 'productId', 'If-Match': 'productTag' },
      keep: { productTag: 'ETag' },
    },
    {
      operation: 'postMarketplaceProductsByIdVariantsByVariantIdStock',
      with: { id: 'productId', variantId: 'variantId' },
    },
    { operation: 'getMarketplaceListings' },
    { operation: 'postMarketplaceImport', keep: { importId: 'id' } },
    ...importSteps('MarketplaceImports', 'importId'),
    { operation: 'getMarketplaceExport' },
    {
      operation: 'postMarketplaceProductsByIdApprove',
      with: { id: 'productId', 'If-Match': 'productTag' },
      keep: { productTag: 'ETag' },
    },
    { operation: 'getMarketplaceProducts' },
    { operation: 'getMarketplaceSuggestions' },
    { operation: 'getMarketplaceProductsById', with: { id: 'productId' } },
    // Nobody has received it yet.
    { operation: 'postMarketplaceProductsByIdReviews', with: { id: 'productId' }, status: 403 },
    { operation: 'getMarketplaceProductsByIdReviews', with: { id: 'productId' } },
    { operation: 'getMarketplaceProductsByIdReviewsCount', with: { id: 'productId' } },
    { operation: 'getMarketplaceReviews' },
    { operation: 'getMarketplaceReviewsById', status: 404 },
    { operation: 'putMarketplaceReviewsByIdState', status: 404 },
    { operation: 'deleteMarketplaceReviewsById', status: 404 },
    { operation: 'postMarketplaceSynonyms', keep: { synonymsId: 'id' } },
    { operation: 'getMarketplaceSynonyms' },
    { operation: 'deleteMarketplaceSynonymsById', with: { id: 'synonymsId' } },
    {
      operation: 'postMarketplaceProductsByIdReject',
      with: { id: 'productId', 'If-Match': 'productTag' },
      keep: { productTag: 'ETag' },
    },
    { operation: 'getAdminProducts' },
    { operation: 'postAdminProductsByIdApprove', with: { id: 'productId' } },
    { operation: 'postAdminProductsByIdReject', with: { id: 'productId' }, keep: { productTag: 'ETag' } },
    { operation: 'deleteMarketplaceProductsById', with: { id: 'productId', 'If-Match': 'productTag' } },
    { operation: 'postVendorsProducts', keep: { offeredId: 'id', offeredTag: 'ETag' } },
    { operation: 'getVendorsProducts' },
    {
      operation: 'putVendorsProductsById',
      with: { id: 'offeredId', 'If-Match': 'offeredTag' },
      keep: { offeredTag: 'ETag' },
    },
    { operation: 'deleteVendorsProductsById', with: { id: 'offeredId', 'If-Match': 'offeredTag' } },
    { operation: 'deleteMarketplaceCategoriesById', with: { id: 'categoryId' } },
  ],
}

/** What is sold, and how it is bought. */
export const market: readonly Chapter[] = [shop, buying, vendors]
