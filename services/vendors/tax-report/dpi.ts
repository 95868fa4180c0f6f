import { digitsOf } from '#money/amount'
import { documentOf, element, withAttributes, type Element } from '#money/invoices/xml'
import type { Quarter } from './report.ts'

export interface DpiAddress {
  readonly street: string
  readonly postalCode: string
  readonly city: string
  readonly region?: string | null | undefined
  readonly country: string
}

/** Who sold, of one currency. Of a person a report says who they are beyond what shops know. */
export interface DpiSeller {
  readonly reference: string
  readonly name: string
  readonly person: { readonly firstName: string; readonly lastName: string; readonly birthDate: string } | undefined
  readonly address: DpiAddress
  readonly taxId: string | null
  readonly vatId: string | null
  readonly iban: string | null
  readonly accountHolder: string | null
  readonly currency: string
  readonly quarters: readonly Quarter[]
}

export interface DpiMessage {
  readonly id: string
  readonly year: number
  readonly at: Date
  /** Who runs the platform, and to which state they report. */
  readonly operator: { readonly name: string; readonly taxId: string; readonly address: DpiAddress }
  readonly to: string
  readonly sellers: readonly DpiSeller[]
}

/**
 * A message of the OECD's schema for digital platforms (DPI XML 1.0), in which states of the Union take reports of Directive
 * (EU) 2021/514: new data, or that there is nothing to report. Amounts are whole units of their currency, as it wants them.
 */
export function dpiOf({ id, year, at, operator, to, sellers }: DpiMessage): string {
  const from = operator.address.country
  const root = element(
    'DPI_OECD',
    element(
      'MessageSpec',
      element('SendingEntityIN', operator.taxId),
      element('TransmittingCountry', from),
      element('ReceivingCountry', to),
      element('MessageType', 'DPI'),
      element('MessageRefId', `${from}${year}${to}-${id}`),
      element('MessageTypeIndic', sellers.length > 0 ? 'DPI401' : 'DPI403'),
      element('ReportingPeriod', `${year}-12-31`),
      element('Timestamp', at.toISOString().slice(0, -1)),
    ),
    element(
      'DPIBody',
      element(
        'PlatformOperator',
        element('ResCountryCode', from),
        tin(operator.taxId, from),
        element('Name', text(operator.name)),
        address(operator.address, 'OECD304'),
        // Resident there for tax purposes.
        element('Nexus', 'RPONEX1'),
        element('AssumedReporting', 'false'),
        docSpec(`${from}${year}-${id}-operator`),
      ),
      sellers.map(one => seller(one, `${from}${year}-${id}-${one.reference}`)),
    ),
  )
  const namespaces = { xmlns: 'urn:oecd:ties:dpi:v1', 'xmlns:stf': 'urn:oecd:ties:dpistf:v1', version: '1.0' }
  return documentOf(withAttributes(root, namespaces)!)
}

function seller(one: DpiSeller, reference: string): Element | undefined {
  const { country } = one.address
  const financial =
    one.iban !== null &&
    element(
      'FinancialIdentifier',
      withAttributes(element('Identifier', one.iban), { AccountNumberType: 'IBAN' }),
      one.accountHolder !== null && element('AccountHolderName', text(one.accountHolder)),
    )
  const known = [
    element('ResCountryCode', country),
    tin(one.taxId, country),
    one.vatId !== null && element('VAT', one.vatId),
  ]
  const where = address(one.address, 'OECD305')
  const { person } = one
  return element(
    'ReportableSeller',
    element(
      'Identity',
      person
        ? element(
            'IndividualSeller',
            element(
              'Standard',
              element(
                'IndSellerID',
                known,
                element(
                  'Name',
                  element('FirstName', text(person.firstName)),
                  element('LastName', text(person.lastName)),
                ),
                where,
                element('BirthInfo', element('BirthDate', person.birthDate)),
              ),
              financial,
            ),
          )
        : element(
            'EntitySeller',
            element('Standard', element('EntSellerID', known, element('Name', text(one.name)), where), financial),
          ),
    ),
    element('RelevantActivities', element('SaleOfGoods', activities(one))),
    docSpec(reference),
  )
}

function activities({ currency, quarters }: DpiSeller): (Element | undefined)[] {
  const money = (of: (quarter: Quarter) => number, name: string) =>
    quarters.map((quarter, at) =>
      withAttributes(element(`${name}Q${at + 1}`, whole(of(quarter), currency)), { currCode: currency }),
    )
  return [
    element(
      'Consideration',
      money(one => one.considerationMinor, 'Cons'),
    ),
    element(
      'NumberOfActivities',
      quarters.map((one, at) => element(`NumbQ${at + 1}`, String(one.transactions))),
    ),
    element(
      'Fees',
      money(one => one.feesMinor, 'Fees'),
    ),
    // The platform keeps no tax of sellers back.
    element(
      'Taxes',
      money(() => 0, 'Tax'),
    ),
  ]
}

const tin = (taxId: string | null, country: string): Element | undefined =>
  taxId === null
    ? withAttributes(element('TIN', 'NOTIN'), { unknown: 'true' })
    : withAttributes(element('TIN', taxId), { issuedBy: country })

function address({ street, postalCode, city, region, country }: DpiAddress, kind: string): Element | undefined {
  const fixed = element(
    'AddressFix',
    element('Street', text(street)),
    element('PostCode', text(postalCode)),
    element('City', text(city)),
    element('CountrySubentity', text(region ?? '')),
  )
  return withAttributes(element('Address', element('CountryCode', country), fixed), { legalAddressType: kind })
}

const docSpec = (reference: string): Element | undefined =>
  element('DocSpec', element('stf:DocTypeIndic', 'OECD1'), element('stf:DocRefId', reference))

/** As long as the schema lets a text be. */
const text = (value: string): string => value.slice(0, 200)

/** Rounded, halves away from zero. */
function whole(minor: number, currency: string): string {
  const per = 10 ** digitsOf(currency)
  const rounded = Math.sign(minor) * Math.round(Math.abs(minor) / per)
  return String(rounded === 0 ? 0 : rounded)
}
