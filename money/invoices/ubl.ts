import { decimalOf, exact } from '../amount.ts'
import { netUnitPrice, type Category, type Reason } from '../tax.ts'
import { decimalText, isOfNorm, schemeOf, type Scheme } from './content.ts'
import type { InvoiceContent, InvoiceLine, InvoiceTax, Party, Payment } from './invoice.ts'
import { paymentOf, wordsOf } from './words.ts'
import { documentOf, element as e, withAttributes, type Element } from './xml.ts'

/** UNCL 4461. */
const means: Record<Payment['means'], string> = { wallet: '68', card: '48', transfer: '30', 'direct-debit': '59' }

/** Codes of the CEF list; for the others there is none, and words do. */
const exemptions: Partial<Record<Reason, string>> = {
  'reverse-charge': 'VATEX-EU-AE',
  'within-union': 'VATEX-EU-IC',
  export: 'VATEX-EU-G',
  'out-of-scope': 'VATEX-EU-O',
}

/**
 * UBL 2.1 Invoice (380) or CreditNote (381), with what EN 16931 asks for; where the tax is no VAT, or the seller has no
 * number of it, it does not claim to be of that norm.
 */
export function ublOf(invoice: InvoiceContent): string {
  const isCredit = invoice.kind === 'credit-note'
  const scheme = schemeOf(invoice)
  const root = isCredit ? 'CreditNote' : 'Invoice'
  const money = amountIn(invoice.currency)
  const content = e(
    root,
    isOfNorm(invoice) && e('cbc:CustomizationID', 'urn:cen.eu:en16931:2017'),
    e('cbc:ID', invoice.number),
    e('cbc:IssueDate', invoice.issuedOn),
    !isCredit && e('cbc:DueDate', invoice.dueOn),
    e(`cbc:${root}TypeCode`, isCredit ? '381' : '380'),
    [invoice.reason, invoice.note].map(text => e('cbc:Note', text)),
    e('cbc:DocumentCurrencyCode', invoice.currency),
    e('cbc:BuyerReference', invoice.buyerReference),
    period(invoice.suppliedFrom, invoice.suppliedTo),
    e('cac:OrderReference', e('cbc:ID', invoice.orderReference)),
    invoice.credits &&
      e(
        'cac:BillingReference',
        e(
          'cac:InvoiceDocumentReference',
          e('cbc:ID', invoice.credits.number),
          e('cbc:IssueDate', invoice.credits.issuedOn),
        ),
      ),
    e('cac:AccountingSupplierParty', partyOf(invoice.seller, scheme, invoice)),
    e('cac:AccountingCustomerParty', partyOf(invoice.buyer, scheme, invoice)),
    deliveryOf(invoice),
    paymentMeans(invoice),
    e('cac:PaymentTerms', e('cbc:Note', paymentOf(invoice).join(' '))),
    e(
      'cac:TaxTotal',
      money('cbc:TaxAmount', invoice.taxMinor),
      invoice.taxes.map(tax => subtotal(tax, invoice, scheme)),
    ),
    e(
      'cac:LegalMonetaryTotal',
      money('cbc:LineExtensionAmount', invoice.netMinor),
      money('cbc:TaxExclusiveAmount', invoice.netMinor),
      money('cbc:TaxInclusiveAmount', invoice.grossMinor),
      invoice.prepaidMinor > 0n && money('cbc:PrepaidAmount', invoice.prepaidMinor),
      money('cbc:PayableAmount', invoice.grossMinor - invoice.prepaidMinor),
    ),
    invoice.lines.map(line => lineOf(line, invoice, scheme)),
  )
  const ubl = 'urn:oasis:names:specification:ubl:schema:xsd'
  return documentOf(
    withAttributes(content, {
      xmlns: `${ubl}:${root}-2`,
      'xmlns:cac': `${ubl}:CommonAggregateComponents-2`,
      'xmlns:cbc': `${ubl}:CommonBasicComponents-2`,
    })!,
  )
}

const amountIn =
  (currency: string) =>
  (name: string, minor: bigint): Element | undefined =>
    withAttributes(e(name, decimalOf({ minor, currency })), { currencyID: currency })

const period = (from: string | undefined, to: string | undefined) =>
  e('cac:InvoicePeriod', e('cbc:StartDate', from), e('cbc:EndDate', to))

function partyOf(party: Party, scheme: Scheme, invoice: InvoiceContent): Element | undefined {
  const isSeller = party === invoice.seller
  // EN 16931, BR-O-02: what is out of scope of VAT carries no number of it.
  const isOutside = invoice.taxes.some(({ category }) => category === 'O')
  const taxScheme = (id: string) => e('cac:TaxScheme', e('cbc:ID', id))
  const registered = (number: string | undefined, id: string) =>
    number !== undefined && e('cac:PartyTaxScheme', e('cbc:CompanyID', number), taxScheme(id))
  return e(
    'cac:Party',
    party.id !== undefined && e('cac:PartyIdentification', e('cbc:ID', party.id)),
    e(
      'cac:PostalAddress',
      e('cbc:StreetName', party.street),
      e('cbc:CityName', party.city),
      e('cbc:PostalZone', party.postalCode),
      e('cbc:CountrySubentity', party.region),
      e('cac:Country', e('cbc:IdentificationCode', party.country)),
    ),
    !isOutside && registered(party.taxId, scheme),
    isSeller && registered(party.taxNumber, 'FC'),
    e(
      'cac:PartyLegalEntity',
      e('cbc:RegistrationName', party.name),
      e('cbc:CompanyID', party.registration),
      isSeller && e('cbc:CompanyLegalForm', party.legalNote),
    ),
    e('cac:Contact', e('cbc:Telephone', party.phone), e('cbc:ElectronicMail', party.email)),
  )
}

