import Type from 'typebox'
import { Setting, type FrontHost } from '#kernel'

export const settings = Type.Object({
  GATEWAY_RATE_LIMIT: Setting.integer('Requests a minute and address that the gateway passes on to other processes.', {
    default: 3_000,
    minimum: 1,
  }),
})

export type GatewayHost = FrontHost<'gateway', typeof settings>
