/** A text with what it leaves open: `fill('{count} rows', { count: 3 })`. */
export const fill = (text: string, parts: Record<string, string | number>): string =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(parts[name] ?? whole))
