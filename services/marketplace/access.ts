import { authorise, fresh, mayRead, withRole, type Actor, type Request } from '#kernel'
import { isForSale, type Product } from './products/product.ts'

/** Who sells: vendors, and admins. */
export const vendors = withRole('vendor')
export const admins = withRole('admin')
/** For what moves money, decides about people or cannot be undone. */
export const freshAdmins = fresh(admins, '5 minutes')

/** The product for who may change it. Fails with `product_unknown`, `editor_required`. */
export function editableBy(actor: Actor, product: Product | undefined): Product {
  // What everybody sees is there for everybody, if only to read.
  if (product && isForSale(product))
    authorise(actor, 'write', { ...product, readers: [{ kind: 'person', id: actor.userId }] }, 'product_unknown')
  else authorise(actor, 'write', product, 'product_unknown')
  return product!
}

/** Whether somebody sees a product: everybody what is for sale, its owner and admins all else. */
export const isSeenBy = ({ visitor }: Pick<Request, 'visitor'>, product: Product): boolean =>
  isForSale(product) || (visitor !== undefined && mayRead(visitor, product))
