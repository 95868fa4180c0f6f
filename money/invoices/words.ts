import type { Reason } from '../tax.ts'
import type { InvoiceContent, Payment } from './invoice.ts'

/** What an invoice says beside its own texts. */
const en = {
  invoice: 'Invoice',
  creditNote: 'Credit note',
  issuedOn: 'Date of issue',
  supplied: 'Supplied',
  dueOn: 'Payable by',
  corrects: 'Takes back from',
  of: (number: string, day: string) => `invoice ${number} of ${day}`,
  reason: 'Reason',
  buyerReference: 'Your reference',
  orderReference: 'Your order',
  taxId: { VAT: 'VAT ID', GST: 'GSTIN', SALES: 'Tax ID' },
  taxNumber: 'Tax number',
  position: 'No.',
  description: 'Description',
  quantity: 'Quantity',
  priceNet: 'Price',
  priceGross: 'Price with tax',
  tax: 'Tax',
  net: 'Net',
  gross: 'Gross',
  costCentre: 'Cost centre',
  buyerTaxId: { VAT: 'Your VAT ID', GST: 'Your GSTIN', SALES: 'Your tax ID' },
  buyerRegistration: 'Your register number',
  on: (percent: string, net: string) => `${percent} on ${net}`,
  totalNet: 'Total without tax',
  totalGross: 'Total',
  prepaid: 'Already paid',
  payable: 'To be paid',
  credited: 'Credited',
  lines: 'What was supplied',
  totals: 'Totals',
  continued: 'continued',
  page: (page: number, pages: number) => `Page ${page} of ${pages}`,
  paidBy: {
    wallet: 'Paid from your balance.',
    card: 'Paid by card.',
    transfer: 'Paid by transfer.',
    'direct-debit': 'Paid by direct debit.',
  } satisfies Record<Payment['means'], string>,
  toPayBy: {
    wallet: 'It is taken from your balance.',
    card: 'It is taken from your card.',
    transfer: 'Please transfer it',
    'direct-debit': 'It is debited from your account.',
  } satisfies Record<Payment['means'], string>,
  account: (iban: string, bic?: string) => `to ${iban}${bic ? ` (BIC ${bic})` : ''}`,
  reference: (text: string) => `Reference: ${text}`,
  givenBack: 'The amount is given back the way it was paid, or counted against what is open.',
  placeOfSupply: 'Place of supply',
  commodityCode: 'HS code',
  attached: (norm: string) => `Attached is the same document for machines (${norm}).`,
  reasons: {
    'reverse-charge': 'Reverse charge: the tax is owed by the recipient.',
    'within-union': 'Intra-Community supply, exempt from tax.',
    export: 'Export, exempt from tax.',
    'out-of-scope': 'Not subject to tax.',
    'small-business': 'No tax is charged under the scheme for small businesses.',
    'not-taxed': 'Not subject to tax.',
  } satisfies Record<Reason, string>,
  units: { KWH: 'kWh', MIN: 'min', HUR: 'h', C62: '', H87: 'pcs', DAY: 'days', MON: 'months', KMT: 'km' },
}

export type Words = Omit<typeof en, 'units'> & { units: Record<string, string> }

const de: Words = {
  invoice: 'Rechnung',
  creditNote: 'Rechnungskorrektur',
  issuedOn: 'Rechnungsdatum',
  supplied: 'Leistungszeitraum',
  dueOn: 'Zahlbar bis',
  corrects: 'Korrigiert',
  of: (number, day) => `Rechnung ${number} vom ${day}`,
  reason: 'Grund',
  buyerReference: 'Ihr Zeichen',
  orderReference: 'Ihre Bestellung',
  taxId: { VAT: 'USt-IdNr.', GST: 'GSTIN', SALES: 'Steuer-Nr.' },
  taxNumber: 'Steuernummer',
  position: 'Pos.',
  description: 'Bezeichnung',
  quantity: 'Menge',
  priceNet: 'Preis',
  priceGross: 'Preis mit USt.',
  tax: 'USt.',
  net: 'Netto',
  gross: 'Brutto',
  costCentre: 'Kostenstelle',
  buyerTaxId: { VAT: 'Ihre USt-IdNr.', GST: 'Ihre GSTIN', SALES: 'Ihre Steuer-Nr.' },
  buyerRegistration: 'Ihre Registernummer',
  on: (percent, net) => `${percent} auf ${net}`,
  totalNet: 'Summe netto',
  totalGross: 'Gesamtbetrag',
  prepaid: 'Bereits gezahlt',
  payable: 'Zu zahlen',
  credited: 'Gutgeschrieben',
  lines: 'Leistungen',
  totals: 'Summen',
  continued: 'Fortsetzung',
  page: (page, pages) => `Seite ${page} von ${pages}`,
  paidBy: {
    wallet: 'Bezahlt aus Ihrem Guthaben.',
    card: 'Bezahlt mit Karte.',
    transfer: 'Bezahlt durch Überweisung.',
    'direct-debit': 'Bezahlt durch Lastschrift.',
  },
  toPayBy: {
    wallet: 'Der Betrag wird Ihrem Guthaben entnommen.',
    card: 'Der Betrag wird von Ihrer Karte eingezogen.',
    transfer: 'Bitte überweisen Sie den Betrag',
    'direct-debit': 'Der Betrag wird von Ihrem Konto abgebucht.',
  },
  account: (iban, bic) => `auf ${iban}${bic ? ` (BIC ${bic})` : ''}`,
  reference: text => `Verwendungszweck: ${text}`,
  givenBack: 'Der Betrag wird auf dem Weg der Zahlung erstattet oder mit Offenem verrechnet.',
  placeOfSupply: 'Leistungsort',
  commodityCode: 'Warennummer',
  attached: norm => `Angehängt ist dieselbe Rechnung für Maschinen (${norm}).`,
  reasons: {
    'reverse-charge': 'Steuerschuldnerschaft des Leistungsempfängers.',
    'within-union': 'Steuerfreie innergemeinschaftliche Lieferung.',
    export: 'Steuerfreie Ausfuhrlieferung.',
    'out-of-scope': 'Nicht steuerbar.',
    'small-business': 'Kein Ausweis von Umsatzsteuer, da Kleinunternehmer.',
    'not-taxed': 'Nicht steuerbar.',
  },
  units: { KWH: 'kWh', MIN: 'min', HUR: 'Std.', C62: '', H87: 'Stk.', DAY: 'Tage', MON: 'Monate', KMT: 'km' },
}

const all: Record<InvoiceContent['language'], Words> = { en, de }

export const wordsOf = (language: InvoiceContent['language']): Words => all[language]

/** How it is or is to be paid, in sentences. */
export function paymentOf(invoice: InvoiceContent): string[] {
  const words = wordsOf(invoice.language)
  const { payment, grossMinor, prepaidMinor } = invoice
  if (invoice.kind === 'credit-note') return [words.givenBack]
  if (!payment) return []
  const sentences = prepaidMinor > 0n ? [words.paidBy[payment.means]] : []
  if (grossMinor > prepaidMinor) {
    const account = payment.means === 'transfer' && payment.iban ? words.account(payment.iban, payment.bic) : ''
    sentences.push([words.toPayBy[payment.means], account].filter(Boolean).join(' ').replace(/\.?$/, '.'))
  }
  if (payment.reference) sentences.push(words.reference(payment.reference))
  return sentences
}
