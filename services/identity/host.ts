import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { holders, holdingsOf, type Holder } from '#contracts/holdings'
import {
  AccountDeletionEnded,
  ActingBegan,
  ApiKeyCreated,
  ApiKeyRevoked,
  ClientChanged,
  ClientConsentGiven,
  ClientConsentWithdrawn,
  ClientRegistered,
  ClientRemoved,
  ClientSecretRotated,
  DeviceSeen,
  MemberChanged,
  MemberInvited,
  OrganisationCreated,
  OrganisationDeleted,
  OrganisationKindsChanged,
  PasswordResetRefused,
  RegistrationRepeated,
  SendOtp,
  ServiceAccountChanged,
  SessionsRevoked,
  TermsAnnounced,
  TermsAnswered,
  TermsPublished,
  TermsRetracted,
  UserDeleted,
  UserDisabled,
  UserEmailChanged,
  UserFactorsChanged,
  UserLoggedIn,
  UserLoggedOut,
  UserPasswordChanged,
  UserPasswordReset,
  UserRegistered,
  UserRoleChanged,
  UserSignedOut,
  UserUpdated,
} from '#contracts/identity'
import { type Host, Setting } from '#kernel'

export const publishes = [
  SendOtp,
  RegistrationRepeated,
  UserRegistered,
  UserLoggedIn,
  DeviceSeen,
  UserLoggedOut,
  UserUpdated,
  UserEmailChanged,
  UserFactorsChanged,
  UserPasswordChanged,
  UserPasswordReset,
  PasswordResetRefused,
  UserRoleChanged,
  UserDisabled,
  UserDeleted,
  AccountDeletionEnded,
  ActingBegan,
  UserSignedOut,
  SessionsRevoked,
  OrganisationCreated,
  MemberInvited,
  MemberChanged,
  OrganisationDeleted,
  OrganisationKindsChanged,
  ApiKeyCreated,
  ApiKeyRevoked,
  ServiceAccountChanged,
  TermsPublished,
  TermsRetracted,
  TermsAnnounced,
  TermsAnswered,
  ClientRegistered,
  ClientChanged,
  ClientSecretRotated,
  ClientRemoved,
  ClientConsentGiven,
  ClientConsentWithdrawn,
]

type Asked = typeof getDocumentFile | ReturnType<typeof holdingsOf<Holder>>

/** What an organisation may hold, and what it shows. */
export const asksLater: readonly Asked[] = [...holders.map(holdingsOf), getDocumentFile]

const life = (description: string) =>
  Type.Optional(Type.Unsafe<number>({ type: 'string', format: 'duration-ms', description }))

export const settings = Type.Object({
  JWT_ACCESS_EXPIRY: life('Life of an access token (as JWT_EXPIRES_IN)'),
  JWT_EXPIRES_IN: Setting.duration('Life of an access token where JWT_ACCESS_EXPIRY is not set', { default: '10m' }),
  JWT_REFRESH_EXPIRY: Setting.duration('How long a session lives without being used', { default: '30d' }),
  SESSION_MAX_AGE: Setting.duration('How long a session lives at most', { default: '90d' }),
  PASSWORD_MIN_LENGTH: Setting.integer('Characters a password must have', { default: 12, minimum: 8, maximum: 64 }),
  REQUIRE_MFA: Setting.list(
    'Roles that need a second factor, like admin,operator: without one they may only set one up.',
  ),
  TERMS_ANSWERS_KEPT: Setting.duration('How long it is kept what somebody agreed to who deleted their account', {
    default: '1096d',
  }),
  PASSKEY_RP_ID: Type.Optional(
    Setting.text('The domain passkeys are made for; that of PUBLIC_URL where it is not set', {
      pattern: '^[a-z0-9-]+(\\.[a-z0-9-]+)*$',
      form: 'a domain like example.com',
    }),
  ),
  PASSKEY_ORIGINS: Setting.list('Origins whose pages may ask for passkeys; that of PUBLIC_URL where it is not set.'),
  OIDC_PROVIDERS: Type.Optional(
    Setting.secret(
      'Other providers by which people sign in, as a JSON list of id, name, issuer, clientId, clientSecret',
    ),
  ),
  DNS_SERVERS: Setting.list(
    'Name servers, like 10.0.0.53, that are asked whose a domain of an organisation is; those of the system where none is set.',
  ),
  FIREBASE_SCRYPT: Type.Optional(
    Setting.secret(
      'How the Firebase project hashed that users are imported from, as JSON: signerKey, saltSeparator, rounds, memCost',
    ),
  ),
  ADMIN_EMAIL: Type.Optional(
    Setting.text('Address of the first admin, made once on a database without one', {
      pattern: '^[^@\\s]+@[^@\\s.]+(\\.[^@\\s.]+)+$',
      form: 'an e-mail address that one can sign in with, like you@example.com',
    }),
  ),
  ADMIN_PASSWORD: Type.Optional(Setting.secret('Password of the first admin')),
})

export type IdentityHost = Host<'identity', Asked, typeof settings>
