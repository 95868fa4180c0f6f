import ipaddr from 'ipaddr.js'

/** What limits count by: an address of IPv4; the /64 of one of IPv6, because one person has them all. */
export function placeOf(ip: string): string {
  const address = ipaddr.isValid(ip) ? ipaddr.process(ip) : undefined
  return address instanceof ipaddr.IPv6 ? address.parts.slice(0, 4).join(':') : String(address)
}
