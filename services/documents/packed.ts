/** Bytes that lie in storage, by first and last. */
export interface Lying {
  readonly sizeBytes: number
  read(first: number, last: number): Promise<Buffer>
}

/** The parts by which a packed file is told from any other; the second stands first where writers follow the book. */
const telling = ['[Content_Types].xml', 'mimetype']
const [local, central, end] = [0x04034b50, 0x02014b50, Buffer.from('PK\x05\x06')]
const mostDirectory = 1_048_576
/** What unpacks to much more would be a trap; those of office files have a few thousand bytes. */
const mostPart = 65_536

/**
 * What a ZIP is, wherever in it the telling parts lie: its directory, at its end, says where (APPNOTE.TXT, 4.3.6). Undefined
 * for one that is nothing else, and one whose directory is not whole.
 */
export async function packedTypeOf(file: Lying): Promise<string | undefined> {
  const parts: Buffer[] = []
  for (const entry of entriesIn(await directoryOf(file)))
    if (telling.includes(entry.name)) parts.push(await partOf(file, entry))
  const { fileTypeFromBuffer } = await import('file-type')
  // In a ZIP of their own they come at once, and are told by the same words as all others.
  const known = await fileTypeFromBuffer(Buffer.concat(parts))
  return known?.mime === 'application/zip' ? undefined : known?.mime
}

/** As much of the directory as is looked at; nothing where there is none. */
async function directoryOf({ sizeBytes, read }: Lying): Promise<Buffer> {
  // Behind its end stands nothing but a comment of 65,535 bytes at most.
  const tail = await read(Math.max(0, sizeBytes - 65_557), sizeBytes - 1)
  for (let at = tail.lastIndexOf(end); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(end, at - 1)) {
    if (at + 22 > tail.length || at + 22 + tail.readUInt16LE(at + 20) !== tail.length) continue
    const [size, first] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)]
    const known = Math.min(size, mostDirectory)
    return known > 0 && first + known <= sizeBytes ? await read(first, first + known - 1) : Buffer.alloc(0)
  }
  return Buffer.alloc(0)
}

interface Entry {
  readonly name: string
  /** The fixed part of it. */
  readonly head: Buffer
}

function* entriesIn(directory: Buffer): Generator<Entry> {
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === central;) {
    const head = directory.subarray(at, at + 46)
    const [name, extra, comment] = [28, 30, 32].map(field => head.readUInt16LE(field)) as [number, number, number]
    yield { head, name: directory.toString('latin1', at + 46, at + 46 + name) }
    at += 46 + name + extra + comment
  }
}

/** A part with the head that it would have alone: what stands in the file may leave out how long it is. */
async function partOf({ sizeBytes, read }: Lying, { head, name }: Entry): Promise<Buffer> {
  const [size, at] = [head.readUInt32LE(20), head.readUInt32LE(42)]
  if (size === 0 || size > mostPart || at + 30 > sizeBytes) return Buffer.alloc(0)
  const there = await read(at, at + 29)
  const first = at + 30 + there.readUInt16LE(26) + there.readUInt16LE(28)
  if (there.readUInt32LE(0) !== local || first + size > sizeBytes) return Buffer.alloc(0)
  const own = Buffer.alloc(30)
  own.writeUInt32LE(local, 0)
  head.copy(own, 4, 6, 30)
  // That its length stands behind it.
  own.writeUInt16LE(own.readUInt16LE(6) & ~8, 6)
  return Buffer.concat([own, Buffer.from(name, 'latin1'), await read(first, first + size - 1)])
}
