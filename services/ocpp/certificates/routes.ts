import Type, { type Static } from 'typebox'
import { CertificateRevoked, ChargerId } from '#contracts/ocpp'
import { Instant } from '#contracts/shared'
import { cursorOf, fail, isCount, isId, isText, listQuery, Page, page, withRole } from '#kernel'
import { manageable } from '../access.ts'
import { findCharger, lockCharger } from '../chargers/store.ts'
import type { OcppHost } from '../host.ts'
import type { Authority } from './authority.ts'
import { listInstalled, type Installed } from './installed.ts'
import { listIssued, lockIssued, revokeIssued, type Issued } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const Pem = Type.String({ description: 'In PEM', examples: ['-----BEGIN CERTIFICATE-----\nMIIB…\n'] })

const AuthorityView = Type.Object(
  {
    certificate: { ...Pem, description: 'Its root, in PEM: for InstallCertificate and for who makes chargers' },
    subject: Type.String({ examples: ['CN=Ohmnibus charger authority 1f0c9a3e'] }),
    fingerprint: Type.String({ description: 'SHA-256', examples: ['9F:86:D0:81'] }),
    beginsAt: Instant,
    endsAt: Instant,
    outside: Type.Boolean({ description: "Whether it is one that was configured rather than the platform's own" }),
  },
  { title: 'ChargerAuthority' },
)

const Serial = Type.String({ maxLength: 40, pattern: '^[0-9a-f]+$', examples: ['5a1c0e77b3d94f5e8a2b6c8e0f1a3b5c'] })

const CertificateView = Type.Object(
  {
    serial: { ...Serial, description: 'Its serial number' },
    name: Type.String({ description: 'Its common name', examples: ['VT-0001'] }),
    fingerprint: Type.String({ description: 'SHA-256 of the whole', examples: ['9f86d081'] }),
    certificate: Pem,
    state: Type.Enum(['sent', 'installed', 'refused', 'used', 'ended', 'revoked'], {
      description:
        '`sent` to the charger, which `installed` or `refused` it; `used` once a connection was made with it; `ended` ' +
        'and `revoked` prove nothing any more',
      examples: ['used'],
    }),
    beginsAt: Instant,
    endsAt: Instant,
    issuedAt: Instant,
    usedAt: { ...nullable(Instant), description: 'For the first time' },
    revokedAt: nullable(Instant),
  },
  { title: 'ChargerCertificate' },
)

const InstalledView = Type.Object(
  {
    type: Type.String({ examples: ['CSMSRootCertificate'] }),
    hash: Type.Object({
      hashAlgorithm: Type.Enum(['SHA256', 'SHA384', 'SHA512'], { examples: ['SHA256'] }),
      issuerNameHash: Type.String({ examples: ['9f86d081'] }),
      issuerKeyHash: Type.String({ examples: ['60303ae2'] }),
      serialNumber: Type.String({ examples: ['5a1c0e77'] }),
    }),
    below: Type.Boolean({ description: 'Whether it stands below another of its chain' }),
    reportedAt: Instant,
  },
  { title: 'InstalledCertificate' },
)

const One = Type.Object({ id: ChargerId })
const config = { access: withRole('operator') }

/** Certificates of chargers as operators look after them. */
export function certificateRoutes(host: OcppHost, authority: Authority): void {
  const { http, db, now } = host

  http.get(
    '/authority',
    {
      config,
      schema: {
        summary: 'Who signs certificates of chargers, with the root certificate to install',
        description: "The platform's own authority is made when somebody first asks for it.",
        response: { 200: AuthorityView },
      },
    },
    async () => {
      const root = await authority.root()
      return {
        certificate: root.toString(),
        subject: root.subject,
        fingerprint: root.fingerprint256,
        beginsAt: root.validFromDate.toISOString(),
        endsAt: root.validToDate.toISOString(),
        outside: authority.isOutside,
      }
    },
  )

  http.get(
    '/chargers/:id/certificates',
    {
      config,
      schema: {
        summary: 'Certificates that were signed here for a charger, the newest first',
        refuses: ['charger_unknown'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(CertificateView) },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      manageable(actor, 'read', await findCharger(db, params.id), 'charger_unknown')
      const before = cursorOf(after, isId)?.[0] as string | undefined
      const rows = await listIssued(db, params.id, limit + 1, before)
      return page(
        rows,
        limit,
        ({ id }) => [id],
        row => view(row, now()),
      )
    },
  )

  http.get(
    '/chargers/:id/certificates/installed',
    {
      config,
      schema: {
        summary: 'Certificates that a charger trusts or has, as it said last',
        description:
          'Of authorities and of ISO 15118, as GetInstalledCertificateIds brought them; `hash` is what DeleteCertificate ' +
          'takes. InstallCertificate adds one.',
        refuses: ['charger_unknown'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(InstalledView) },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      manageable(actor, 'read', await findCharger(db, params.id), 'charger_unknown')
      const cursor = cursorOf(after, isText, isCount) as [string, number] | undefined
      const rows = await listInstalled(db, params.id, limit + 1, cursor)
      return page(rows, limit, ({ type, number }) => [type, number], installedView)
    },
  )

  http.post(
    '/chargers/:id/certificates/:serial/revoke',
    {
      config,
      schema: {
        summary: 'Revoke a certificate: nobody comes in with it any more, and its connection ends',
        description:
          'A charger that came with it has to bring another; with `certificateSerial` set to null a password will do.',
        honours: ['Idempotency-Key'],
        refuses: ['charger_unknown', 'certificate_unknown', 'editor_required'],
        params: Type.Object({ id: ChargerId, serial: Serial }),
        response: { 200: CertificateView },
      },
    },
    async request => {
      const { actor, params } = request
      return await db.once(request, async tx => {
        manageable(actor, 'write', await lockCharger(tx, params.id), 'charger_unknown')
        const issued = (await lockIssued(tx, params.id, params.serial)) ?? fail('not_found', 'certificate_unknown')
        if (issued.revokedAt) return view(issued, now())
        const at = now()
        await revokeIssued(tx, issued.id, at)
        const { id: certificateId, serial } = issued
        await tx.publish(CertificateRevoked, { chargerId: params.id, certificateId, serial, at: at.toISOString() })
        return view({ ...issued, revokedAt: at }, at)
      })
    },
  )
}

const installedView = ({ type, isBelow, reportedAt, ...row }: Installed): Static<typeof InstalledView> => ({
  type,
  hash: {
    hashAlgorithm: row.hashAlgorithm,
    issuerNameHash: row.issuerNameHash,
    issuerKeyHash: row.issuerKeyHash,
    serialNumber: row.serialNumber,
  },
  below: isBelow,
  reportedAt: reportedAt.toISOString(),
})

const view = (issued: Issued, at: Date): Static<typeof CertificateView> => ({
  serial: issued.serial,
  name: issued.name,
  fingerprint: issued.fingerprint,
  certificate: issued.certificate,
  state: stateOf(issued, at),
  beginsAt: issued.beginsAt.toISOString(),
  endsAt: issued.endsAt.toISOString(),
  issuedAt: issued.issuedAt.toISOString(),
  usedAt: issued.usedAt?.toISOString() ?? null,
  revokedAt: issued.revokedAt?.toISOString() ?? null,
})

function stateOf({ revokedAt, endsAt, usedAt, installedAt, refusedAt }: Issued, at: Date) {
  if (revokedAt) return 'revoked'
  if (endsAt <= at) return 'ended'
  if (usedAt) return 'used'
  return installedAt ? 'installed' : refusedAt ? 'refused' : 'sent'
}
