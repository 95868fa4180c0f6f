import type { Problems } from '#kernel'

/** What vendors refuse with. */
export const problems = {
  vendor_unknown: ['not_found', 'There is no such vendor, or it is not for who asks.'],
  vendor_closed: ['conflict', 'Who sold here has left.'],
  vendor_state: ['conflict', 'As the vendor stands that cannot be decided.'],
  onboarding_incomplete: ['conflict', 'Something is still missing; the checklist of the profile says what.'],
  slug_taken: ['conflict', 'Another vendor has that name in addresses, or had it.'],
  iban_invalid: ['unprocessable', 'That is no account number: its form or its check digits are wrong.'],
  evidence_unknown: [
    'unprocessable',
    'There is no such document of one’s own, or a virus scanner has not let it pass.',
  ],
  rule_unknown: ['not_found', 'There is no such rule.'],
  rule_ended: ['conflict', 'The rule has ended already.'],
  rule_period: ['unprocessable', 'A rule begins now or later, and ends after its begin.'],
} satisfies Problems
