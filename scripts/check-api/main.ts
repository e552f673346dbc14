/**
 * `npm run check:api`: starts the cloud on a folder of its own and has schemathesis send it what its description allows and what it does not: no answer may be an
 * error of the server, what is answered is as it is described, and what is not described is refused as such. `--seconds 60` bounds the run, `--seed N` repeats one.
 * Without schemathesis it says so and ends with 0; with `JIDOKA_NO_SKIP=1` with 1.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const password = 'correct horse battery'
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: process.env['JIDOKA_TEST_SEED'] ?? '1' },
    examples: { type: 'string', default: '40' },
    include: { type: 'string' },
  },
})

/** In half a minute of a run that is signed in 27 routes answer with success; of one that is not, none. */
const routesMin = 15

/** The path that ends the session which the run goes by, and those whose bodies are files, which it cannot make. */
const leftOut = String.raw`^/api/v1/auth/sessions$|^/api/v1/fleet/courier(/\{file\}/pieces/\{no\})?$`

/**
 * Left out, as they would find nothing or find fault with what is right: codes of status (each route has a `default`), headers of answers and those that must be
 * sent (none is declared), what fits its form (a cursor of nobody fits it too, and is refused), what was removed (they follow links, which we have none of).
 */
const checks = [
  'not_a_server_error',
  'unsupported_method',
  'allow_header_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'ignored_auth',
]
/** A value that is too long may be refused for the length of the whole head: 413 is a refusal too. */
const settings = `[checks.negative_data_rejection]
expected-statuses = ["4xx"]
`

/** What SCHEMATHESIS names, or the one on the PATH. */
function findSchemathesis(): string | null {
  const program = process.env['SCHEMATHESIS'] ?? 'schemathesis'
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0 ? program : null
}

/** A seed is a number, or a commit: forty hex digits. */
function seedOf(text: string): string {
  if (/^[0-9a-f]{40}$/.test(text)) return String(Number.parseInt(text.slice(0, 12), 16))
  if (/^\d{1,15}$/.test(text)) return text
  throw new Error(`--seed is a number or a commit of forty hex digits, not "${text}"`)
}

async function start(folder: string) {
  const child = spawn(process.execPath, [join(root, 'cloud/server/src/main.ts')], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      JIDOKA_CLOUD_DATA: folder,
      JIDOKA_CLOUD_HTTP_PORT: '0',
      JIDOKA_CLOUD_ADMIN_PASSWORD: password,
      JIDOKA_CLOUD_LOG_LEVEL: 'error',
      JIDOKA_CLOUD_RATE_USER: '1000000',
      JIDOKA_CLOUD_RATE_TENANT: '1000000',
      JIDOKA_CLOUD_RATE_STRANGER: '1000000',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'close')
  }
  for await (const line of createInterface({ input: child.stdout })) {
    return { url: (JSON.parse(line) as { http: string }).http, stop }
  }
  throw new Error('The cloud ended before it was ready; its last words stand above.')
}

async function signIn(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login: 'admin', password }),
  })
  if (!answer.ok) throw new Error(`Signing in was answered with ${answer.status}: ${await answer.text()}`)
  return ((await answer.json()) as { data: { access_token: string } }).data.access_token
}

/**
 * What says that nothing was found says so of a session that ended after the first request as well: whether the token still holds, and how many routes have done
 * what they are for, as the cloud counts them; those of signing in are asked by this program too. Null: all is well.
 */
async function whyInVain(url: string, token: string): Promise<string | null> {
  const me = await fetch(`${url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } })
  if (me.status !== 200) return `the session did not outlive the run (${me.status}): most of it was refused at the door`
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const routes = new Set(
    [
      ...metrics.matchAll(
        /^jidoka_http_requests_total\{(method="\w+",route="\/api\/(?!v1\/auth\/)[^"]+"),status="2\d\d"/gm,
      ),
    ].map(([, route]) => route),
  )
  const least = options.include === undefined ? routesMin : 1
  process.stdout.write(`check:api: ${routes.size} routes answered with success\n`)
  return routes.size >= least ? null : `only ${routes.size} routes ever answered with success, where ${least} should`
}

async function check(program: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-check-api-'))
  const cloud = await start(folder)
  try {
    const token = await signIn(cloud.url)
    const settingsFile = join(folder, 'schemathesis.toml')
    writeFileSync(settingsFile, settings)
    const argv = [
      `--config-file=${settingsFile}`,
      'run',
      `${cloud.url}/openapi.json`,
      `--header=Authorization: Bearer ${token}`,
      `--checks=${checks.join()}`,
      `--exclude-path-regex=${leftOut}`,
      ...(options.include === undefined ? [] : [`--include-path-regex=${options.include}`]),
      '--phases=coverage,fuzzing',
      `--max-examples=${options.examples}`,
      `--max-time=${options.seconds}`,
      `--seed=${seedOf(options.seed)}`,
      '--request-timeout=40',
      '--continue-on-failure',
      '--warnings=off',
      // A character of 0 and lone halves of others stand in what people paste, too.
      '--generation-allow-x00=true',
      '--generation-database=none',
      '--no-color',
    ]
    // Its folder of examples and reports is no part of the checkout.
    const run = spawn(program, argv, { cwd: folder, stdio: 'inherit' })
    const [code] = (await once(run, 'close')) as [number | null]
    const ready = await fetch(`${cloud.url}/ready`)
    const problem =
      ready.status === 200
        ? await whyInVain(cloud.url, token)
        : `the cloud is not ready any more: ${await ready.text()}`
    if (problem === null) return code ?? 1
    process.stderr.write(`check:api: ${problem}\n`)
    return 1
  } finally {
    await cloud.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const program = findSchemathesis()
if (program === null) {
  process.stdout.write(
    'check:api: skipped, there is no schemathesis. Install it with `pip install --require-hashes -r scripts/check-api/requirements.txt`, or set SCHEMATHESIS to it.\n',
  )
  process.exitCode = process.env['JIDOKA_NO_SKIP'] === '1' ? 1 : 0
} else {
  process.exitCode = await check(program)
}
