import { getReservationTerms, type TariffTerms } from '#contracts/billing'
import { exact, toWhole } from '#money/amount'
import { ofReservations } from '#money/tariff-price'
import type { Terms } from '#money/tariff-words'
import type { BillingHost } from '../host.ts'
import { agreedAt } from '../quotes/routes.ts'
import { findSeller, treatmentOf } from '../sellers/sellers.ts'

/** What a reservation costs; of who was quoted a price a moment ago that. */
export function answerReservations(host: BillingHost): void {
  const { db, now } = host
  host.answer(getReservationTerms, async ({ place, ...spot }) => {
    const at = now()
    const agreed = await agreedAt(db, spot, at)
    const terms = agreed && ofReservations(agreed.terms)
    if (!terms) return { terms: null }
    const seller = terms.taxIncluded ? undefined : await findSeller(db, spot.ownerId)
    const percent = seller ? treatmentOf(seller, null, { place, endedAt: at }).percent : '0'
    return { terms: withTax(terms, percent) }
  })
}

/** Fees of bookings are told with tax, as who books pays them. */
function withTax(terms: Terms, percent: string): TariffTerms {
  const elements = terms.elements.map(element => ({
    ...element,
    priceComponents: element.priceComponents.map(component => ({
      ...component,
      price: Number(percent) === 0 ? component.price : taxed(component.price, percent),
    })),
  }))
  return { ...terms, taxIncluded: true, elements } as TariffTerms
}

/** To the millionth, as prices are written. */
function taxed(price: string, percent: string): string {
  const millionths = toWhole(exact(price).mul(exact(percent).add(100)).mul(10_000))
  const text = String(millionths).padStart(7, '0')
  return `${text.slice(0, -6)}.${text.slice(-6)}`.replace(/\.?0+$/, '')
}
