import Bowser from 'bowser'
import ipaddr from 'ipaddr.js'

/** A device in words its owner knows it by: `Firefox on Linux`; what is no browser by the name it gives itself. */
export function deviceOf(userAgent: string | undefined): string {
  const said = userAgent?.slice(0, 1000) || '-'
  const { browser, os, platform } = Bowser.parse(said)
  const browserName = browser.name?.replace(/^Microsoft | for Android$/g, '')
  const name = [browserName, /^[^/]+(?=\/)/.exec(said)?.[0]].find(each =>
    /^(?!Mozilla)\w[\w. -]{0,39}$/.test(each ?? ''),
  )
  const system = os.name === 'iOS' ? (platform.model ?? os.name) : os.name
  return [name, system].filter(Boolean).join(' on ') || 'Unknown device'
}

/** The network an address is part of: /24 of IPv4, /64 of IPv6. Enough to know a place again, not who was there. */
export function prefixOf(ip: string): string {
  const address = parse(ip)
  if (!address) return 'unknown'
  if (address instanceof ipaddr.IPv4) return `${address.octets.slice(0, 3).join('.')}.0/24`
  const groups = address.parts.slice(0, 4).map(group => group.toString(16))
  return `${groups.join(':')}::/64`
}

/** An IPv4 address that is written as one of IPv6 is one of IPv4. */
const parse = (ip: string) => (ipaddr.isValid(ip) ? ipaddr.process(ip) : undefined)
