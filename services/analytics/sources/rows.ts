import { stringify, type Tx } from '#kernel'

/** Who owns what is nobody's, where there is no telling who. */
export const nobody = '00000000-0000-0000-0000-000000000000'

/** Texts of no type: the driver's JSON would be quoted once more. */
export const recordset = (tx: Tx, rows: readonly unknown[]) => tx.typed(stringify(rows) as never, 705)

export const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
