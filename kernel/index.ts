export {
  anyone,
  authorise,
  judgedElsewhere,
  mayRead,
  mayWrite,
  ownerFor,
  partiesOf,
  refuseForgery,
  signedIn,
  withRole,
  accessAudience,
  type AccessRule,
  type Actor,
  type Owned,
} from './access.ts'
export type { Cache, Limit } from './cache.ts'
export { Setting, type Settings } from './config.ts'
export { context, traceparent, within } from './context.ts'
export { violates, type Database, type Db, type Once, type Tx } from './database.ts'
export { sendFile } from './downloads.ts'
export type { Content, Files, Range } from './files.ts'
export { accessCookie, type Handler, type Http, type Reply, type Request } from './http.ts'
export type { EnqueueOptions, Job, JobHandler, JobOptions } from './jobs.ts'
export { cursorOf, isCount, isId, isInstant, isText, notModified, Page, page, pageQuery, requireMatch, type Cursor } from './lists.ts'
export type { Log } from './log.ts'
export type { Mail, Message } from './mail.ts'
export { clientHeader, serviceToken, type Peers } from './peers.ts'
export { Problem, StartError, fail, type Fault, type ProblemKind } from './problem.ts'
export { defineService, type Delivered, type Host, type Service } from './service.ts'
export { newId } from './ids.ts'
