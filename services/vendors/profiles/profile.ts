import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Line, Minor, Owner, Slug } from '#contracts/shared'
import { VendorStatus, type Vendor } from '#contracts/vendors'
import { Problem } from '#kernel'
import { masked } from './iban.ts'
import type { Figures, Profile } from './store.ts'

export const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Shown = (example: string) => Type.String({ examples: [example] })

export const Iban = Type.String({
  maxLength: 42,
  description: 'Where earnings go; its check digits are looked at',
  examples: ['DE89 3704 0044 0532 0130 00'],
})

/** What a vendor says of itself; what is left out is taken away, but the name in addresses, the account, the terms and the documents. */
export const Body = Type.Object(
  {
    name: Line(200, { examples: ['Voltwerk'] }),
    slug: Type.Optional({ ...Slug, description: 'In addresses; made of the name where it is left out' }),
    description: Type.Optional(Type.String({ maxLength: 5_000, examples: ['Wallboxes from Regensburg.'] })),
    email: Type.Optional(
      Type.String({ maxLength: 254, pattern: '^[^@\\s]+@[^@\\s]+$', examples: ['shop@example.com'] }),
    ),
    phone: Type.Optional(
      Type.String({ maxLength: 40, minLength: 3, pattern: '^\\+?[0-9][0-9 ()./-]*$', examples: ['+49 941 1234567'] }),
    ),
    website: Type.Optional(
      Type.String({ maxLength: 500, pattern: '^https://[^\\s"<>\\\\]+$', examples: ['https://shop.example.com'] }),
    ),
    avatarId: Type.Optional({ ...Id, description: 'A document with a picture' }),
    iban: Type.Optional(nullable(Iban)),
    accountHolder: Type.Optional(nullable(Line(70, { examples: ['Voltwerk GmbH'] }))),
    evidence: Type.Optional(
      Type.Array(Id, { maxItems: 20, uniqueItems: true, description: 'Documents that prove who sells' }),
    ),
    acceptTerms: Type.Optional(Type.Boolean({ description: 'Once accepted they stay accepted' })),
  },
  {
    examples: [
      {
        name: 'Voltwerk',
        description: 'Wallboxes from Regensburg.',
        email: 'shop@example.com',
        phone: '+49 941 1234567',
        website: 'https://shop.example.com',
        iban: 'DE89 3704 0044 0532 0130 00',
        accountHolder: 'Voltwerk GmbH',
        evidence: ['0198f6a2-7c3e-7b1a-9d55-3f1e2a4b5c6d'],
        acceptTerms: true,
      },
    ],
  },
)
export type Body = Static<typeof Body>

const Step = Type.Object({
  step: Type.Enum(['profile', 'seller', 'payment', 'evidence', 'terms'], { examples: ['payment'] }),
  done: Type.Boolean(),
  missing: Type.Array(Shown('iban')),
})
type Step = Static<typeof Step>

const pub = {
  vendorId: Id,
  owner: Owner,
  name: Shown('Voltwerk'),
  slug: Shown('voltwerk'),
  description: Shown('Wallboxes from Regensburg.'),
  website: nullable(Shown('https://shop.example.com')),
  avatar: nullable(Type.String({ description: 'Path of the picture' })),
  status: VendorStatus,
  verified: Type.Boolean(),
  productsCount: Type.Integer({ minimum: 0, examples: [12] }),
  averageRating: nullable(Type.Number({ examples: [4.6] })),
  joinDate: Instant,
  version: Type.Integer({ minimum: 1, examples: [1] }),
}

/** What everybody sees. */
export const PublicView = Type.Object(pub, { title: 'Vendor' })

/** What its own people and admins see; of the account number its end. */
export const OwnView = Type.Object(
  {
    ...pub,
    userId: nullable(Id),
    email: nullable(Shown('shop@example.com')),
    phone: nullable(Shown('+49 941 1234567')),
    iban: nullable(Shown('DE•• •••• 3000')),
    accountHolder: nullable(Shown('Voltwerk GmbH')),
    evidence: Type.Array(Id),
    termsAcceptedAt: nullable(Instant),
    totalRevenue: Type.Array(Type.Object({ currency: Currency, totalMinor: Minor }), {
      description: 'What buyers paid, less what went back to them',
    }),
    reason: nullable(Shown('The extract of the register is of another company.')),
    submittedAt: nullable(Instant),
    decidedAt: nullable(Instant),
    checklist: Type.Array(Step),
  },
  { title: 'OwnVendor' },
)

export const publicView = (vendor: Profile, figures: Figures): Static<typeof PublicView> => ({
  vendorId: vendor.id,
  owner: vendor.owner,
  name: vendor.name,
  slug: vendor.slug,
  description: vendor.description,
  website: vendor.website,
  avatar: vendor.avatarId && `/api/documents/${vendor.avatarId}?download=1`,
  status: vendor.status,
  verified: vendor.verified,
  productsCount: figures.productsCount,
  averageRating: figures.averageRating,
  joinDate: vendor.createdAt.toISOString(),
  version: vendor.version,
})

const stamp = (at: Date | null): string | null => at && at.toISOString()

export const ownView = (vendor: Profile, figures: Figures, knowsSeller: boolean): Static<typeof OwnView> => ({
  ...publicView(vendor, figures),
  userId: vendor.applicantId,
  email: vendor.email,
  phone: vendor.phone,
  iban: vendor.iban && masked(vendor.iban),
  accountHolder: vendor.accountHolder,
  evidence: [...vendor.evidence],
  termsAcceptedAt: stamp(vendor.termsAt),
  totalRevenue: [...figures.revenue],
  reason: vendor.reason,
  submittedAt: stamp(vendor.submittedAt),
  decidedAt: stamp(vendor.decidedAt),
  checklist: checklistOf(vendor, knowsSeller),
})

/** What there must be before somebody may sell, and what of it is missing. */
export function checklistOf(vendor: Profile, knowsSeller: boolean): Step[] {
  const { description, email, iban, accountHolder, evidence, termsAt } = vendor
  const steps: [Step['step'], Record<string, unknown>][] = [
    ['profile', { description, email }],
    // Name, address and tax number, as invoices have them: `PUT /api/orders/seller`.
    ['seller', { seller: knowsSeller }],
    ['payment', { iban, accountHolder }],
    ['evidence', { evidence: evidence.length > 0 }],
    ['terms', { acceptTerms: termsAt }],
  ]
  return steps.map(([step, needed]) => {
    const missing = Object.keys(needed).filter(name => !needed[name])
    return { step, done: missing.length === 0, missing }
  })
}

/** Fails with `onboarding_incomplete`, and names what is missing. */
export function requireComplete(vendor: Profile, knowsSeller: boolean): void {
  const missing = checklistOf(vendor, knowsSeller).flatMap(step => step.missing)
  if (missing.length > 0) throw new Problem('conflict', 'onboarding_incomplete', { missing })
}

/** As others are told of it. */
export const told = ({ id, owner, applicantId, name, slug, status, verified, version }: Profile): Vendor => ({
  vendorId: id,
  owner,
  applicantId,
  name,
  slug,
  status,
  verified,
  version,
})
