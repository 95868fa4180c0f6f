/** A picture of what authenticator apps read, as SVG. */
export async function qrCode(text: string): Promise<string> {
  const { toString } = await import('qrcode')
  return await toString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 4 })
}
