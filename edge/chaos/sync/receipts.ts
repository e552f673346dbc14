import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../../server/src/cli/main.ts', import.meta.url))

/**
 * What `jidoka receipts verify` says of a stopped appliance's folder, where a receipt is not what it should be: every receipt that was
 * ever stored, by the product's own command, with no line to anywhere. Null: all are well.
 */
export function receiptsProblem(dataFolder: string): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, 'receipts', 'verify', '--data', dataFolder], (error, stdout, stderr) => {
      resolve(error === null ? null : `jidoka receipts verify ended with ${error.code}: ${stdout}${stderr}`)
    })
  })
}
