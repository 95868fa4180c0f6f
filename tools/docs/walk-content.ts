import type { Step } from './steps.ts'

const sections = ['Blog', 'Help', 'Tutorials', 'Jobs'] as const

/** From draft to readers, and to who applies. */
export const articles: readonly Step[] = sections.flatMap(section => {
  const one = { slug: `${section.toLowerCase()}Id` }
  const of = (method: string, rest = '') => `${method}Content${section}BySlug${rest}`
  return [
    { operation: `postContent${section}`, keep: { [one.slug]: 'id' } },
    { operation: of('post', 'Publish'), with: one },
    { operation: `getContent${section}` },
    { operation: `getContent${section}Count` },
    { operation: of('get'), with: one },
    { operation: of('put'), with: one },
    { operation: of('get', 'Versions'), with: one },
    { operation: of('get', 'VersionsByVersion'), with: one },
    ...(section === 'Help' ? [{ operation: of('post', 'Helpful'), with: one }] : []),
    ...(section === 'Tutorials'
      ? [
          { operation: of('put', 'Progress'), with: one, status: 400 },
          { operation: of('get', 'Progress'), with: one },
        ]
      : []),
    ...(section === 'Jobs'
      ? [
          // The file of the collection is a text, which is no application.
          { operation: of('post', 'Apply'), with: one, status: 415 },
          { operation: of('get', 'Applications'), with: one },
          { operation: of('get', 'ApplicationsCount'), with: one },
          { operation: 'getContentApplicationsById', status: 404 },
          { operation: 'patchContentApplicationsById', status: 404 },
          { operation: 'getContentApplicationsByIdFile', status: 404 },
          { operation: 'deleteContentApplicationsById', status: 404 },
        ]
      : []),
    { operation: of('post', 'Withdraw'), with: one },
    { operation: of('delete'), with: one },
  ]
})