/** Where goods went to, which an Intra-Community supply has to say. */
function deliveryOf(invoice: InvoiceContent): Element | undefined {
  const sent = invoice.lines.find(({ treatment }) => treatment.category === 'K')
  if (!sent) return undefined
  const country = e('cac:Country', e('cbc:IdentificationCode', sent.treatment.place.country))
  return e(
    'cac:Delivery',
    e('cbc:ActualDeliveryDate', invoice.suppliedTo),
    e('cac:DeliveryLocation', e('cac:Address', country)),
  )
}

function paymentMeans({ payment, kind }: InvoiceContent): Element | undefined {
  if (!payment || kind === 'credit-note') return undefined
  // A transfer without an account is not one (BR-61).
  const code = payment.means === 'transfer' && !payment.iban ? '1' : means[payment.means]
  return e(
    'cac:PaymentMeans',
    e('cbc:PaymentMeansCode', code),
    e('cbc:PaymentID', payment.reference),
    payment.iban !== undefined &&
      e(
        'cac:PayeeFinancialAccount',
        e('cbc:ID', payment.iban.replaceAll(' ', '')),
        e('cac:FinancialInstitutionBranch', e('cbc:ID', payment.bic)),
      ),
  )
}

const categoryOf = (
  name: string,
  of: { category: Category; percent: string },
  scheme: Scheme,
  reasons: Element[] = [],
) =>
  e(
    name,
    e('cbc:ID', of.category),
    of.category !== 'O' && e('cbc:Percent', of.percent),
    reasons,
    e('cac:TaxScheme', e('cbc:ID', scheme)),
  )

function subtotal(tax: InvoiceTax, invoice: InvoiceContent, scheme: Scheme): Element | undefined {
  const money = amountIn(invoice.currency)
  const words = wordsOf(invoice.language)
  const code = tax.reasons.map(reason => exemptions[reason]).find(found => found !== undefined)
  const reasons = [
    e('cbc:TaxExemptionReasonCode', code),
    e('cbc:TaxExemptionReason', tax.reasons.map(reason => words.reasons[reason]).join(' ')),
  ].filter(reason => reason !== undefined)
  return e(
    'cac:TaxSubtotal',
    money('cbc:TaxableAmount', tax.netMinor),
    money('cbc:TaxAmount', tax.taxMinor),
    categoryOf('cac:TaxCategory', tax, scheme, reasons),
  )
}

function lineOf(line: InvoiceLine, invoice: InvoiceContent, scheme: Scheme): Element | undefined {
  const isCredit = invoice.kind === 'credit-note'
  const money = amountIn(invoice.currency)
  const { quantity, price } = netPrice(line, invoice)
  return e(
    isCredit ? 'cac:CreditNoteLine' : 'cac:InvoiceLine',
    e('cbc:ID', String(line.position)),
    withAttributes(e(isCredit ? 'cbc:CreditedQuantity' : 'cbc:InvoicedQuantity', quantity), { unitCode: line.unit }),
    money('cbc:LineExtensionAmount', line.netMinor),
    e('cbc:AccountingCost', line.costCentre),
    period(line.from, line.to),
    // What was sold, by its id (BT-128).
    line.item !== undefined && e('cac:DocumentReference', e('cbc:ID', line.item), e('cbc:DocumentTypeCode', '130')),
    e(
      'cac:Item',
      e('cbc:Description', line.description),
      e('cbc:Name', line.name),
      // By the Harmonised System, or a code of services that goes on from it (BT-158).
      e(
        'cac:CommodityClassification',
        withAttributes(e('cbc:ItemClassificationCode', line.commodityCode), { listID: 'HS' }),
      ),
      categoryOf('cac:ClassifiedTaxCategory', line.treatment, scheme),
    ),
    e('cac:Price', withAttributes(e('cbc:PriceAmount', price), { currencyID: invoice.currency })),
  )
}

/** Without tax, and never below zero (BR-27): of a discount the quantity is. */
function netPrice(line: InvoiceLine, { prices, currency }: InvoiceContent): { quantity: string; price: string } {
  const quantity = exact(line.quantity)
  const isNothing = quantity.equals(0)
  const price =
    prices === 'net' || isNothing
      ? exact(line.price).div(prices === 'net' ? 1 : exact(line.treatment.percent).div(100).add(1))
      : netUnitPrice(line, quantity, currency)
  return price.lt(0)
    ? { quantity: decimalText(quantity.neg()), price: decimalText(price.neg()) }
    : { quantity: decimalText(quantity), price: decimalText(price) }
}
