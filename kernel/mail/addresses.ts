import { domainToASCII, domainToUnicode } from 'node:url'

const letters = "a-z0-9!#$%&'*+/=?^_`{|}~-"
const dotted = (word: string) => new RegExp(`^${word}+(\\.${word}+)*$`, 'u')
const local = dotted(`[${letters}]`)
// RFC 6531: letters, marks and numbers of any script.
const wideLocal = dotted(`[\\p{L}\\p{M}\\p{N}${letters}]`)
const host = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const wideHost = /^[\p{L}\p{M}\p{N}.\u3002\uff0e\uff61-]+$/u

/**
 * An address of mail as it is kept, compared and sent to: small letters, composed, the host as DNS has it (`xn--…`). The
 * host has two labels or more. Undefined for what is none.
 */
export function addressOf(text: string): string | undefined {
  const at = text.lastIndexOf('@')
  const [name, domain] = [text.slice(0, at), text.slice(at + 1)].map(part =>
    part.normalize('NFC').toLowerCase().normalize('NFC'),
  ) as [string, string]
  // What shows nothing would vanish on the way to DNS.
  const asDns = isAscii(domain) ? domain : wideHost.test(domain) ? domainToASCII(domain) : ''
  const address = `${name}@${asDns}`
  const fits = at > 0 && Buffer.byteLength(address) <= 254 && (isAscii(name) ? local : wideLocal).test(name)
  return fits && host.test(asDns) ? address : undefined
}

/** Whether only servers that know SMTPUTF8 deliver to it: what stands before the @ is not ASCII. */
export const isWide = (address: string): boolean => !isAscii(address)

/** An address as its owner writes it. */
export function shownAddress(address: string): string {
  if (!address.includes('xn--')) return address
  const at = address.lastIndexOf('@') + 1
  return address.slice(0, at) + (domainToUnicode(address.slice(at)) || address.slice(at))
}

const isAscii = (text: string): boolean => /^[\u{0020}-\u{007e}]*$/u.test(text)
