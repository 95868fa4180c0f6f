import { cellOf, Problem } from '#kernel'

/** What spreadsheets are sent and given as. */
export const sheetType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

// Packed; of all that is packed into one, as what is more is there to fill a memory; and cells of it.
const [mostBytes, mostUnpacked, mostCells] = [5 * 1024 * 1024, 100 * 1024 * 1024, 2_000_000]

const refuse = (detail: string): Problem => new Problem('invalid', 'import_invalid', { detail })

/** The first sheet of an XLSX file that its people see as CSV. Fails with `import_invalid`. */
export async function csvOfSheet(body: Buffer): Promise<string> {
  if (body.length > mostBytes) throw refuse('A spreadsheet may have 5 MB; send more as CSV.')
  const [{ unzipSync }, { readSheet }] = await Promise.all([import('fflate'), import('read-excel-file/universal')])
  let unpacked = 0
  let sheet = 1
  try {
    // Nothing but the list of sheets is unpacked yet; later each gets as much room as it says here, and no more.
    const { 'xl/workbook.xml': book } = unzipSync(body, {
      filter: ({ name, originalSize }) => (
        (unpacked += originalSize),
        name === 'xl/workbook.xml' && originalSize < 1e6
      ),
    })
    const sheets = new TextDecoder().decode(book).match(/<(\w+:)?sheet\s[^>]*>/g) ?? []
    sheet = sheets.findIndex(one => !/\sstate="(hidden|veryHidden)"/.test(one)) + 1 || 1
  } catch {
    throw refuse('The file is no spreadsheet.')
  }
  if (unpacked > mostUnpacked) throw refuse('The spreadsheet unpacks to more than 100 MB; send it as CSV.')
  const rows = await readSheet(new Uint8Array(body).buffer, sheet).catch(() => {
    throw refuse('The file is no spreadsheet that can be read.')
  })
  if (rows.length * (rows[0]?.length ?? 0) > mostCells) throw refuse('The spreadsheet is too large; send it as CSV.')
  return rows.map(row => row.map(cell => quoted(cell)).join(',')).join('\r\n')
}

const quoted = (cell: unknown): string => {
  const text =
    cell instanceof Date
      ? cell.toISOString().replace(/T00:00:00\.000Z$/, '')
      : typeof cell === 'boolean'
        ? cellOf(cell)
        : `${cell ?? ''}`
  return `"${text.replaceAll('"', '""')}"`
}

/** Rows as an XLSX file with one sheet; each text is a text there, whatever it begins with. */
export async function sheetOf(rows: readonly (readonly (string | number | null)[])[], name: string): Promise<Buffer> {
  const { default: write } = await import('write-excel-file/node')
  const cells = rows.map((row, index) =>
    row.map(value =>
      value === null || value === ''
        ? null
        : typeof value === 'number'
          ? { value, type: Number }
          : { value, type: String, ...(index === 0 && { fontWeight: 'bold' as const }) },
    ),
  )
  return await write(cells, { sheet: name }).toBuffer()
}
