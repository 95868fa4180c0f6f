/** The same bytes written another way. */
export function othersOf(text: string): string[] {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const next = alphabet[alphabet.indexOf(text.at(-1)!) + 1]
  const others = [
    `${text}=`,
    `${text}==`,
    `${text.slice(0, -2)}.${text.slice(-2)}`,
    ...(next ? [text.slice(0, -1) + next] : []),
  ]
  return others.filter(other => Buffer.from(other, 'base64url').equals(Buffer.from(text, 'base64url')))
}
