import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cloudPaths } from '@jidoka/contract'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const password = 'correct horse battery'
/** It serves within this on a machine under load, or it did not start: nobody ends it once its test has given up. */
const startMsMax = 90_000

/** What `admin` signs in with. */
export const adminLogin = JSON.stringify({ login: 'admin', password })

export interface CloudProgram {
  readonly child: ChildProcess
  readonly url: URL
}

/** The cloud as a process of its own, with its data in `folder`; it is there once this is. */
export async function startCloud(folder: string, environment: Readonly<Record<string, string>>): Promise<CloudProgram> {
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      JIDOKA_CLOUD_HTTP_PORT: '0',
      JIDOKA_CLOUD_DATA: folder,
      JIDOKA_CLOUD_ADMIN_PASSWORD: password,
      JIDOKA_CLOUD_LOG_LEVEL: 'warn',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const late = setTimeout(() => child.kill('SIGKILL'), startMsMax)
  try {
    for await (const line of createInterface({ input: child.stdout }))
      return { child, url: new URL((JSON.parse(line) as { http: string }).http) }
  } finally {
    clearTimeout(late)
  }
  throw new Error('The cloud ended before it was ready; its last words stand above.')
}

/** Ends it wherever it is, if it has not ended. */
export async function killCloud({ child }: CloudProgram): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'close')
}

/** The headers of requests of `admin`. */
export async function signIn({ url }: CloudProgram): Promise<{ authorization: string }> {
  const answer = await fetch(new URL(cloudPaths.login, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: adminLogin,
  })
  const { data } = (await answer.json()) as { data: { access_token: string } }
  return { authorization: `Bearer ${data.access_token}` }
}
