import type { EventContract } from '#contracts/define'
import * as documents from '#contracts/documents'
import * as identity from '#contracts/identity'
import * as passports from '#contracts/passports'
import { newId } from '#kernel'
import { ada, company, dora, edith, grace, open, self, victor, type Person, type Platform } from '../testing.ts'

const id = newId()
const at = '2027-02-18T08:30:00.000Z'
export const passport = { passport: { id }, identifier: 'BP-2024-011', version: 1 }
const data = { generalInformation: { batteryIdentifier: 'BP-2024-011' } }
const document = { docId: id, passportId: null, fileName: 'proof.pdf', owner: self, version: 1 }
const client = { clientId: id, name: 'Fleet planner', organisationId: null }
const terms = { termsId: id, key: 'terms', kind: 'terms', version: 1 }
const { userId, email, name, firstName, locale } = ada
const consent = { userId, clientId: id, clientName: 'Fleet planner', actsFor: null, scopes: ['openid', 'account:read'] }
const passportLink = `https://ohmnibus.example.com/passports/${id}`
const documentLink = `https://ohmnibus.example.com/documents/${id}`

export interface Case {
  event: EventContract
  data: Record<string, unknown>
  /** Subjects of the mails, by address. */
  mails?: Record<string, string>
  /** Titles in the list, by person. */
  inApp?: Map<Person, string>
  link?: string | null
}
const told = (...entries: [Person, string][]) => new Map(entries)

