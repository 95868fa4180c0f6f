import type { Category, Reason, Treatment } from '../tax.ts'

/** A seller or a buyer as they are, or were when the invoice was issued. */
export interface Party {
  /** Who they are here. */
  readonly id?: string | undefined
  /** In law (BT-27, BT-44). */
  readonly name: string
  readonly street?: string | undefined
  readonly postalCode?: string | undefined
  readonly city?: string | undefined
  /** State or province, where addresses have it. */
  readonly region?: string | undefined
  /** ISO 3166-1, two letters. */
  readonly country: string
  /** VAT id with its prefix, or GSTIN (BT-31, BT-48). A seller has this or the next; without, it is no EN 16931. */
  readonly taxId?: string | undefined
  /** Of the local tax office (BT-32). */
  readonly taxNumber?: string | undefined
  /** In a register of companies (BT-30, BT-47). */
  readonly registration?: string | undefined
  /** What the law wants to be on letters: who leads the company, its capital (BT-33). */
  readonly legalNote?: string | undefined
  readonly email?: string | undefined
  readonly phone?: string | undefined
}

export type InvoiceKind = 'invoice' | 'credit-note'

/** How it is or was paid. */
export interface Payment {
  readonly means: 'wallet' | 'card' | 'transfer' | 'direct-debit'
  /** Where a transfer goes to. */
  readonly iban?: string | undefined
  readonly bic?: string | undefined
  /** What the payer writes, or was given: a card's last digits, a mandate. */
  readonly reference?: string | undefined
}

export interface Terms {
  readonly payment?: Payment | undefined
  /** What the buyer wants to find on it: a cost object, a routing id of an authority (BT-10). */
  readonly buyerReference?: string | undefined
  /** The buyer's order (BT-13). */
  readonly orderReference?: string | undefined
  readonly note?: string | undefined
}

/** What a line is about, beside what it costs. */
export interface About {
  /** Id of what was sold in the words of the service: a session, an item of an order. */
  readonly item?: string | undefined
  /** Days, the first and the last. */
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** Where the buyer books it (BT-133). */
  readonly costCentre?: string | undefined
  /** HS, HSN or SAC, which some countries want of goods and services. */
  readonly commodityCode?: string | undefined
}

export interface DraftLine extends About {
  readonly name: string
  readonly description?: string | undefined
  /** Decimal text, as the price of one, which is in major units, without tax or with it as the draft says. */
  readonly quantity: string
  /** UN/ECE Recommendation 20: `KWH`, `MIN`, `HUR`, `C62` for one of something. */
  readonly unit: string
  /** Below zero for a discount. */
  readonly price: string
  readonly treatment: Treatment
}

/** What is to be billed. */
export interface InvoiceDraft extends Terms {
  /** Id of what it is for, at most 200 characters: the same cause gives the same invoice. */
  readonly cause: string
  readonly seller: Party & { readonly id: string }
  readonly buyer: Party
  readonly currency: string
  readonly language: 'en' | 'de'
  readonly prices: 'net' | 'gross'
  readonly rounding: 'line' | 'document'
  /** When it is issued, and where the seller's days begin: they give the date and the year of the number. */
  readonly at: Date
  readonly timeZone: string
  /** First and last day of what was supplied. */
  readonly suppliedFrom: string
  readonly suppliedTo: string
  /** Days until it is due; where nothing is said, it is due at once. */
  readonly dueInDays?: number | undefined
  /** What was paid before it was issued. */
  readonly prepaidMinor?: bigint | undefined
  /** What numbers begin with, from the first of a year on: `INV`. */
  readonly prefix?: string | undefined
  readonly lines: readonly DraftLine[]
}

export interface InvoiceLine extends About {
  readonly position: number
  readonly name: string
  readonly description?: string | undefined
  readonly quantity: string
  readonly unit: string
  readonly price: string
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly grossMinor: bigint
  readonly treatment: Treatment
  /** The line it takes from, in a credit note. */
  readonly credits?: number | undefined
}

export interface InvoiceTax {
  readonly category: Category
  readonly percent: string
  readonly reasons: readonly Reason[]
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly parts: readonly { readonly name: string; readonly percent: string; readonly taxMinor: bigint }[]
}

/** What an invoice or a credit note says for ever; amounts of a credit note are above zero too. Days are `2027-01-31`. */
export interface InvoiceContent extends Terms {
  readonly id: string
  readonly cause: string
  readonly kind: InvoiceKind
  readonly number: string
  readonly issuedOn: string
  readonly issuedAt: Date
  readonly seller: Party & { readonly id: string }
  readonly buyer: Party
  readonly currency: string
  readonly language: 'en' | 'de'
  readonly prices: 'net' | 'gross'
  readonly suppliedFrom: string
  readonly suppliedTo: string
  readonly dueOn?: string | undefined
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly grossMinor: bigint
  readonly prepaidMinor: bigint
  /** What a credit note takes from, and why. */
  readonly credits?: { readonly id: string; readonly number: string; readonly issuedOn: string } | undefined
  readonly reason?: string | undefined
  readonly lines: readonly InvoiceLine[]
  readonly taxes: readonly InvoiceTax[]
}

/** What has become of it. */
export interface InvoiceState {
  readonly dueOn?: string | undefined
  readonly paidMinor: bigint
  readonly creditedMinor: bigint
  /** `credited` where nothing is left to pay because all was taken back. */
  readonly state: 'open' | 'paid' | 'credited'
}

export type Invoice = InvoiceContent & InvoiceState
