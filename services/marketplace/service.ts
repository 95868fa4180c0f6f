import {
  CategoryCreated,
  CategoryDeleted,
  CategoryUpdated,
  ProductApproved,
  ProductCreated,
  ProductDeleted,
  ProductRejected,
  ProductUpdated,
  ReviewAdded,
  ReviewRemoved,
  StockSet,
  TaxClassChanged,
} from '#contracts/marketplace'
import { imports } from '#imports/imports'
import { defineService } from '#kernel'
import { answers } from './answers.ts'
import { batteryReactions } from './batteries/reactions.ts'
import { openCatalogue } from './categories/catalogue.ts'
import { refiling } from './categories/refile.ts'
import { categoryRoutes } from './categories/routes.ts'
import { needs, settings } from './host.ts'
import { forgetWhoLeaves } from './leaving.ts'
import { shopPages } from './pages/pages.ts'
import { personal } from './personal.ts'
import { pictureJobs, pictureRoutes } from './pictures/pictures.ts'
import { problems } from './problems.ts'
import { productRoutes } from './products/routes.ts'
import { reviewRoutes } from './reviews/routes.ts'
import { openShop, searchRoutes } from './search/routes.ts'
import { stockReactions } from './stock/reactions.ts'
import { stockRoutes } from './stock/routes.ts'
import { followVendors } from './suspending.ts'
import { taxRoutes } from './taxes/routes.ts'
import { transferRoutes } from './transfer/transfer.ts'

/** The catalogue of the market: what vendors sell, how it is found, and what buyers say of it. */
export const marketplace = defineService({
  name: 'marketplace',
  about: 'The catalogue of the market: products, categories, search, pictures and reviews.',
  problems,
  folder: import.meta.dirname,
  personal,
  includes: [imports],
  needs,
  settings,
  publishes: [
    ProductCreated,
    ProductUpdated,
    ProductDeleted,
    ProductApproved,
    ProductRejected,
    StockSet,
    CategoryCreated,
    CategoryUpdated,
    CategoryDeleted,
    TaxClassChanged,
    ReviewAdded,
    ReviewRemoved,
  ],
  start(host) {
    const workshop = { host, catalogue: openCatalogue(host), ...pictureJobs(host) }
    const shop = openShop(workshop)
    searchRoutes(workshop, shop)
    productRoutes(workshop)
    stockRoutes(workshop)
    categoryRoutes(workshop, refiling(workshop))
    taxRoutes(host)
    reviewRoutes(workshop)
    transferRoutes(workshop)
    pictureRoutes(host)
    shopPages(workshop, shop)
    stockReactions(workshop)
    batteryReactions(workshop)
    forgetWhoLeaves(workshop)
    followVendors(workshop)
    answers(host)
  },
})
