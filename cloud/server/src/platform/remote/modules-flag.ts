import { OperationalError } from '@jidoka/base'

/**
 * Takes `--modules=a,b` (or `--modules a,b`) out of a command line.
 * @throws OperationalError for another flag in front of a command, and for one without its value
 */
export function takeModulesFlag(argv: readonly string[]): { argv: string[]; modules: string | undefined } {
  const rest = [...argv]
  let modules: string | undefined
  while (rest[0]?.startsWith('--')) {
    const [name, given] = (rest.shift() as string).split('=', 2)
    if (name !== '--modules')
      throw new OperationalError(`"${name}" is not a flag. There is --modules=identity,fleet, which says what to run.`)
    modules = given ?? rest.shift()
    if (modules === undefined || modules === '')
      throw new OperationalError('--modules needs the names of modules, such as --modules=identity,fleet.')
  }
  return { argv: rest, modules }
}
