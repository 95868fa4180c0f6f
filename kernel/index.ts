export { accessAudience, anyone, anyoneAsThemselves, bearerOf, evenActing, fresh } from './access/access.ts'
export { judgedElsewhere, refuseForgery, signedIn, signedInBeforeTerms, signedInSomehow } from './access/access.ts'
export { withRole, type AccessRule, type Actor, type Visitor } from './access/access.ts'
export { openSwitches } from './access/switches.ts'
export { digestOfKey, isKey, newKey, startOfKeys } from './access/machines.ts'
export { authorise, mayRead, mayWrite, organisationFor, ownerFor, partiesOf, type Owned } from './access/ownership.ts'
export type { Cache, Limit } from './cache/cache.ts'
export { Setting, type Settings } from './config/settings.ts'
export { cellOf, Column, faultHead, fileOf, meaning, readLine, shown } from './imports/columns.ts'
export type { Columns, Line, LineFault } from './imports/columns.ts'
export { jsonDelimiter } from './imports/json-lines.ts'
export { context, traceparent, within } from './telemetry/context.ts'
export { violates, type Database, type Db, type Once, type Tx } from './database/database.ts'
export { sendFile } from './http/downloads.ts'
export type { Content, Files, Range } from './files/files.ts'
export { accessCookie, type Handler, type Http, type Reply, type Request } from './http/http.ts'
export type { Knock } from './http/sockets.ts'
export type { Feed, Live, StreamEvent } from './http/stream.ts'
export type { Problems } from './http/problems.ts'
export type { Job } from './jobs/job.ts'
export { Count, counted, countQuery, cursorOf, isCount, listQuery, mostCounted, Page, page } from './http/pagination.ts'
export { changedIn, changedQuery, createdIn, createdQuery, madeIn, timeOf, type Span } from './http/pagination.ts'
export { isId, isInstant, isText, listRoutes, pageQuery, type Cursor } from './http/pagination.ts'
export { plain, tableOf, type RouteTable } from './http/routes.ts'
export { parseJson, stringify, verbatim } from './http/strict-json.ts'
export { faultsOf as faultsIn, formOf } from './http/validation.ts'
export { placeOf } from './http/places.ts'
export { openTurns, paced, type Pace } from './http/uploads.ts'
export { isKnown, notModified, ownVersion, requireMatch } from './http/preconditions.ts'
export type { Log } from './telemetry/log.ts'
export { addressOf, isWide, shownAddress } from './mail/addresses.ts'
export type { Mail, Message } from './mail/mail.ts'
export { html, type Html } from './pages/html.ts'
export { headingsOf, markdown } from './pages/markdown.ts'
export {
  footOf,
  forForms,
  form,
  languageOf,
  lookOf,
  pageTag,
  sendPage,
  sendSitemap,
  type Door,
  type Found,
  type Language,
  type Link,
  type Look,
  type PageContent,
  type Texts,
} from './pages/pages.ts'
export type { PersonalTables } from './personal/personal.ts'
export { clientHeader, serviceToken } from './calls/service-token.ts'
export { about, Problem, StartError, fail, type Fault } from './problem.ts'
export {
  defineFront,
  defineModule,
  defineService,
  type Delivered,
  type FrontHost,
  type Host,
  type Module,
  type Service,
  type Standing,
} from './service.ts'
export { newId } from './ids.ts'
