import type { Chapter } from './steps.ts'

/** Somebody who wants to sell, is let in, and what the platform keeps of what they sell. */
export const vendors: Chapter = {
  name: 'A vendor',
  steps: [
    { operation: 'putOrdersSeller' },
    { operation: 'postPassports', keep: { evidencePassportId: 'id' } },
    {
      operation: 'postDocumentsUpload',
      with: { passportId: 'evidencePassportId' },
      keep: { evidenceId: 'docId' },
    },
    { operation: 'putVendorsProfile', with: { 'evidence.0': 'evidenceId' }, keep: { vendorId: 'vendorId' } },
    { operation: 'getVendorsProfile' },
    { operation: 'postVendorsProfileSubmit' },
    { operation: 'getVendorsApplications' },
    { operation: 'postVendorsByIdReject', with: { id: 'vendorId' } },
    { operation: 'postVendorsByIdApprove', with: { id: 'vendorId' } },
    { operation: 'getVendors' },
    { operation: 'getVendorsById', with: { id: 'vendorId' } },
    { operation: 'postVendorsByIdSuspend', with: { id: 'vendorId' } },
    { operation: 'postVendorsByIdReinstate', with: { id: 'vendorId' } },
    { operation: 'getAdminVendors' },
    { operation: 'postAdminVendorsByIdSuspend', with: { id: 'vendorId' } },
    { operation: 'postAdminVendorsByIdReinstate', with: { id: 'vendorId' } },
    { operation: 'postAdminVendorsByIdApprove', with: { id: 'vendorId' }, status: 409 },
    { operation: 'postAdminVendorsByIdReject', with: { id: 'vendorId' }, status: 409 },
    { operation: 'getVendorsByIdDecisions', with: { id: 'vendorId' } },
    { operation: 'getVendorsAnalytics' },
    { operation: 'getVendorsEarnings' },
    { operation: 'getVendorsEarningsPostings' },
    { operation: 'postVendorsCommissionRules', keep: { ruleId: 'id' } },
    { operation: 'getVendorsCommissionRules' },
    { operation: 'getVendorsCommission' },
    { operation: 'deleteVendorsCommissionRulesById', with: { id: 'ruleId' } },
  ],
}
