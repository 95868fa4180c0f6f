import { CategoryCreated, CategoryDeleted, CategoryUpdated } from '#contracts/marketplace'
import type { Db } from '#kernel'
import type { MarketplaceHost } from '../host.ts'
import { treeOf, type Category, type Tree } from './tree.ts'

/** The tree of categories, in memory: every request asks for it, and it seldom changes. */
export interface Catalogue {
  tree(): Promise<Tree>
  /** After a change of our own. */
  forget(): void
}

export function openCatalogue(host: MarketplaceHost): Catalogue {
  let kept: Promise<Tree> | undefined
  let keptAt = 0
  const forget = (): void => void (kept = undefined)
  for (const event of [CategoryCreated, CategoryUpdated, CategoryDeleted]) host.watch(event, forget)
  return {
    forget,
    tree() {
      // A change that another process made is heard of a moment later, or not at all when a connection broke.
      if (kept && Date.now() - keptAt < 60_000) return kept
      keptAt = Date.now()
      const reading = readCategories(host.db).then(treeOf)
      kept = reading
      reading.catch(forget)
      return reading
    },
  }
}

export const readCategories = (db: Db): Promise<Category[]> =>
  db<Category[]>`
  select id, parent_id as "parentId", path, slug, names, attributes, position, version
  from categories order by cardinality(path), position, slug`.then(rows => [...rows])
