import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Static, TObject } from 'typebox'
import type { Config } from '../kernel/config/config.ts'
import { readSettings } from '../kernel/config/settings.ts'
import type { Pool } from '../kernel/database/database.ts'
import type { Service } from '../kernel/service.ts'
import type { settings } from '../services/ocpp/host.ts'
import { fine, judge, type Check, type Finding } from './findings.ts'

/** What the settings say of chargers: how they prove themselves, and whether their certificates hold. */
export function chargers(config: Config, services: readonly Service[]): Check[] {
  const own = services.find(({ name }) => name === 'ocpp')?.settings
  if (!own) return []
  const ocpp = readSettings(own as TObject, config.environment) as Partial<Static<typeof settings>>
  return [
    {
      name: 'Chargers',
      advice: 'Check the settings that begin with OCPP_.',
      look: async () => [policy(config, ocpp), ...secrecy(config, ocpp)],
    },
    {
      name: 'The certificates for chargers',
      advice: 'Check OCPP_TLS_CERT_FILES and OCPP_TLS_KEY_FILES: PEM files that this user may read, in the same order.',
      look: () => certificates(ocpp),
    },
  ]
}

type Ocpp = Partial<Static<typeof settings>>

function policy({ mode }: Config, { OCPP_UNKNOWN_CHARGERS: set }: Ocpp): Finding {
  const unknown = set || (mode === 'evaluation' ? 'accept' : 'hold')
  const what = {
    accept: 'Chargers that nobody knows are registered and accepted, with a password or without',
    hold: 'Chargers that nobody knows bring a password and wait to be approved',
    refuse: 'Chargers that nobody knows are refused',
  }[unknown as 'accept']
  const isSafe = mode === 'evaluation' || unknown !== 'accept'
  return judge(isSafe, what, 'Set OCPP_UNKNOWN_CHARGERS=hold once all are known.', 'warn')
}

function secrecy({ mode, PUBLIC_URL, TLS_CERT_FILE }: Config, { OCPP_TLS_PORT }: Ocpp): Finding[] {
  if (mode === 'evaluation') return []
  const isSecret = Boolean(OCPP_TLS_PORT || TLS_CERT_FILE || PUBLIC_URL?.startsWith('https:'))
  return [
    judge(
      isSecret,
      isSecret ? 'Chargers can connect over TLS' : 'Chargers connect without TLS, and their passwords can be read',
      'Set OCPP_TLS_PORT with certificates, or let a proxy in front speak TLS.',
      'warn',
    ),
  ]
}

async function certificates({ OCPP_TLS_PORT: port, ...ocpp }: Ocpp): Promise<Finding[]> {
  const { OCPP_TLS_CERT_FILES: certs = [], OCPP_TLS_KEY_FILES: keys = [] } = ocpp
  if (!port) return []
  const pairs = await Promise.all(
    certs.map(async (file, index) => {
      const [chain, key] = await Promise.all([readFile(file, 'utf8'), readFile(keys[index] ?? '')])
      return { certificate: new X509Certificate(chain), key: createPrivateKey(key) }
    }),
  )
  const kinds = new Set(pairs.map(({ key }) => key.asymmetricKeyType))
  return [
    judge(
      kinds.has('ec') && kinds.has('rsa'),
      `Chargers are shown certificates of ${[...kinds].join(' and ')} keys`,
      'OCPP 2.0.1 wants one of an ECDSA and one of an RSA key (A00.FR.318): old chargers know only one of them.',
      'warn',
    ),
    ...pairs.flatMap(({ certificate, key }) => {
      const days = Math.floor((certificate.validToDate.getTime() - Date.now()) / 86_400_000)
      return [
        judge(
          days >= 21,
          days < 0 ? `The certificate for chargers expired ${-days} days ago` : `It is valid for ${days} more days`,
          'Renew it; the files are read again when they change.',
          days < 3 ? 'fail' : 'warn',
        ),
        judge(certificate.checkPrivateKey(key), 'Its key belongs to it', 'Name the key it was made with in its place.'),
      ]
    }),
  ]
}

/** What waits for operators, as the database of chargers says. */
export async function chargersIn(pool: Pool): Promise<Finding[]> {
  const [there] = await pool`select to_regclass('ocpp.chargers') as chargers`
  if (!there!.chargers) return []
  const [count] = await pool<{ connected: number; pending: number; open: number }[]>`
    select (select count(*)::int from (select from ocpp.chargers where connection_id is not null limit 100000) c)
        as connected,
      (select count(*)::int from (select from ocpp.chargers where status = 'pending' limit 1000) c) as pending,
      (select count(*)::int from (
        select from ocpp.chargers where password_digest is null and certificate_serial is null limit 1000) c) as open`
  const { connected, pending, open } = count!
  const ending = await endingIn(pool)
  return [
    fine(`${connected} chargers are connected`),
    judge(pending === 0, `${pending} chargers wait to be approved`, 'GET /api/ocpp/chargers?status=pending', 'warn'),
    judge(
      ending === 0,
      ending === 0
        ? 'No certificate of a charger ends within a week without another'
        : `The certificates of ${ending} chargers end within a week, and these have no other`,
      'Are they connected? They are asked for a request every day: GET /api/ocpp/chargers/:id/messages?action=SignCertificate',
      'warn',
    ),
    ...(open > 0 ? [fine(`${open} chargers prove themselves by nothing (security profile 0)`)] : []),
  ]
}

/** Chargers whose certificate ends within a week and that have no other. */
async function endingIn(pool: Pool): Promise<number> {
  const [there] = await pool`select to_regclass('ocpp.certificates') as certificates`
  if (!there!.certificates) return 0
  const [row] = await pool<{ count: number }[]>`
    select count(*)::int as count from ocpp.certificates c
    where c.charger_id is not null and c.ends_at between now() and now() + interval '7 days'
      and c.revoked_at is null and (c.installed_at is not null or c.used_at is not null) and not exists (
        select from ocpp.certificates n
        where n.charger_id = c.charger_id and n.id > c.id and n.revoked_at is null
          and (n.installed_at is not null or n.used_at is not null))`
  return row!.count
}
