import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Where files may run one after another in one process: what is computed there and asks no program, thread or disk for anything. To start a
 * process for each, and to read there again what the one before had read, took more of the processor than such a file's tests do: 34 s for 76
 * of them, and 11 s together.
 */
const folders = [
  'shared/{base,contract,domain,ui}/**/*.test.ts',
  'sync/{protocol,engine}/**/*.test.ts',
  '{edge/web,cloud/console}/src/**/*.test.ts',
]

/** What starts programs, stays behind in the process for the next file, or is a measure of all that runs in it. */
const changesItsProcess =
  /\bnode:(?:child_process|worker_threads|cluster)\b|\bvi\.(?:mock|doMock|hoisted|stub\w+|spyOn|useFakeTimers|setSystemTime|setConfig)\(|\bprocess\.(?:chdir|umask|exitCode|env\[[^\]]+\] \??\??=[^=])|\bObject\.(?:defineProperty|assign)\((?:process|globalThis|global)\b|\bglobalThis\.\w+ = |\b(?:memoryUsage|cpuUsage|eventLoopUtilization|getHeapStatistics)\b/

/** Whether a file of those folders needs a process of its own, by what it says. */
export const runsAlone = (text: string): boolean => changesItsProcess.test(text)

/** @returns names in the repository of the files that run together; all others have a process each */
export function filesTogether(root: string): string[] {
  const exclude = (name: string) => /(?:^|\/)(?:node_modules|dist|target)$/.test(name)
  return globSync(folders, { cwd: root, exclude }).filter((name) => !runsAlone(readFileSync(join(root, name), 'utf8')))
}
