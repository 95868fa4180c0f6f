import type { Problems } from '#kernel'
import { transferProblems } from '#money/transfers'

/** What vendors refuse with. */
export const problems = {
  ...transferProblems,
  vendor_unknown: ['not_found', 'There is no such vendor, or it is not for who asks.'],
  vendor_closed: ['conflict', 'Who sold here has left.'],
  vendor_state: ['conflict', 'As the vendor stands that cannot be decided.'],
  onboarding_incomplete: ['conflict', 'Something is still missing; the checklist of the profile says what.'],
  slug_taken: ['conflict', 'Another vendor has that name in addresses, or had it.'],
  iban_invalid: ['unprocessable', 'That is no account number: its form or its check digits are wrong.'],
  account_manager_required: ['forbidden', 'Of an organisation owners and admins see to its money.'],
  account_missing: ['conflict', 'The vendor has not said to which account earnings go.'],
  vendor_suspended: ['conflict', 'Nothing is paid out to a vendor that is suspended.'],
  payout_unknown: ['not_found', 'There is no such payout, or it is not for who asks.'],
  payout_short: ['conflict', 'Less than that can be paid out now.'],
  payout_amount: [
    'unprocessable',
    'No provider sends that amount: of currencies with three decimals the last digit is 0.',
  ],
  payout_not_owed: ['conflict', 'The vendor owes less than that, or less than that is left of the payout.'],
  payout_state: ['conflict', 'The payout is not in a state for that.'],
  payout_own: ['forbidden', 'Nobody approves what they asked for, or what goes to them.'],
  payout_file_unknown: ['not_found', 'There is no such file.'],
  payouts_none: ['conflict', 'Nothing waits for the bank.'],
  payer_account_missing: [
    'conflict',
    'From which account vendors are paid is not set: VENDORS_PAYOUT_IBAN and VENDORS_PAYOUT_HOLDER.',
  ],
  report_incomplete: [
    'conflict',
    'Of some sellers something is missing that the report has to say; `sellers` names them. With `leaveOut` it is made without them.',
  ],
  evidence_unknown: [
    'unprocessable',
    'There is no such document of one’s own, or a virus scanner has not let it pass.',
  ],
  rule_unknown: ['not_found', 'There is no such rule.'],
  rule_ended: ['conflict', 'The rule has ended already.'],
  rule_period: ['unprocessable', 'A rule begins now or later, and ends after its begin.'],
} satisfies Problems
