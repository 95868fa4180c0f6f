import type { Chapter } from './steps.ts'

const version = { id: 'termsId' }

/** A version of terms that holds one day: read by everybody, answered by nobody before its time, and taken back. */
export const terms: Chapter = {
  name: 'Terms and consents',
  steps: [
    { operation: 'postAuthTerms', keep: { termsId: 'id' } },
    { operation: 'getAuthTerms' },
    { operation: 'getAuthTermsById', with: version },
    { operation: 'getAuthTermsVersions' },
    { operation: 'getAuthAgreements' },
    { operation: 'postAuthAgreements', with: { 'answers.0.termsId': 'termsId' }, status: 409 },
    { operation: 'getAuthAgreementsHistory' },
    { operation: 'getAuthTermsByIdAnswers', with: version },
    { operation: 'getAuthUsersByIdAgreements' },
    { operation: 'deleteAuthTermsById', with: version },
  ],
}
