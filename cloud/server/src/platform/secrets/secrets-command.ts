import { OperationalError } from '@jidoka/base'
import type { MasterKeys } from '@jidoka/base'
import type { Rewrapper } from './rewrapper.ts'

export interface SecretsCommand {
  readonly masterKeys: MasterKeys
  /** Opened only for what needs the database: a rotation works beside a running program. */
  readonly withRewrapper: <Result>(work: (rewrapper: Rewrapper) => Promise<Result>) => Promise<Result>
  readonly print: (line: string) => void
}

const afterRotation = {
  file: 'Processes that share the folder seal with it from now on. Back the folder up. What is sealed already is rewrapped by a running program within an hour, or now with: secrets rewrap',
  environment: '',
  kms: '',
  vault: 'What is sealed already is rewrapped by a running program within an hour, or now with: secrets rewrap',
} as const

/** `secrets rotate-key`, `secrets rewrap`. @returns whether everything was done */
export async function runSecretsCommand(
  [verb, ...rest]: readonly string[],
  { masterKeys, withRewrapper, print }: SecretsCommand,
): Promise<boolean> {
  if (rest.length === 0 && verb === 'rotate-key') {
    const keyId = await masterKeys.rotate()
    print(`The master key ${keyId} seals from now on; older ones still open. ${afterRotation[masterKeys.source]}`)
    return true
  }
  if (rest.length === 0 && verb === 'rewrap') {
    const report = await withRewrapper((rewrapper) => rewrapper.run((rewrapped) => print(`${rewrapped} rewrapped`)))
    print(`${report.rewrapped} rewrapped to the key ${report.activeKeyId}, ${report.failed} could not be.`)
    for (const problem of report.problems) print(problem)
    for (const name of report.unreached)
      print(
        `The database ${name} did not answer, and what is sealed there is as it was. Run it again when that is back.`,
      )
    const isAllDone = report.failed === 0 && report.unreached.length === 0 && report.isWhole
    if (isAllDone) print('Nothing is sealed by an older key any more.')
    return isAllDone
  }
  throw new OperationalError(
    'Use: secrets rotate-key   makes a new master key, which seals from then on\n     secrets rewrap       wraps what older keys seal with the one that is active',
  )
}
