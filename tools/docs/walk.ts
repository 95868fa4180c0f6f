import type { Chapter, Step } from './steps.ts'
import { bookings } from './walk-bookings.ts'
import { market } from './walk-shop.ts'
import { company } from './walk-company.ts'
import { machines } from './walk-machines.ts'
import { people } from './walk-users.ts'
import { chargers } from './walk-chargers.ts'
import { articles } from './walk-content.ts'
import { admins } from './walk-admin.ts'

export type { Chapter, Step }

const signInAda: Step = {
  operation: 'postAuthLogin',
  with: { email: 'newAddress' },
  keep: { adaToken: 'accessToken' },
  mail: true,
}
const invitation = { id: 'organisationId', email: 'newAddress' }
const invited = { to: 'newAddress', token: 'invitationToken' }
const member = { id: 'organisationId', userId: 'adaId' }

/** Through the product, so that each request finds what it is about. What no step names comes by itself, behind the sign-in. */
export const walk: readonly Chapter[] = [
  {
    name: 'Is it there',
    steps: [
      { operation: 'getHealthLive' },
      { operation: 'getHealthReady' },
      { operation: 'getHealth' },
      { operation: 'getWellKnownJwksJson' },
      { operation: 'getWellKnownOpenidConfiguration' },
    ],
  },
  {
    name: 'Sign in',
    steps: [
      {
        operation: 'postAuthLogin',
        with: { email: 'email', password: 'password' },
        keep: { token: 'accessToken', refreshToken: 'refreshToken' },
      },
      {
        operation: 'postAuthRefresh',
        with: { refreshToken: 'refreshToken' },
        keep: { token: 'accessToken', refreshToken: 'refreshToken' },
      },
      { operation: 'getAuthProfile' },
    ],
  },
  {
    name: 'A new account',
    steps: [
      { operation: 'postAuthRegister', with: { email: 'ada' }, mail: true },
      { operation: 'postAuthResendOtp', with: { email: 'ada' }, mail: true },
      {
        operation: 'postAuthVerifyOtp',
        with: { email: 'ada', otp: 'otp' },
        keep: { adaToken: 'accessToken', adaId: 'user.id' },
        mail: { to: 'ada', code: 'otp' },
      },
      { operation: 'getAuthProfile', as: 'ada', keep: { profileTag: 'ETag' }, mail: true },
      { operation: 'patchAuthProfile', as: 'ada', with: { 'If-Match': 'profileTag' }, mail: true },
      { operation: 'postAuthPassword', as: 'ada', mail: true },
      { operation: 'postAuthEmail', as: 'ada', with: { email: 'newAddress' }, mail: true },
      { operation: 'postAuthEmailVerify', as: 'ada', with: { otp: 'otp' }, mail: { to: 'newAddress', code: 'otp' } },
      { operation: 'postAuthForgotPassword', with: { email: 'newAddress' }, mail: true },
      {
        operation: 'postAuthResetPassword',
        with: { token: 'resetToken' },
        mail: { to: 'newAddress', token: 'resetToken' },
      },
      signInAda,
      { operation: 'postAuthLogin', with: { email: 'newAddress' }, mail: true },
      { operation: 'getAuthSessions', as: 'ada', keep: { sessionId: 'items.0.id' }, mail: true },
      { operation: 'deleteAuthSessionsById', as: 'ada', with: { id: 'sessionId' }, mail: true },
      { operation: 'postAuthRegister', with: { email: 'grace' }, mail: true },
      {
        operation: 'getAuthVerifyByToken',
        with: { token: 'verifyToken' },
        mail: { to: 'grace', token: 'verifyToken' },
      },
      { operation: 'postAuthVerifyByToken', with: { token: 'verifyToken' }, mail: true },
    ],
  },
  {
    name: 'Organisations',
    steps: [
      { operation: 'postAuthOrganisations', keep: { organisationId: 'id' } },
      { operation: 'getAuthOrganisations' },
      { operation: 'getAuthOrganisationsById', with: { id: 'organisationId' }, keep: { organisationTag: 'ETag' } },
      {
        operation: 'patchAuthOrganisationsById',
        with: { id: 'organisationId', 'If-Match': 'organisationTag' },
      },
      {
        operation: 'postAuthOrganisationsByIdSwitch',
        with: { id: 'organisationId' },
        keep: { token: 'accessToken' },
      },
      { operation: 'postAuthOrganisationsPersonalSwitch', keep: { token: 'accessToken' } },
      ...machines,
      { operation: 'getAuthOrganisationsByIdMembers', with: { id: 'organisationId' } },
      {
        operation: 'postAuthOrganisationsByIdInvitations',
        with: { id: 'organisationId' },
        keep: { invitationId: 'id' },
      },
      { operation: 'getAuthOrganisationsByIdInvitations', with: { id: 'organisationId' } },
      {
        operation: 'deleteAuthOrganisationsByIdInvitationsByInvitationId',
        with: { id: 'organisationId', invitationId: 'invitationId' },
      },
      { operation: 'postAuthOrganisationsByIdInvitations', with: invitation, mail: true },
      { operation: 'getAuthInvitationsByToken', with: { token: 'invitationToken' }, mail: invited },
      { operation: 'postAuthInvitationsAccept', as: 'ada', with: { token: 'invitationToken' }, mail: true },
      { operation: 'putAuthOrganisationsByIdMembersByUserId', with: member, mail: true },
      { operation: 'deleteAuthOrganisationsByIdMembersByUserId', with: member, mail: true },
      signInAda,
      { operation: 'postAuthOrganisationsByIdInvitations', with: invitation, mail: true },
      { operation: 'postAuthInvitationsByToken', as: 'ada', with: { token: 'invitationToken' }, mail: invited },
    ],
  },
  {
    name: 'Accounts, as an admin',
    steps: [
      { operation: 'getAuthUsers' },
      { operation: 'getAuthMetrics' },
      { operation: 'putAuthUsersByIdRole', with: { id: 'adaId' }, keep: { accountTag: 'ETag' }, mail: true },
      { operation: 'putAuthUsersByIdDisabled', with: { id: 'adaId', 'If-Match': 'accountTag' }, mail: true },
      { operation: 'postAuthLogin', with: { email: 'grace' }, keep: { adaToken: 'accessToken' }, mail: true },
      { operation: 'deleteAuthProfile', as: 'ada', mail: true },
    ],
  },
  ...chargers,
  {
    name: 'Passports for an organisation',
    steps: [
      {
        operation: 'postPassports',
        with: { 'data.generalInformation.batteryIdentifier': 'identifier' },
        keep: { movedId: 'id' },
      },
      { operation: 'postPassportsByIdMove', with: { id: 'movedId', organisationId: 'organisationId' } },
      { operation: 'postPassports', keep: { movedId: 'id' } },
      { operation: 'postPassportsMove', with: { 'ids.0': 'movedId', organisationId: 'organisationId' } },
    ],
  },
  {
    name: 'A battery passport',
    steps: [
      {
        operation: 'postPassports',
        with: { 'data.generalInformation.batteryIdentifier': 'identifier' },
        keep: { passportId: 'id' },
      },
      { operation: 'getPassports' },
      { operation: 'getPassportsById', with: { id: 'passportId' }, keep: { passportTag: 'ETag' } },
      {
        operation: 'putPassportsById',
        with: {
          id: 'passportId',
          'If-Match': 'passportTag',
          'data.generalInformation.batteryIdentifier': 'identifier',
        },
        keep: { passportTag: 'ETag' },
      },
      { operation: 'getPassportsByIdVersions', with: { id: 'passportId' } },
      {
        operation: 'putPassportsByIdReadersByReaderId',
        with: { id: 'passportId', readerId: 'organisationId' },
      },
      { operation: 'postPassportsByIdReaders', with: { id: 'passportId' } },
      { operation: 'getPassportsByIdReaders', with: { id: 'passportId' } },
      {
        operation: 'deletePassportsByIdReadersByReaderId',
        with: { id: 'passportId', readerId: 'organisationId' },
      },
    ],
  },
  {
    name: 'Its documents',
    steps: [
      {
        operation: 'postDocumentsUpload',
        with: { passportId: 'passportId' },
        keep: { docId: 'docId', documentTag: 'ETag' },
      },
      { operation: 'getDocuments' },
      { operation: 'getDocumentsByDocId', with: { docId: 'docId' } },
      {
        operation: 'putDocumentsByDocId',
        with: { docId: 'docId', 'If-Match': 'documentTag', passportId: 'passportId' },
        keep: { documentTag: 'ETag' },
      },
      {
        operation: 'putDocumentsByDocIdFile',
        with: { docId: 'docId', 'If-Match': 'documentTag' },
        keep: { documentTag: 'ETag' },
      },
      // They go with their passport.
      {
        operation: 'postDocumentsByDocIdMove',
        with: { docId: 'docId', organisationId: 'organisationId' },
        status: 409,
      },
      { operation: 'postDocumentsMove', with: { 'ids.0': 'docId', organisationId: 'organisationId' }, status: 409 },
      { operation: 'deleteDocumentsByDocId', with: { docId: 'docId', 'If-Match': 'documentTag' } },
    ],
  },
  {
    name: 'Its life',
    steps: [
      {
        operation: 'postPassportsByIdPublish',
        with: { id: 'passportId', 'If-Match': 'passportTag' },
        keep: { passportTag: 'ETag' },
      },
      { operation: 'deletePassportsById', with: { id: 'passportId', 'If-Match': 'passportTag' } },
    ],
  },
  {
    name: 'Stations',
    steps: [
      { operation: 'postStationsSites', keep: { siteId: 'id', siteTag: 'ETag' } },
      { operation: 'getStationsSites' },
      { operation: 'getStationsSitesById', with: { id: 'siteId' } },
      { operation: 'putStationsSitesById', with: { id: 'siteId', 'If-Match': 'siteTag' }, keep: { siteTag: 'ETag' } },
      {
        operation: 'postStations',
        with: { siteId: 'siteId', chargerId: 'newCharger' },
        keep: { stationId: 'id', stationTag: 'ETag' },
      },
      { operation: 'getStations' },
      { operation: 'getStationsCount' },
      { operation: 'getStationsNearby' },
      { operation: 'getStationsById', with: { id: 'stationId' } },
      {
        operation: 'putStationsById',
        with: { id: 'stationId', siteId: 'siteId', chargerId: 'newCharger', 'If-Match': 'stationTag' },
        keep: { stationTag: 'ETag' },
      },
      { operation: 'getStationsStream', endless: true },
      { operation: 'getStationsByIdStream', with: { id: 'stationId' }, endless: true },
      { operation: 'postStationsByIdExclusions', with: { id: 'stationId' }, keep: { exclusionId: 'id' } },
      { operation: 'getStationsByIdExclusions', with: { id: 'stationId' } },
      {
        operation: 'deleteStationsByIdExclusionsByExclusionId',
        with: { id: 'stationId', exclusionId: 'exclusionId' },
      },
      { operation: 'postMaintenanceIncidents', with: { stationId: 'stationId' }, keep: { incidentId: 'id' } },
      { operation: 'getMaintenanceIncidents' },
      { operation: 'getMaintenanceIncidentsCount' },
      { operation: 'getMaintenanceIncidentsById', with: { id: 'incidentId' }, keep: { incidentTag: 'ETag' } },
      { operation: 'postMaintenanceIncidentsByIdRemedies', with: { id: 'incidentId' } },
      { operation: 'postMaintenanceIncidentsByIdClose', with: { id: 'incidentId', 'If-Match': 'incidentTag' } },
      { operation: 'postMaintenanceTechnicians', keep: { technicianId: 'id', technicianTag: 'ETag' } },
      { operation: 'getMaintenanceTechnicians' },
      { operation: 'getMaintenanceTechniciansCount' },
      { operation: 'getMaintenanceTechniciansById', with: { id: 'technicianId' } },
      { operation: 'putMaintenanceTechniciansById', with: { id: 'technicianId', 'If-Match': 'technicianTag' } },
      {
        operation: 'postMaintenanceTickets',
        with: { incidentId: 'incidentId', stationId: 'stationId' },
        keep: { ticketId: 'id', ticketTag: 'ETag' },
      },
      { operation: 'getMaintenanceTickets' },
      { operation: 'getMaintenanceTicketsCount' },
      { operation: 'getMaintenanceTicketsById', with: { id: 'ticketId' } },
      { operation: 'getMaintenanceTicketsByIdProposals', with: { id: 'ticketId' } },
      { operation: 'putMaintenanceTicketsByIdPriority', with: { id: 'ticketId' } },
      { operation: 'getMaintenanceSla', keep: { slaTag: 'ETag' } },
      { operation: 'putMaintenanceSla', with: { 'If-Match': 'slaTag' } },
      {
        operation: 'postMaintenanceTicketsByIdAssign',
        with: { id: 'ticketId', technicianId: 'technicianId', 'If-Match': 'ticketTag' },
      },
      { operation: 'postMaintenanceTicketsByIdStart', with: { id: 'ticketId' } },
      { operation: 'postMaintenanceParts', with: { number: 'card' }, keep: { partId: 'id', partTag: 'ETag' } },
      { operation: 'getMaintenanceParts' },
      { operation: 'getMaintenancePartsCount' },
      { operation: 'getMaintenancePartsById', with: { id: 'partId' } },
      { operation: 'putMaintenancePartsById', with: { id: 'partId', number: 'card', 'If-Match': 'partTag' } },
      { operation: 'postMaintenanceTicketsByIdParts', with: { id: 'ticketId', partId: 'partId' } },
      { operation: 'postMaintenanceWorks', with: { stationId: 'stationId' }, keep: { workId: 'id' } },
      { operation: 'getMaintenanceWorks' },
      { operation: 'getMaintenanceWorksCount' },
      { operation: 'getMaintenanceWorksById', with: { id: 'workId' } },
      { operation: 'postMaintenanceWorksByIdCancel', with: { id: 'workId' } },
      { operation: 'postMaintenanceTicketsByIdWait', with: { id: 'ticketId' } },
      { operation: 'postMaintenanceTicketsByIdResolve', with: { id: 'ticketId' } },
      { operation: 'postMaintenanceTicketsByIdComments', with: { id: 'ticketId' } },
      { operation: 'postMaintenanceTicketsByIdClose', with: { id: 'ticketId' } },
      { operation: 'postMaintenanceTicketsByIdReopen', with: { id: 'ticketId' } },
      { operation: 'deleteMaintenanceTechniciansById', with: { id: 'technicianId' } },
      { operation: 'getStationsByIdUptime', with: { id: 'stationId' } },
      { operation: 'getStationsExport' },
      { operation: 'postStationsImport', keep: { importId: 'id' } },
      { operation: 'getStationsImportsById', with: { id: 'importId' } },
      // What charging costs there.
      { operation: 'putBillingSeller', keep: { sellerTag: 'ETag' } },
      { operation: 'getBillingSeller' },
      { operation: 'postBillingGroups', keep: { groupId: 'id', groupTag: 'ETag' } },
      { operation: 'getBillingGroups' },
      { operation: 'getBillingGroupsById', with: { id: 'groupId' } },
      {
        operation: 'putBillingGroupsById',
        with: { id: 'groupId', 'If-Match': 'groupTag' },
        keep: { groupTag: 'ETag' },
      },
      {
        operation: 'postBillingTariffs',
        with: { 'uses.0.stationId': 'stationId', 'uses.0.groupId': 'groupId' },
        keep: { tariffId: 'id', tariffTag: 'ETag' },
      },
      { operation: 'getBillingTariffs' },
      { operation: 'getBillingTariffsById', with: { id: 'tariffId' } },
      {
        operation: 'putBillingTariffsById',
        with: {
          id: 'tariffId',
          'If-Match': 'tariffTag',
          'uses.0.stationId': 'stationId',
          'uses.0.groupId': 'groupId',
        },
        keep: { tariffTag: 'ETag' },
      },
      { operation: 'postBillingQuote', with: { stationId: 'stationId' } },
      { operation: 'getBillingAdHocByStationIdQrSvg', with: { stationId: 'stationId' } },
      { operation: 'getBillingAdHocByStationIdSignsPdf', with: { stationId: 'stationId' } },
      // What terminals say they sign, and no collection can.
      { operation: 'postBillingTerminals', keep: { terminalId: 'id' } },
      { operation: 'getBillingTerminals' },
      { operation: 'postBillingTerminalsByIdAuthorised', with: { id: 'terminalId' }, status: 401 },
      {
        operation: 'getBillingTerminalsByIdAuthorisationsByReference',
        with: { id: 'terminalId' },
        status: 401,
      },
      { operation: 'getBillingTerminalsByIdToDo', with: { id: 'terminalId' }, status: 401 },
      { operation: 'postBillingTerminalsByIdStop', with: { id: 'terminalId' }, status: 401 },
      { operation: 'postBillingTerminalsByIdCancelled', with: { id: 'terminalId' }, status: 401 },
      { operation: 'postBillingTerminalsByIdCaptured', with: { id: 'terminalId' }, status: 401 },
      { operation: 'postBillingTerminalsByIdUncaptured', with: { id: 'terminalId' }, status: 401 },
      { operation: 'postBillingTerminalsByIdSecret', with: { id: 'terminalId' } },
      { operation: 'deleteBillingTerminalsById', with: { id: 'terminalId' } },
      { operation: 'deleteBillingTariffsById', with: { id: 'tariffId', 'If-Match': 'tariffTag' } },
      { operation: 'deleteBillingGroupsById', with: { id: 'groupId', 'If-Match': 'groupTag' } },
      ...bookings,
      { operation: 'postStationsByIdMove', with: { id: 'stationId', organisationId: 'organisationId' } },
      { operation: 'postStationsMove', with: { 'ids.0': 'stationId', organisationId: 'organisationId' } },
      { operation: 'deleteStationsById', with: { id: 'stationId' } },
      { operation: 'deleteStationsSitesById', with: { id: 'siteId', 'If-Match': 'siteTag' } },
    ],
  },
  {
    name: 'Money of a driver',
    steps: [
      { operation: 'getBillingWallet' },
      { operation: 'postBillingWalletTopUps', keep: { topUpId: 'id' } },
      { operation: 'getBillingWalletTopUpsById', with: { id: 'topUpId' } },
      // Nobody has paid yet, and nobody has charged.
      { operation: 'getBillingWalletPostings', status: 404 },
      { operation: 'postBillingWalletRefunds', status: 404 },
      { operation: 'getBillingCharges' },
      { operation: 'getBillingSales' },
      { operation: 'getBillingChargesBySessionId', status: 404 },
      { operation: 'getBillingInvoicing' },
      { operation: 'putBillingInvoicing' },
      { operation: 'getBillingInvoices' },
      { operation: 'getBillingInvoicesById', status: 404 },
      { operation: 'getBillingInvoicesByIdUbl', status: 404 },
      { operation: 'getBillingInvoicesByIdPdf', status: 404 },
      { operation: 'postBillingWebhooksDeadByIdReplay', status: 404 },
    ],
  },
  { name: 'What people have', steps: people },
  admins,
  ...market,
  { name: 'A company that pays for its employees', steps: company },
  { name: 'What readers get', steps: articles },
  {
    name: 'Notifications',
    steps: [
      { operation: 'getNotifications', keep: { notificationId: 'items.0.id' } },
      { operation: 'postNotificationsByIdRead', with: { id: 'notificationId' } },
      { operation: 'postNotificationsReadAll' },
      { operation: 'getNotificationsStream', endless: true },
      { operation: 'getNotificationsPreferences', keep: { preferencesTag: 'ETag' } },
      { operation: 'putNotificationsPreferences', with: { 'If-Match': 'preferencesTag' } },
      { operation: 'postNotificationsWebhooks', with: { url: 'baseUrl' }, keep: { webhookId: 'id' } },
      { operation: 'getNotificationsWebhooks' },
      { operation: 'getNotificationsWebhooksById', with: { id: 'webhookId' } },
      { operation: 'putNotificationsWebhooksById', with: { id: 'webhookId', url: 'baseUrl' } },
      { operation: 'postNotificationsWebhooksByIdTest', with: { id: 'webhookId' } },
      { operation: 'postNotificationsWebhooksByIdSecret', with: { id: 'webhookId' } },
      { operation: 'getNotificationsWebhooksByIdCalls', with: { id: 'webhookId' } },
      { operation: 'postNotificationsWebhooksByIdCallsByCallIdReplay', with: { id: 'webhookId' }, status: 404 },
      { operation: 'postNotificationsWebhooksByIdReplay', with: { id: 'webhookId' } },
      { operation: 'deleteNotificationsWebhooksById', with: { id: 'webhookId' } },
      { operation: 'getNotificationsDeliveries', keep: { deliveryId: 'items.0.id' } },
      // What was sent is not sent again.
      { operation: 'postNotificationsDeliveriesByIdReplay', with: { id: 'deliveryId' }, status: 409 },
    ],
  },
  {
    name: 'Operations',
    steps: [
      { operation: 'getEventsSubscriptions', keep: { subscription: 'items.0.subscription' } },
      { operation: 'postEventsSubscriptionsReplay', with: { subscription: 'subscription' } },
      { operation: 'getEventsDeadLetters' },
      // Where all is well there are none.
      { operation: 'postEventsDeadLettersByIdReplay', status: 404 },
      { operation: 'deleteEventsDeadLettersById', status: 404 },
    ],
  },
  {
    name: 'Sign out',
    steps: [
      // One that holds nothing.
      { operation: 'postAuthOrganisations', keep: { emptyId: 'id' } },
      { operation: 'getAuthOrganisationsById', with: { id: 'emptyId' }, keep: { emptyTag: 'ETag' } },
      { operation: 'deleteAuthOrganisationsById', with: { id: 'emptyId', 'If-Match': 'emptyTag' } },
      { operation: 'postAuthLogout', as: 'oneself' },
      { operation: 'getAuthProfile', status: 401 },
    ],
  },
]