/** Every event of the four services, and who hears what of it. */
export const cases: Record<string, Case> = {
  'a code for a registration': {
    event: identity.SendOtp,
    data: { codeId: id, email: 'new@example.com', purpose: 'registration', name: 'New', locale: 'de', expiresAt: at },
    mails: { 'new@example.com': 'Ihr Code für Ohmnibus' },
  },
  'a registration repeated': {
    event: identity.RegistrationRepeated,
    data: { userId, email, name, locale },
    mails: { [email]: 'You already have an account' },
    inApp: told([ada, 'You already have an account']),
    link: 'https://ohmnibus.example.com/api/auth/sign-in',
  },
  'a new password asked for by nobody we know': {
    event: identity.PasswordResetRefused,
    data: { requestId: id, email: 'new@example.com', locale: 'de', reason: 'no-account' },
    mails: { 'new@example.com': 'Kein neues Passwort' },
  },
  'a new password asked for by somebody disabled': {
    event: identity.PasswordResetRefused,
    data: { requestId: id, email: 'dora@example.com', locale: 'en', reason: 'disabled' },
    mails: { 'dora@example.com': 'No new password' },
  },
  'a code for a new password': {
    event: identity.SendOtp,
    data: { codeId: id, email, purpose: 'password-reset', name, locale: 'en', expiresAt: at },
    mails: { [email]: 'A new password for Ohmnibus' },
  },
  'a password set anew': {
    event: identity.UserPasswordReset,
    data: { userId, version: 2 },
    mails: { [email]: 'Your password was reset' },
    inApp: told([ada, 'Your password was reset']),
    link: 'https://ohmnibus.example.com/api/auth/forgotten-password',
  },
  'a new person': {
    event: identity.UserRegistered,
    data: { userId, email, firstName, name, locale, version: 1 },
    mails: { [email]: 'Welcome to Ohmnibus' },
    inApp: told([ada, 'Welcome to Ohmnibus']),
    link: 'https://ohmnibus.example.com/console',
  },
  'a sign-in': {
    event: identity.UserLoggedIn,
    data: { userId, sessionId: id, device: 'Firefox', addressPrefix: '192.0.2.0/24' },
    inApp: told([ada, 'New sign-in to your account']),
    link: 'https://ohmnibus.example.com/api/auth/devices',
  },
  'a sign-in from a new device': {
    event: identity.DeviceSeen,
    data: { userId, sessionId: id, device: 'Firefox', addressPrefix: '192.0.2.0/24' },
    mails: { [email]: 'Your account was used from a new device' },
    link: 'https://ohmnibus.example.com/api/auth/devices',
  },
  'a sign-out': { event: identity.UserLoggedOut, data: { userId, sessionIds: [id], reason: 'signed-out' } },
  'a changed profile': { event: identity.UserUpdated, data: { userId, email, firstName, name, locale, version: 2 } },
  'a changed password': {
    event: identity.UserPasswordChanged,
    data: { userId, version: 2 },
    mails: { [email]: 'Your password was changed' },
    inApp: told([ada, 'Your password was changed']),
    link: 'https://ohmnibus.example.com/api/auth/forgotten-password',
  },
  'a changed address': {
    event: identity.UserEmailChanged,
    data: { userId, email, formerEmail: 'former@example.com', name, locale, version: 2 },
    mails: { 'former@example.com': 'Your e-mail address was changed', [email]: 'Your e-mail address was changed' },
    inApp: told([ada, 'Your e-mail address was changed']),
    link: null,
  },
  'a changed address that may be taken back': {
    event: identity.UserEmailChanged,
    data: { userId, email, formerEmail: 'former@example.com', name, locale, version: 2, undoId: id },
    mails: { 'former@example.com': 'Your e-mail address was changed', [email]: 'Your e-mail address was changed' },
    inApp: told([ada, 'Your e-mail address was changed']),
    link: null,
  },
  'a new second factor': {
    event: identity.UserFactorsChanged,
    data: { userId, change: 'added', factor: 'passkey', name: 'My telephone', left: null },
    mails: { [email]: 'A second factor was added to your account' },
    inApp: told([ada, 'A second factor was added to your account']),
    link: 'https://ohmnibus.example.com/api/auth/security',
  },
  'another way to sign in': {
    event: identity.UserFactorsChanged,
    data: { userId, change: 'added', factor: 'provider', name: 'Acme', left: null },
    mails: { [email]: 'A way to sign in was added to your account' },
    inApp: told([ada, 'A way to sign in was added to your account']),
    link: 'https://ohmnibus.example.com/api/auth/ways-in',
  },
  'a new key of a program': {
    event: identity.ApiKeyCreated,
    data: {
      keyId: id,
      ownerId: userId,
      ownerKind: 'person',
      organisationId: null,
      name: 'Warehouse',
      scopes: ['passports:read'],
      expiresAt: '2028-02-18T08:40:00.000Z',
    },
  },
  'a key that is good no more': {
    event: identity.ApiKeyRevoked,
    data: { keyId: id, ownerId: userId, reason: 'revoked' },
  },
  'a program of an organisation that may something else': {
    event: identity.ServiceAccountChanged,
    data: { serviceAccountId: id, organisationId: id, name: 'Production line 3', role: 'viewer' },
  },
  'an app that was let in': {
    event: identity.ClientConsentGiven,
    data: { ...consent, asked: true },
    mails: { [email]: 'An app may use your account' },
    inApp: told([ada, 'An app may use your account']),
    link: 'https://ohmnibus.example.com/api/auth/apps',
  },
  'an app of the platform': { event: identity.ClientConsentGiven, data: { ...consent, asked: false } },
  'an app that is let in no more': { event: identity.ClientConsentWithdrawn, data: consent },
  'somebody whom an admin signed out': { event: identity.UserSignedOut, data: { userId, sessions: 2 } },
  'a new app': {
    event: identity.ClientRegistered,
    data: { ...client, kind: 'public', firstParty: false, redirectUris: [], scopes: ['openid'] },
  },
  'an app that was changed': {
    event: identity.ClientChanged,
    data: { ...client, redirectUris: [], postLogoutRedirectUris: [], scopes: ['openid'] },
  },
  'another secret of an app': { event: identity.ClientSecretRotated, data: client },
  'an app that is gone': { event: identity.ClientRemoved, data: client },
  'new terms': {
    event: identity.TermsPublished,
    data: {
      ...terms,
      languages: ['en', 'de'],
      effectiveAt: at,
      digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
  },
  'terms that will hold': {
    event: identity.TermsAnnounced,
    data: { userId, ...terms, effectiveAt: at, titles: { en: 'Terms of use', de: 'Nutzungsbedingungen' } },
    mails: { [email]: 'A new version of “Terms of use”' },
    inApp: told([ada, 'A new version of “Terms of use”']),
    link: 'https://ohmnibus.example.com/api/auth/agree',
  },
  'terms that were taken back': { event: identity.TermsRetracted, data: terms },
  'an answer to terms': { event: identity.TermsAnswered, data: { userId, ...terms, answer: 'agreed' } },
  'a deletion that an admin asked for': {
    event: identity.AccountDeletionEnded,
    data: { requestId: id, userId, refusal: null },
  },
  'another role': {
    event: identity.UserRoleChanged,
    data: { userId, role: 'vendor', formerRole: 'user', version: 2 },
    mails: { [email]: 'Your role was changed' },
    inApp: told([ada, 'Your role was changed']),
    link: null,
  },
  'a disabled person': {
    event: identity.UserDisabled,
    data: { userId: dora.userId, disabled: true, version: 2 },
    mails: { 'dora@example.com': 'Your account was disabled' },
    inApp: told([dora, 'Your account was disabled']),
    link: null,
  },
  'sessions revoked': { event: identity.SessionsRevoked, data: { userId, sessionIds: [id], before: at } },
  'a new organisation': {
    event: identity.OrganisationCreated,
    data: { organisationId: company.id, name: 'Cells & Co', ownerId: userId },
    inApp: told([ada, 'Organisation “Cells & Co” was created']),
    link: 'https://ohmnibus.example.com/api/auth/memberships',
  },
  'an invitation': {
    event: identity.MemberInvited,
    data: {
      organisationId: company.id,
      invitationId: id,
      email: 'guest@example.com',
      organisationName: 'Cells & Co',
      invitedBy: 'Ada',
      role: 'editor',
      locale: 'en',
      expiresAt: at,
    },
    mails: { 'guest@example.com': 'Invitation to “Cells & Co”' },
  },
  'a changed membership': {
    event: identity.MemberChanged,
    data: { organisationId: company.id, userId: grace.userId, role: 'admin', version: 2 },
    mails: { 'grace@example.com': 'Ihre Mitgliedschaft wurde geändert' },
    inApp: told([grace, 'Ihre Mitgliedschaft wurde geändert']),
    link: 'https://ohmnibus.example.com/api/auth/memberships',
  },
  'a membership with a role of the organisation': {
    event: identity.MemberChanged,
    data: {
      organisationId: company.id,
      userId: grace.userId,
      role: 'editor',
      customRole: { id, name: 'Buchhaltung', permissions: ['billing:read', 'billing:write'] },
      version: 3,
    },
    mails: { 'grace@example.com': 'Ihre Mitgliedschaft wurde geändert' },
    inApp: told([grace, 'Ihre Mitgliedschaft wurde geändert']),
    link: 'https://ohmnibus.example.com/api/auth/memberships',
  },
  'an organisation that asks what it is to be': {
    event: identity.OrganisationKindsChanged,
    data: { organisationId: company.id, kinds: [], identifiers: [], decided: null, version: 4 },
  },
  'an organisation that is verified': {
    event: identity.OrganisationKindsChanged,
    data: {
      organisationId: company.id,
      kinds: ['importer'],
      identifiers: [],
      decided: { kind: 'importer', state: 'verified', note: null },
      version: 5,
    },
    mails: {
      [email]: 'Your organisation is verified as an importer',
      'grace@example.com': 'Ihre Organisation ist bestätigt: Einführer',
    },
    inApp: told(
      [ada, 'Your organisation is verified as an importer'],
      [grace, 'Ihre Organisation ist bestätigt: Einführer'],
    ),
    link: 'https://ohmnibus.example.com/api/auth/memberships',
  },
  'somebody in whose place an admin acts': {
    event: identity.ActingBegan,
    data: { userId, sessionId: newId(), by: newId(), byName: 'Grace', reason: 'An invoice is missing', until: at },
    mails: { [email]: 'Grace acts in your place' },
    inApp: told([ada, 'Grace acts in your place']),
    link: null,
  },
  'a deleted organisation': {
    event: identity.OrganisationDeleted,
    data: { organisationId: newId(), name: 'Cells & Co', members: [ada.userId, victor.userId, newId()], version: 4 },
    mails: {
      [email]: 'Organisation “Cells & Co” was deleted',
      'victor@example.com': 'Organisation “Cells & Co” was deleted',
    },
    inApp: told([ada, 'Organisation “Cells & Co” was deleted'], [victor, 'Organisation “Cells & Co” was deleted']),
    link: 'https://ohmnibus.example.com/api/auth/memberships',
  },
  'a deleted account': {
    event: identity.UserDeleted,
    data: { userId: newId(), email: 'gone@example.com', locale: 'de', version: 3 },
    mails: { 'gone@example.com': 'Ihr Konto wurde gelöscht' },
  },
  'a passport of a person': {
    event: passports.PassportCreated,
    data: { ...passport, passport: { id, data }, owner: self },
    mails: { [email]: 'Passport BP-2024-011 was created' },
    inApp: told([ada, 'Passport BP-2024-011 was created']),
    link: passportLink,
  },
  // One order is told of once, at its end.
  'a thousand items of a model': {
    event: passports.PassportSerialised,
    data: {
      serialisationId: newId(),
      modelId: id,
      batchId: null,
      owner: self,
      category: 'EV',
      published: false,
      items: [{ passportId: newId(), identifier: 'LM3-1', serial: '1' }],
    },
  },
  'items of a model by the thousand': {
    event: passports.PassportSerialisationEnded,
    data: { serialisationId: newId(), modelId: id, model: 'LM3', owner: self, created: 2000, failed: 1 },
    mails: { [email]: 'Passports of LM3: 2000 were made' },
    inApp: told([ada, 'Passports of LM3: 2000 were made']),
    link: passportLink,
  },
  'a passport of an organisation': {
    event: passports.PassportCreated,
    data: { ...passport, passport: { id, data }, owner: company },
    mails: { [email]: 'Passport BP-2024-011 was created', 'grace@example.com': 'Pass BP-2024-011 wurde angelegt' },
    inApp: told(
      [ada, 'Passport BP-2024-011 was created'],
      [grace, 'Pass BP-2024-011 wurde angelegt'],
      [edith, 'Passport BP-2024-011 was created'],
      [victor, 'Passport BP-2024-011 was created'],
    ),
    link: passportLink,
  },
  'a changed passport': {
    event: passports.PassportUpdated,
    data: { ...passport, passport: { id, data }, owner: self, updatedFields: ['/a'] },
    inApp: told([ada, 'Passport BP-2024-011 was changed']),
    link: passportLink,
  },
  'a deleted passport': {
    event: passports.PassportDeleted,
    data: { ...passport, owner: self },
    mails: { [email]: 'Passport BP-2024-011 was deleted' },
    inApp: told([ada, 'Passport BP-2024-011 was deleted']),
    link: null,
  },
  'a published passport': {
    event: passports.PassportPublished,
    data: { ...passport, owner: self },
    mails: { [email]: 'Passport BP-2024-011 was published' },
    inApp: told([ada, 'Passport BP-2024-011 was published']),
    link: passportLink,
  },
  'a status that says what the publishing said': {
    event: passports.PassportStatusChanged,
    data: { ...passport, owner: self, status: 'published', formerStatus: 'draft' },
  },
  'an archived passport': {
    event: passports.PassportStatusChanged,
    data: { ...passport, owner: self, status: 'archived', formerStatus: 'published' },
    mails: { [email]: 'Passport BP-2024-011 was archived' },
    inApp: told([ada, 'Passport BP-2024-011 was archived']),
    link: passportLink,
  },
  'a shared passport': {
    event: passports.PassportShared,
    data: { ...passport, owner: self, reader: { kind: 'person', id: victor.userId }, shared: true },
    mails: {
      [email]: 'Passport BP-2024-011 was shared',
      'victor@example.com': 'Passport BP-2024-011 was shared with you',
    },
    inApp: told([ada, 'Passport BP-2024-011 was shared'], [victor, 'Passport BP-2024-011 was shared with you']),
    link: passportLink,
  },
  'a passport that somebody asks to read': {
    event: passports.PassportInterestChanged,
    data: { ...passport, owner: self, requestId: newId(), asker: { kind: 'person', id: victor.userId }, state: 'open' },
    mails: { [email]: 'Somebody asks to read passport BP-2024-011' },
    inApp: told([ada, 'Somebody asks to read passport BP-2024-011']),
    link: 'https://ohmnibus.example.com/console/passports/requests',
  },
  'a passport that somebody was refused to read': {
    event: passports.PassportInterestChanged,
    data: {
      ...passport,
      owner: self,
      requestId: newId(),
      asker: { kind: 'person', id: victor.userId },
      state: 'refused',
    },
    mails: { 'victor@example.com': 'You may not read passport BP-2024-011' },
    inApp: told([victor, 'You may not read passport BP-2024-011']),
    link: 'https://ohmnibus.example.com/console/passports/requests?as=asker',
  },
  'a passport shared with an address of somebody': {
    event: passports.PassportShared,
    data: {
      ...passport,
      owner: self,
      reader: { kind: 'person', id: victor.userId },
      shared: true,
      byAddress: true,
    },
    mails: { 'victor@example.com': 'Passport BP-2024-011 was shared with you' },
    inApp: told([victor, 'Passport BP-2024-011 was shared with you']),
    link: passportLink,
  },
  'a passport shared with an address of nobody': {
    event: passports.PassportReaderInvited,
    data: {
      passport: { id },
      owner: self,
      version: 1,
      invitationId: newId(),
      email: 'guest@example.com',
      locale: 'de',
    },
    mails: { 'guest@example.com': 'Ein Batteriepass wurde mit Ihnen geteilt' },
  },
  'a passport that moved': {
    event: passports.PassportMoved,
    data: { ...passport, owner: { kind: 'person', id: victor.userId }, formerOwner: self },
    mails: {
      [email]: 'Passport BP-2024-011 was moved',
      'victor@example.com': 'Passport BP-2024-011 was moved',
    },
    inApp: told([ada, 'Passport BP-2024-011 was moved'], [victor, 'Passport BP-2024-011 was moved']),
    link: passportLink,
  },
  'a new document': {
    event: documents.DocumentUploaded,
    data: {
      ...document,
      title: 'Proof',
      kind: 'other',
      contentType: 'application/pdf',
      sizeBytes: 1,
      sha256: '0'.repeat(64),
    },
    inApp: told([ada, 'Document “proof.pdf” was added']),
    link: documentLink,
  },
  'a changed document': {
    event: documents.DocumentUpdated,
    data: document,
    inApp: told([ada, 'Document “proof.pdf” was changed']),
    link: documentLink,
  },
  'a document that is infected': {
    event: documents.DocumentRefused,
    data: { ...document, found: 'Win.Test.EICAR_HDB-1', foundAt: at },
    mails: { [email]: 'Document “proof.pdf” was refused' },
    inApp: told([ada, 'Document “proof.pdf” was refused']),
    link: documentLink,
  },
  'a deleted document': {
    event: documents.DocumentDeleted,
    data: document,
    inApp: told([ada, 'Document “proof.pdf” was deleted']),
    link: null,
  },
}

/** Each as if its owner had published it; `eventIds` repeats one that was there before. */
export async function publishAll(p: Platform, names: string[], eventIds: Map<string, string>) {
  for (const name of names) {
    const { event, data } = cases[name]!
    await p.publish(event, data as never, undefined, eventIds.get(name))
  }
  await p.settle()
}

/** A platform that knows the codes and links of all cases. */
export async function withSecrets(t: Parameters<typeof open>[0], options?: Parameters<typeof open>[1]) {
  // Each message has a mail of its own here.
  const environment = { NOTIFICATION_DIGEST: '0s', ...options?.environment }
  const p = await open(t, { ...options, environment })
  p.codes.set(id, '123456')
  p.links.set(id, 'https://ohmnibus.example.com/invitations/secret')
  return p
}
