import type { Chapter } from './steps.ts'

/** A morning of who runs the platform. */
export const admins: Chapter = {
  name: 'Run the platform',
  steps: [
    { operation: 'getAdminDashboard' },
    { operation: 'getAdminUsers' },
    { operation: 'getAdminUsersCount' },
    { operation: 'postAdminSettings', keep: { settingKey: 'key' } },
    { operation: 'getAdminSettings' },
    { operation: 'getAdminSettingsByKey', with: { key: 'settingKey' } },
    { operation: 'putAdminSettingsByKey', with: { key: 'settingKey' } },
    { operation: 'getAdminSettingsByKeyHistory', with: { key: 'settingKey' } },
    { operation: 'postAdminSwitches', keep: { switchName: 'name' } },
    { operation: 'getAdminSwitches' },
    { operation: 'putAdminSwitchesByName', with: { name: 'switchName' } },
    { operation: 'getAdminSwitchesByNameHistory', with: { name: 'switchName' } },
    { operation: 'getAdminFeatures' },
    { operation: 'getAdminAudit' },
    { operation: 'getAdminAuditVerify' },
    { operation: 'getAdminAuditExport' },
    { operation: 'getAdminEvents', keep: { eventPosition: 'items.0.position' } },
    { operation: 'getAdminEventsByPosition', with: { position: 'eventPosition' } },
    { operation: 'getAdminDeadLetters' },
    // Nothing of it failed.
    { operation: 'postAdminDeadLettersReplay', status: 409 },
  ],
}
