/**
 * What a record takes beside its line, in bytes as measured on journals of 30,000 rows: its own columns, its share of what its page
 * leaves free, and its entry in the index of kinds (60 bytes at a line of 175, 80 at 375, 105 at 505).
 */
const recordOverheadBytes = 80

/** What a judgment takes on top: its row in `judgments` (83), and its entries in the indexes by id (49), rule (31), line (20), status (17) and normality (12), with what is free in their pages. */
const judgmentOverheadBytes = 235

/** SQL: bytes that a row of `records` of a name takes, with all that hangs on it. */
export const recordBytesSql = (records: string): string =>
  `octet_length(${records}.line) + ${recordOverheadBytes} + (${records}.kind = 'judgment') * ${judgmentOverheadBytes}`
