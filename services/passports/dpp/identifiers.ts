/** The public identifier of an operator: a did:web below the address of the platform, which gives no registered number away. */
export const didOf = (publicUrl: string, ownerId: string): string => {
  const { host, pathname } = new URL(publicUrl)
  const path = pathname.split('/').filter(Boolean)
  return ['did', 'web', encodeURIComponent(host), ...path, 'operators', ownerId].join(':')
}
