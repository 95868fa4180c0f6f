/**
 * Said by the socket, the resolver or the driver, not by PostgreSQL; a server that ends takes the file of its Unix socket
 * with it, one that is silent is given up by the driver.
 */
export const isBroken = (error: unknown): boolean =>
  /^(CONNECT(ION)?_|ECONN|EPIPE|ETIMEDOUT)/.test(codeOf(error)) ||
  ['connect', 'getaddrinfo'].includes(String((error as { syscall?: unknown } | null)?.syscall))

export const connectionLost = (): Error =>
  Object.assign(new Error('the connection was lost in the transaction'), { code: 'CONNECTION_CLOSED' })

/** Two transactions met; the loser may simply try again. */
export const isRace = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error))

/** A statement before it in the same transaction failed. */
export const isBehind = (error: unknown): boolean => codeOf(error) === '25P02'

/** PostgreSQL found no room on its disk, for data or for what it sorts. */
export const isFull = (error: unknown): error is Error => codeOf(error) === '53100'

/** Somebody asked to write, and the server is a standby. */
export const isReadOnly = (error: unknown): boolean => codeOf(error) === '25006'

/** It is busy, restarting, out of reach or fails at its disk: a later try may work. */
export const isAway = (error: unknown): boolean =>
  isBroken(error) ||
  /^(08|53|57P|40)/.test(codeOf(error)) ||
  ['55P03', '57014', '25P04', '25P03', '58030'].includes(codeOf(error))

/** A text that PostgreSQL cannot hold. */
export const isUnstorable = (error: unknown): boolean => ['22021', '22P05'].includes(codeOf(error))

export const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')
