import { decimalOf } from '#money/amount'
import { documentOf, element, withAttributes } from '#money/invoices/xml'

export interface Transfer {
  /** Of the payout: what the bank names it by when it comes back. */
  readonly id: string
  readonly minor: bigint
  readonly iban: string
  readonly holder: string
}

export interface TransferFile {
  readonly id: string
  readonly currency: string
  readonly createdAt: Date
  /** Who pays, and from which account. */
  readonly debtor: { readonly holder: string; readonly iban: string }
  readonly transfers: readonly Transfer[]
}

/** An id without its hyphens, as the 35 signs of ISO 20022 hold it. */
export const bankReference = (id: string): string => id.replaceAll('-', '')

/**
 * Credit transfers for a bank, pain.001.001.09 (ISO 20022) as the European Payments Council has it for SEPA: one payment
 * with all transfers, whose count and sum stand twice. The same bytes each time.
 */
export function painOf({ id, currency, createdAt, debtor, transfers }: TransferFile): string {
  const count = String(transfers.length)
  const sum = decimalOf({ minor: transfers.reduce((all, { minor }) => all + minor, 0n), currency })
  const account = (iban: string) => element('Id', element('IBAN', iban))
  const root = element(
    'Document',
    element(
      'CstmrCdtTrfInitn',
      element(
        'GrpHdr',
        element('MsgId', bankReference(id)),
        element('CreDtTm', createdAt.toISOString()),
        element('NbOfTxs', count),
        element('CtrlSum', sum),
        element('InitgPty', element('Nm', latin(debtor.holder))),
      ),
      element(
        'PmtInf',
        element('PmtInfId', bankReference(id)),
        element('PmtMtd', 'TRF'),
        element('NbOfTxs', count),
        element('CtrlSum', sum),
        element('PmtTpInf', element('SvcLvl', element('Cd', 'SEPA'))),
        element('ReqdExctnDt', element('Dt', createdAt.toISOString().slice(0, 10))),
        element('Dbtr', element('Nm', latin(debtor.holder))),
        element('DbtrAcct', account(debtor.iban)),
        element('DbtrAgt', element('FinInstnId', element('Othr', element('Id', 'NOTPROVIDED')))),
        element('ChrgBr', 'SLEV'),
        transfers.map(one =>
          element(
            'CdtTrfTxInf',
            element('PmtId', element('EndToEndId', bankReference(one.id))),
            element(
              'Amt',
              withAttributes(element('InstdAmt', decimalOf({ minor: one.minor, currency })), { Ccy: currency }),
            ),
            element('Cdtr', element('Nm', latin(one.holder))),
            element('CdtrAcct', account(one.iban)),
            element('RmtInf', element('Ustrd', `Payout ${bankReference(one.id)}`)),
          ),
        ),
      ),
    ),
  )
  return documentOf(withAttributes(root, { xmlns: 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09' })!)
}

const letters: Record<string, string> = { ß: 'ss', æ: 'ae', Æ: 'AE', ø: 'o', Ø: 'O', œ: 'oe', Œ: 'OE', ł: 'l', Ł: 'L' }

/** A name in the letters that every bank in SEPA takes (EPC217-08), at most 70 of them. */
function latin(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '')
  const known = [...plain].map(sign => letters[sign] ?? sign).join('')
  const text = known
    .replace(/[^A-Za-z0-9/?:().,'+ -]/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
  return text.slice(0, 70) || 'NOTPROVIDED'
}
