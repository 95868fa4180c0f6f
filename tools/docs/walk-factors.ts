import type { Chapter } from './steps.ts'

/** What somebody proves with beside the password. No walk has an authenticator: what needs one is refused. */
export const factors: Chapter = {
  name: 'Second factors',
  steps: [
    { operation: 'postAuthStepUp', with: { password: 'password' }, keep: { token: 'accessToken' } },
    { operation: 'getAuthMfa' },
    { operation: 'postAuthMfaTotp' },
    { operation: 'postAuthMfaTotpVerify', status: 401 },
    { operation: 'deleteAuthMfaTotp', status: 404 },
    { operation: 'postAuthMfaRecoveryCodes', status: 409 },
    { operation: 'postAuthPasskeysOptions' },
    { operation: 'postAuthPasskeys', status: 401 },
    { operation: 'getAuthPasskeys' },
    { operation: 'patchAuthPasskeysById', status: 404 },
    { operation: 'deleteAuthPasskeysById', status: 404 },
    { operation: 'postAuthStepUpPasskey' },
    { operation: 'postAuthFactor', status: 401 },
    { operation: 'postAuthFactorPasskey', status: 401 },
    { operation: 'postAuthPasskeysSignInOptions' },
    { operation: 'postAuthPasskeysSignIn', status: 401 },
  ],
}
