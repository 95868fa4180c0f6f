import { Problem } from '#kernel'

/** Why a request is refused, as RFC 7644 (table 9) names it. */
export type ScimType =
  | 'invalidFilter'
  | 'invalidPath'
  | 'invalidSyntax'
  | 'invalidValue'
  | 'mutability'
  | 'noTarget'
  | 'tooMany'
  | 'uniqueness'

export const refused = (scimType: ScimType, detail: string): Problem =>
  scimType === 'uniqueness'
    ? new Problem('conflict', 'scim_conflict', { detail, scimType })
    : new Problem('invalid', 'scim_invalid', { detail, scimType })

export const unknown = (what: string): Problem =>
  new Problem('not_found', 'scim_unknown', { detail: `There is no such ${what}.` })

export const stale = (): Problem =>
  new Problem('stale', 'version_stale', { detail: 'It has changed since. Read it again.' })

/** A problem as clients of SCIM read it (RFC 7644, 3.12). */
export const asScim = ({ status, message, details }: Problem) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
  status: String(status),
  ...(typeof details.scimType === 'string' && { scimType: details.scimType }),
  detail: message,
})
