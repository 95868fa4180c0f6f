import Type from 'typebox'
import { getChargerTariffs, getSessionCosts } from '#contracts/billing'
import { getDocumentFile } from '#contracts/documents'
import { findPerson, getPerson, listMembers } from '#contracts/identity'
import {
  CertificateEnding,
  CertificateRevoked,
  ChargerAlerted,
  ChargerBooted,
  ChargerChanged,
  ChargerConnected,
  ChargerFileRemoved,
  ChargerFileStored,
  ChargerDisconnected,
  ChargerLost,
  ChargerRegistered,
  ChargerRemoved,
  CommandEnded,
  CommandSent,
  ConnectorFailed,
  ConnectorReported,
  FirmwareReported,
  MetersReported,
  OcppMessage,
  ReservationReported,
  TransactionReported,
} from '#contracts/ocpp'
import { Setting, type Host } from '#kernel'

export const settings = Type.Object({
  OCPP_UNKNOWN_CHARGERS: Setting.text(
    'What a charger that nobody made meets: accept, hold (it has to prove itself by a password, which it keeps, and waits for an operator) or refuse. ' +
      'Unless set: accept in evaluation mode, hold in production.',
    { pattern: '^(accept|hold|refuse)?$', form: 'accept, hold or refuse', default: '' },
  ),
  OCPP_HEARTBEAT: Setting.duration('Between the heartbeats of a charger.', { default: '5m' }),
  OCPP_CALL_TIMEOUT: Setting.duration('How long a charger may take to answer a call.', { default: '30s' }),
  OCPP_PING: Setting.duration(
    'Between looks whether a connection is still there; after two without an answer it ends.',
    {
      default: '30s',
    },
  ),
  OCPP_PORT: Type.Optional(
    Setting.integer('A port for chargers alone, without TLS, beside that of everybody.', {
      minimum: 1,
      maximum: 65_535,
    }),
  ),
  OCPP_TLS_PORT: Type.Optional(
    Setting.integer('A port for chargers alone with TLS, where they may bring certificates.', {
      minimum: 1,
      maximum: 65_535,
    }),
  ),
  OCPP_HOST: Setting.text(
    'Address that the ports of chargers listen at. Unless set: all in production, else 127.0.0.1.',
    {
      default: '',
    },
  ),
  OCPP_TLS_CERT_FILES: Setting.list('PEM files of the certificates for chargers, of an ECDSA and an RSA key at best.'),
  OCPP_TLS_KEY_FILES: Setting.list('PEM files of their keys, in the same order.'),
  OCPP_TLS_CA_FILE: Type.Optional(Setting.text('PEM file of the authorities that sign certificates of chargers.')),
  OCPP_CONTRACT_CA_FILE: Type.Optional(
    Setting.text('PEM file of the authorities that sign contracts (ISO 15118). Without it no contract is trusted.'),
  ),
  OCPP_MESSAGE_RETENTION: Setting.duration('How long messages of chargers are kept.', { default: '30d' }),
  OCPP_MAX_UPLOAD: Setting.bytes('Largest log or other file that a charger brings.', { default: '100 MB' }),
  OCPP_CA_CERT_FILE: Type.Optional(
    Setting.text(
      'PEM file of the authority that signs what chargers ask for, followed by its issuers. Without it the platform has one of its own.',
    ),
  ),
  OCPP_CA_KEY_FILE: Type.Optional(Setting.text('PEM file of the key of OCPP_CA_CERT_FILE.')),
  OCPP_CERTIFICATE_LIFE: Setting.duration('How long certificates of chargers last that are signed here.', {
    default: '365d',
  }),
  OCPP_OCSP_HOSTS: Setting.list(
    'Hosts of responders (OCSP) that are asked for chargers and about contracts (ISO 15118), with the port where it is another than usual. Unless set none is.',
  ),
  OCPP_EV_CERTIFICATES_URL: Type.Optional(
    Setting.text(
      'Address of a provider of contract certificates (ISO 15118), which takes and answers JSON as OCPP has it.',
    ),
  ),
  OCPP_EV_CERTIFICATES_TOKEN: Type.Optional(Setting.secret('Bearer token for OCPP_EV_CERTIFICATES_URL.')),
  OCPP_MAX_MESSAGE: Setting.bytes('Largest message of a charger, unpacked.', { default: '1 MB' }),
})

export const publishes = [
  ChargerRegistered,
  ChargerChanged,
  ChargerRemoved,
  ChargerConnected,
  ChargerDisconnected,
  ChargerBooted,
  ChargerLost,
  ConnectorReported,
  ConnectorFailed,
  TransactionReported,
  MetersReported,
  OcppMessage,
  ChargerAlerted,
  FirmwareReported,
  ReservationReported,
  CommandSent,
  CommandEnded,
  CertificateEnding,
  CertificateRevoked,
  ChargerFileStored,
  ChargerFileRemoved,
]

/** Whose tokens are, and who belongs to whom. */
export const needs = [findPerson, getPerson, listMembers] as const

type Asked = (typeof needs)[number] | typeof getDocumentFile | typeof getChargerTariffs | typeof getSessionCosts
/** Where files of chargers lie once documents have taken them in, and what charging costs. */
export const asksLater: readonly Asked[] = [getDocumentFile, getChargerTariffs, getSessionCosts]

export type OcppHost = Host<'ocpp', Asked, typeof settings>
