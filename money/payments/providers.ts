import Type from 'typebox'
import { Problem, Setting, StartError } from '#kernel'
import type { PaymentProvider } from './provider.ts'
import { razorpayProvider } from './razorpay.ts'
import { stripeProvider } from './stripe.ts'

const address = { pattern: '^https?://[^/]+$', form: 'an address like https://api.example.com, without a path' }

/** Settings of payments, for `settings` of the including service. */
export const paymentSettings = {
  STRIPE_SECRET_KEY: Type.Optional(
    Setting.secret('Secret key of Stripe (sk_test_… or sk_live_…); payments go through it.'),
  ),
  STRIPE_PUBLISHABLE_KEY: Type.Optional(Setting.text('Publishable key of Stripe, for the payment page and for apps.')),
  STRIPE_WEBHOOK_SECRET: Type.Optional(
    Setting.secret('Signing secret of the webhook at Stripe (whsec_…); several, with commas, while one is rolled.'),
  ),
  STRIPE_API_URL: Type.Optional(Setting.text('Another address for the API of Stripe, for tests.', address)),
  RAZORPAY_KEY_ID: Type.Optional(
    Setting.text('Key id of Razorpay (rzp_test_… or rzp_live_…); payments in INR go through it.'),
  ),
  RAZORPAY_KEY_SECRET: Type.Optional(Setting.secret('Secret of that key.')),
  RAZORPAY_WEBHOOK_SECRET: Type.Optional(
    Setting.secret('Secret of the webhook at Razorpay; several, with commas, while one is changed.'),
  ),
  RAZORPAY_API_URL: Type.Optional(Setting.text('Another address for the API of Razorpay, for tests.', address)),
}

export type PaymentSettings = { readonly [Name in keyof typeof paymentSettings]?: string }

/** Those who take payments here. */
export interface Providers {
  /** Fails with `payment_provider_unknown`. */
  named(name: string): PaymentProvider
  /** Who takes a currency. Fails with `payments_unavailable` where nobody does. */
  fit(currency: string): PaymentProvider
}

/** Those that the settings name; where they name none, and there is play money, that. */
export function openProviders(settings: PaymentSettings, now: () => Date, play?: () => PaymentProvider): Providers {
  const { STRIPE_SECRET_KEY: secretKey, RAZORPAY_KEY_ID: keyId, RAZORPAY_KEY_SECRET: keySecret } = settings
  if ((keyId === undefined) !== (keySecret === undefined))
    throw new StartError('RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET go together: set both.')
  const stripe =
    secretKey === undefined
      ? undefined
      : stripeProvider({
          secretKey,
          publishableKey: settings.STRIPE_PUBLISHABLE_KEY,
          webhookSecrets: secretsIn(settings, 'STRIPE_WEBHOOK_SECRET'),
          apiUrl: settings.STRIPE_API_URL,
          now,
        })
  const razorpay =
    keyId === undefined
      ? undefined
      : razorpayProvider({
          keyId,
          keySecret: keySecret!,
          webhookSecrets: secretsIn(settings, 'RAZORPAY_WEBHOOK_SECRET'),
          apiUrl: settings.RAZORPAY_API_URL,
        })
  const playing = stripe || razorpay ? undefined : play
  let opened: PaymentProvider | undefined
  const openPlay = () => (opened ??= playing?.())
  return {
    named(name) {
      const found =
        name === 'stripe' ? stripe : name === 'razorpay' ? razorpay : name === 'play' ? openPlay() : undefined
      if (!found) throw new Problem('not_found', 'payment_provider_unknown', { detail: `${name} is not set up here.` })
      return found
    },
    fit(currency) {
      const found = (currency === 'INR' ? (razorpay ?? stripe) : (stripe ?? razorpay)) ?? openPlay()
      if (!found) throw new Problem('unavailable', 'payments_unavailable')
      return found
    },
  }
}

/** Whether money moves where somebody pays: with keys for trying out and with play money it does not. */
export function paymentsGo(
  { STRIPE_SECRET_KEY: stripe, RAZORPAY_KEY_ID: razorpay }: PaymentSettings,
  mode: 'evaluation' | 'production',
): 'real' | 'test' | 'play' | 'none' {
  const keys = [stripe, razorpay].filter(key => key !== undefined)
  if (keys.length === 0) return mode === 'evaluation' ? 'play' : 'none'
  return keys.every(key => /^(?:[rs]k|rzp)_test_/.test(key)) ? 'test' : 'real'
}

/** Without them nobody could tell a provider's word from anybody's. */
function secretsIn(settings: PaymentSettings, name: 'STRIPE_WEBHOOK_SECRET' | 'RAZORPAY_WEBHOOK_SECRET'): string[] {
  const secrets = (settings[name] ?? '').split(',').map(text => text.trim())
  if (!secrets.some(Boolean))
    throw new StartError(`${name} is missing: what the provider tells us of payments cannot be believed without it.`)
  return secrets.filter(Boolean)
}
