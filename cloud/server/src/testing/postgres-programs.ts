import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

/** A PostgreSQL of this machine that tests start servers of. */
export interface PostgresPrograms {
  readonly version: string
  /** Why none can be started; null when one can. */
  readonly missing: string | null
  /** A folder that its programs reach too. */
  newFolder(): string
  /** Of the user that its programs run as; null where that is who runs the tests. */
  readonly owner: { readonly uid: number; readonly gid: number } | null
  /** A path as its programs see it. */
  within(path: string): string
  /** What starts one of its programs. */
  command(program: string, args: readonly string[]): [string, string[]]
  /** On the server's command line. */
  readonly settings: readonly string[]
}

const isRoot = process.getuid?.() === 0
/** PostgreSQL refuses to run as root. */
const asPostgres = ['--reuid=postgres', '--regid=postgres', '--init-groups']
const numberFrom = (program: string, ...args: string[]) => Number(execFileSync(program, args, { encoding: 'utf8' }))

/** Where scripts/postgres/pgvector-15.sh puts it. */
const vectorFolder = join(tmpdir(), 'jidoka-pgvector-15')

/** That of Debian 12, with pgvector when that was built. */
function ofMachine(): PostgresPrograms {
  const programs = '/usr/lib/postgresql/15/bin'
  const hasVector = existsSync(join(vectorFolder, 'usr/lib/postgresql/15/lib/vector.so'))
  return {
    version: '15',
    missing: existsSync(join(programs, 'initdb')) ? null : `PostgreSQL 15 is not at ${programs}`,
    newFolder: () => mkdtempSync(join(tmpdir(), 'jidoka-cloud-test-')),
    get owner() {
      return isRoot ? { uid: numberFrom('id', '-u', 'postgres'), gid: numberFrom('id', '-g', 'postgres') } : null
    },
    within: (path) => path,
    command: (program, args) =>
      isRoot ? ['setpriv', [...asPostgres, join(programs, program), ...args]] : [join(programs, program), [...args]],
    settings: hasVector
      ? [
          `extension_destdir=${vectorFolder}`,
          `dynamic_library_path=${join(vectorFolder, 'usr/lib/postgresql/15/lib')}:$libdir`,
        ]
      : [],
  }
}

/** Where scripts/postgres/postgres-17.sh puts it. */
const rootOf17 = join(tmpdir(), 'jidoka-postgres-17')

/** That of a newer Debian in a root folder of its own. */
function ofRoot(root: string): PostgresPrograms {
  const programs = '/usr/lib/postgresql/17/bin'
  const isThere = existsSync(join(root, programs, 'initdb'))
  return {
    version: '17',
    missing: !isThere
      ? `PostgreSQL 17 is not at ${root}: scripts/postgres/postgres-17.sh brings it`
      : isRoot
        ? null
        : 'PostgreSQL 17 runs by chroot, which takes root',
    newFolder: () => mkdtempSync(join(root, 'tmp', 'jidoka-cloud-test-')),
    get owner() {
      return {
        uid: numberFrom('chroot', root, 'id', '-u', 'postgres'),
        gid: numberFrom('chroot', root, 'id', '-g', 'postgres'),
      }
    },
    within: (path) => join('/', relative(root, path)),
    command: (program, args) => ['chroot', [root, 'setpriv', ...asPostgres, join(programs, program), ...args]],
    settings: [],
  }
}

export const postgres15: PostgresPrograms = ofMachine()
const postgres17: PostgresPrograms = ofRoot(rootOf17)

/** What the store suite runs on: 15; in the long run 17 too, and one of them alone when JIDOKA_TEST_POSTGRES names it. */
export function postgresesOfStoreSuite(environment: Readonly<Record<string, string | undefined>>): PostgresPrograms[] {
  const all = [postgres15, postgres17]
  const { JIDOKA_TEST_POSTGRES: named, JIDOKA_TEST_LONG: long } = environment
  if (named === undefined) return long === '1' ? all : [postgres15]
  const chosen = all.filter(({ version }) => version === named)
  if (chosen.length === 0) throw new Error(`JIDOKA_TEST_POSTGRES is ${named}; there are 15 and 17`)
  return chosen
}
