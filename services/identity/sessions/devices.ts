import { isIPv4, isIPv6 } from 'node:net'

const browsers: [RegExp, string][] = [
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/(Firefox|FxiOS)\//, 'Firefox'],
  [/(Chrome|CriOS)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/^curl\//, 'curl'],
  [/^(okhttp|Dart|CFNetwork)/, 'App'],
]

const systems: [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Macintosh|Mac OS X/, 'Mac'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
]

/** A device in words its owner knows it by: `Firefox on Linux`. */
export function deviceOf(userAgent: string | undefined): string {
  const find = (among: [RegExp, string][]) => among.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1]
  return [find(browsers), find(systems)].filter(Boolean).join(' on ') || 'Unknown device'
}

/** The network an address is part of: /24 of IPv4, /64 of IPv6. Enough to know a place again, not who was there. */
export function prefixOf(ip: string): string {
  const v4 = ip.replace(/^::ffff:(?=\d+\.)/i, '')
  if (isIPv4(v4)) return `${v4.replace(/\.\d+$/, '.0')}/24`
  if (!isIPv6(ip)) return 'unknown'
  return `${groupsOf(ip)
    .slice(0, 4)
    .map(group => group.toString(16))
    .join(':')}::/64`
}

/** By what limits know a place: an IPv4 address; the /64 of an IPv6 one, because one person has them all. */
export const placeOf = (ip: string): string =>
  isIPv4(ip.replace(/^::ffff:/i, '')) ? ip.replace(/^::ffff:/i, '') : prefixOf(ip)

function groupsOf(ip: string): number[] {
  const [head = '', tail] = ip.split('%')[0]!.split('::')
  const read = (part: string | undefined) => (part ? part.split(':').map(group => parseInt(group, 16)) : [])
  const [front, back] = [read(head), read(tail)]
  return [...front, ...Array<number>(Math.max(0, 8 - front.length - back.length)).fill(0), ...back]
}
