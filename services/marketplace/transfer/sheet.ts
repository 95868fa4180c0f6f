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
