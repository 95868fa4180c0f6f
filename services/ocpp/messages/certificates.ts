import { X509Certificate } from 'node:crypto'
import type { OcspRequestData } from '../certificates/ocsp.ts'
import type { Outside } from '../certificates/outside.ts'
import { sendSigned, signFor, type SigningRequest } from '../certificates/sign.ts'
import { handler, type Handlers, type Means } from './handler.ts'

type Signed = Awaited<ReturnType<typeof signFor>>
type Told<What extends keyof Outside> = Awaited<ReturnType<Outside[What]>>

/** The certificate follows as a call of its own (A02 and A03 of 1.6's security whitepaper and of 2.x). */
const signing = (refusal: (reason: string) => object) =>
  handler<SigningRequest, Signed>({
    prepare: ({ peer, payload }, means) => signFor(means, peer, payload),
    handle({ peer, payload, receivedAt }, _, { host }, signed) {
      if ('refused' in signed) return { answer: { status: 'Rejected', ...refusal(signed.refused) } }
      return { answer: { status: 'Accepted' }, write: sendSigned(host, peer, payload, signed, receivedAt) }
    },
  })

export const certificates16: Handlers = {
  SignCertificate: signing(() => ({})),
}

/** A Security and M Certificates of 2.x. */
export const certificates2: Handlers = {
  SignCertificate: signing(additionalInfo => ({ statusInfo: { reasonCode: 'InvalidCSR', additionalInfo } })),
  GetCertificateStatus: handler<{ ocspRequestData: OcspRequestData }, Told<'certificateStatus'>>({
    prepare: ({ peer, payload }, { outside }) => outside.certificateStatus(peer.ocppVersion, payload.ocspRequestData),
    handle: (_call, _known, _means, told) =>
      'failed' in told
        ? { answer: { status: 'Failed', statusInfo: told.failed } }
        : { answer: { status: 'Accepted', ocspResult: told.result } },
  }),
  Get15118EVCertificate: handler<object, Told<'evCertificate'>>({
    prepare: ({ peer, payload }, { outside }) => outside.evCertificate(peer.ocppVersion, payload),
    handle: (_call, _known, _means, told) =>
      'failed' in told ? { answer: { status: 'Failed', exiResponse: '', statusInfo: told.failed } } : told,
  }),
}

interface ChainStatus {
  certificateStatusRequests: {
    certificateHashData: Omit<OcspRequestData, 'responderURL'>
    source: 'CRL' | 'OCSP'
    urls: string[]
  }[]
}

const statuses = { good: 'Good', revoked: 'Revoked', unknown: 'Unknown' } as const

/** What the first that answers says of each certificate. Lists of what was revoked are not read. */
async function chainStatus({ certificateStatusRequests: asked }: ChainStatus, means: Means) {
  const issuers = (await means.authority.trusted()).map(pem => new X509Certificate(pem))
  return await Promise.all(
    asked.map(async ({ certificateHashData, source, urls }) => {
      for (const responderURL of source === 'OCSP' ? urls : []) {
        const told = await means.outside.judged({ ...certificateHashData, responderURL }, [
          ...means.contractRoots,
          ...issuers,
        ])
        if (!('failed' in told)) return told
      }
      return undefined
    }),
  )
}

export const certificates21: Handlers = {
  ...certificates2,
  GetCertificateChainStatus: handler<ChainStatus, Awaited<ReturnType<typeof chainStatus>>>({
    prepare: ({ payload }, means) => chainStatus(payload, means),
    handle: ({ payload, receivedAt }, _known, _means, told) => ({
      answer: {
        certificateStatus: payload.certificateStatusRequests.map(({ certificateHashData, source }, at) => ({
          certificateHashData,
          source,
          status: told[at] ? statuses[told[at].status] : 'Failed',
          nextUpdate: (told[at]?.nextUpdate ?? receivedAt).toISOString(),
        })),
      },
    }),
  }),
}
