import { handler, type Handlers } from './handler.ts'

const none = { reasonCode: 'NotEnabled', additionalInfo: 'No certificates are issued here.' }

/** A02 of 1.6's security whitepaper: there is nobody here who signs. */
export const certificates16: Handlers = {
  SignCertificate: handler({ handle: () => ({ answer: { status: 'Rejected' } }) }),
}

/** A Security and M Certificates of 2.x. */
export const certificates2: Handlers = {
  SignCertificate: handler({ handle: () => ({ answer: { status: 'Rejected', statusInfo: none } }) }),
  GetCertificateStatus: handler({ handle: () => ({ answer: { status: 'Failed', statusInfo: none } }) }),
  Get15118EVCertificate: handler({
    handle: () => ({ answer: { status: 'Failed', exiResponse: '', statusInfo: none } }),
  }),
}

interface ChainStatus {
  certificateStatusRequests: { certificateHashData: object; source: string }[]
}

export const certificates21: Handlers = {
  ...certificates2,
  GetCertificateChainStatus: handler<ChainStatus>({
    handle: ({ payload, receivedAt }) => ({
      answer: {
        certificateStatus: payload.certificateStatusRequests.map(({ certificateHashData, source }) => ({
          certificateHashData,
          source,
          status: 'Failed',
          nextUpdate: receivedAt.toISOString(),
        })),
      },
    }),
  }),
}
