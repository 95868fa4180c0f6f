import Type from 'typebox'
import { listSwitches } from '#contracts/admin'
import { getCart } from '#contracts/cart'
import { getDocumentFile } from '#contracts/documents'
import {
  BatterySold,
  GoodsHandedOver,
  GuestOrdered,
  OrderCancelled,
  OrderCompleted,
  OrderCreated,
  OrderDelivered,
  OrderDisputed,
  OrderInvoiced,
  OrderRefunded,
  OrderShipped,
  PartDelivered,
  PaymentFailed,
  PaymentSucceeded,
  RefundFailed,
  ReturnDecided,
  ReturnReceived,
  ReturnRequested,
  WithdrawalDeclared,
  StockChanged,
} from '#contracts/orders'
import { getAddresses } from '#contracts/users'
import { Setting, type Host } from '#kernel'
import { paymentSettings } from '#money/payments'
import { shopSettings } from '#shop/frame'

export const settings = Type.Object({
  ORDERS_HOLD: Setting.duration('How long pieces are held for an order that nobody has paid.', { default: '30m' }),
  ORDERS_RETURN_DAYS: Setting.integer('So many days after it arrived a buyer may change their mind and give it back.', {
    default: 14,
    minimum: 0,
    maximum: 3_650,
  }),
  ORDERS_WARRANTY_DAYS: Setting.integer('So many days after it arrived what is broken or wrong may be given back.', {
    default: 730,
    minimum: 0,
    maximum: 3_650,
  }),
  ...paymentSettings,
  ...shopSettings,
})

type Asked = typeof getCart | typeof getDocumentFile | typeof getAddresses | typeof listSwitches

/** What is in carts, and the files of downloads. */
export const needs: readonly Asked[] = [getCart, getDocumentFile]

/** Where somebody who is signed in has things sent, as far as that is kept, and whether buying is switched on. */
export const asksLater: readonly Asked[] = [getAddresses, listSwitches]

/** What this service has of the world. */
export type OrdersHost = Host<'orders', Asked, typeof settings>

/** What happens to orders, and to what there is of things. */
export const publishes = [
  OrderCreated,
  GuestOrdered,
  PaymentSucceeded,
  PaymentFailed,
  OrderCancelled,
  OrderCompleted,
  OrderRefunded,
  RefundFailed,
  OrderDisputed,
  OrderShipped,
  OrderDelivered,
  PartDelivered,
  GoodsHandedOver,
  BatterySold,
  OrderInvoiced,
  ReturnRequested,
  WithdrawalDeclared,
  ReturnDecided,
  ReturnReceived,
  StockChanged,
] as const
