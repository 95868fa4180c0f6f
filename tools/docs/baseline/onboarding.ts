import { row } from './row.ts'

const accounts = 'services/identity/accounts/accounts.test.ts'
const admins = 'services/identity/accounts/admins.test.ts'
const sessions = 'services/identity/sessions/sessions.test.ts'
const resetting = 'services/identity/passwords/resetting.test.ts'
const history = 'services/identity/history/history.test.ts'
const factors = 'services/identity/factors/factors.test.ts'
const passkeys = 'services/identity/factors/passkeys.test.ts'
const providers = 'services/identity/providers/providers.test.ts'
const organisations = 'services/identity/organisations/organisations.test.ts'
const ground = 'test/journeys/ground-floor.test.ts'

/** Onboarding and identity. */
export const onboarding = [
  row('I1', 'register', 'POST /api/auth/register', {
    [accounts]: [
      'somebody registers, proves the address with the code and is signed in',
      'known and unknown addresses get the same answers to the same requests; only the owner is told',
      'known and unknown addresses take the same time, because each is worth one hash',
    ],
  }),
  row('I2', 'prove the address by a code', 'POST /api/auth/verify-otp', {
    [accounts]: [
      'pre-account hijack through OTP: the password of a stranger is never bound by the code of the owner',
      'five wrong tries end a code, however many registrations claim the address',
    ],
  }),
  row('I3', 'another code', 'POST /api/auth/resend-otp', {
    [accounts]: ['a new code ends the old one, and the next takes longer to get'],
  }),
  row('I4', 'prove it by the link of the mail', 'GET /api/auth/verify/:token, POST /api/auth/verify/:token', {
    [accounts]: ['the link of the mail opens a page that proves nothing until its button is pressed'],
  }),
  row('I5', 'sign in', 'POST /api/auth/login', {
    [sessions]: [
      'signing in answers user and tokens, and sets cookies that scripts cannot read',
      'a wrong password and an unknown address are refused alike',
    ],
  }),
  row('I6', 'refresh, and what a replay ends', 'POST /api/auth/refresh', {
    [sessions]: [
      'for ten seconds a spent token answers the same successor; replayed later it ends the session, at once and for good',
    ],
    [history]: ['stolen refresh token used after rotation: the family ends, for the thief and for the owner'],
  }),
  row('I7', 'sign out, here or everywhere', 'POST /api/auth/logout', {
    [sessions]: ['signed-out session refused at once, in this process and in others; everywhere ends all'],
  }),
  row('I8', 'a forgotten password', 'POST /api/auth/forgot-password', {
    [resetting]: [
      'who is disabled, who has no account and who has only registered get the mail that helps them, and all the same answer',
      'asking for a new password takes the same time for known and unknown addresses',
    ],
  }),
  row('I9', 'set it anew', 'POST /api/auth/reset-password', {
    [resetting]: [
      'a forgotten password is set anew by the link: all sessions end, the owner is told, nobody is signed in by it',
    ],
  }),
  row(
    'I10',
    'the profile, the password, the address',
    'GET /api/auth/profile, PATCH /api/auth/profile, POST /api/auth/password, /api/auth/email',
    {
      [accounts]: [
        'a profile is read and changed by its owner, and stale changes are refused',
        'a change of password asks for the present one and ends all other sessions',
        'another address is taken after the password and a code that goes there',
      ],
    },
  ),
  row('I11', 'own sessions', 'GET /api/auth/sessions, DELETE /api/auth/sessions/:id', {
    [sessions]: ['one sees and ends own sessions, and only those'],
  }),
  row('I12', 'figures of signing in', 'GET /api/auth/metrics', {
    'services/identity/entrance/entrance.test.ts': [
      'an admin sees how signing in goes: counts, rates and times, without anybody in them',
    ],
    [sessions]: ['attempts are counted by method, outcome and reason'],
  }),
  row('I13', 'published keys', 'GET /.well-known/jwks.json, /.well-known/openid-configuration', {
    [sessions]: [
      'the published keys verify tokens, and rotation loses nobody',
      'after a rotation elsewhere tokens are signed with the new key within a minute',
    ],
  }),
  row(
    'I14',
    'second factors',
    'POST /api/auth/mfa/totp, /api/auth/mfa/totp/verify, /api/auth/mfa/recovery-codes, /api/auth/passkeys',
    {
      [factors]: [
        'TOTP replay: a code works once, also for two who send it at once, and none before it works then',
        'a recovery code works once, in capitals and without lines too; the owner is told',
      ],
      [passkeys]: [
        'a passkey is a second factor behind the password, and the only one where it makes sure who holds it',
      ],
    },
  ),
  row('I15', 'sign in by other providers', 'GET /api/auth/oauth/:provider, /api/auth/oauth/:provider/callback', {
    [providers]: [
      'who proves the address at a provider has an account and a session, and comes back to the same one',
      'replayed code: an answer of a provider is good once, in the browser that left',
    ],
  }),
  row(
    'I16',
    'organisations',
    `POST /api/auth/organisations, GET /api/auth/organisations, /api/auth/organisations/:id/members, POST
      /api/auth/organisations/:id/invitations, /api/auth/organisations/:id/switch`,
    {
      [organisations]: [
        'who founds an organisation owns it; others do not learn that it exists',
        'an invitation goes by mail and makes a member of the one who was invited, once',
        'the token carries the organisation one has switched to, until one switches back',
      ],
      [admins]: ['ADMIN_EMAIL and ADMIN_PASSWORD make the first admin, and must both be good'],
      [ground]: ['an organisation: invite by mail, accept, act for it, and lose it at once'],
    },
  ),
]
