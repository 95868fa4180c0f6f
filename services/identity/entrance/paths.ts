import type { Reply } from '#kernel'

/** Where the pages are. */
export const paths = {
  signIn: '/api/auth/sign-in',
  signUp: '/api/auth/sign-up',
  code: '/api/auth/sign-up/code',
  again: '/api/auth/sign-up/again',
  signOut: '/api/auth/sign-out',
  factor: '/api/auth/second-factor',
  passkey: '/api/auth/passkey',
  confirm: '/api/auth/confirm',
  security: '/api/auth/security',
  app: '/api/auth/add-app',
  devices: '/api/auth/devices',
  waysIn: '/api/auth/ways-in',
  memberships: '/api/auth/memberships',
  apps: '/api/auth/apps',
  agree: '/api/auth/agree',
  leave: '/api/auth/leave',
  authorize: '/api/auth/authorize',
  endSession: '/api/auth/end-session',
  forgotten: '/api/auth/forgotten-password',
  resetByCode: '/api/auth/reset-password/code',
} as const

/** Whom one can try to be in evaluation mode. */
export const castNames = [
  'admin',
  'editor',
  'operator',
  'technician',
  'vendor',
  'authority',
  'recycler',
  'driver',
  'buyer',
] as const
export type Part = (typeof castNames)[number]
export const castPath = (part: Part) => `/api/auth/cast/${part}` as const

/** Leads on, by GET, from where nothing is kept. */
export const onTo = (reply: Reply, path: string): Reply => reply.header('cache-control', 'no-store').redirect(path, 303)

/** A page with what it should know: where to lead back to, whose address to begin with. */
export function pathTo(
  page: (typeof paths)[keyof typeof paths] | ReturnType<typeof castPath>,
  about: Record<string, string | undefined>,
): string {
  const query = new URLSearchParams(Object.entries(about).flatMap(([name, value]) => (value ? [[name, value]] : [])))
  return query.size > 0 ? `${page}?${query}` : page
}

/** Where somebody goes on who came in: to what is needed of them first, else to where they wanted. */
export const inTo = (granted: { setUpFactor?: boolean; termsOpen?: boolean }, to: string | undefined): string =>
  granted.setUpFactor ? paths.security : granted.termsOpen ? pathTo(paths.agree, { return: to }) : (to ?? paths.signIn)

const plain = /^\/(?![/\\])[^\\\s\p{Cc}]*$/u

/** A path of this site that somebody asks to be led back to; undefined for all that leads elsewhere. */
export function ownPath(text: string | null | undefined): string | undefined {
  if (!text || text.length > 1000 || !plain.test(text)) return undefined
  const url = URL.parse(text, 'https://here.invalid')
  if (url?.origin !== 'https://here.invalid') return undefined
  // What dots leave over may begin with two slashes, and lead away after all.
  const path = url.pathname + url.search + url.hash
  return plain.test(path) ? path : undefined
}
