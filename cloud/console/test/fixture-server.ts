import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'
import {
  changePasswordSchema,
  cloudPaths,
  cloudStreamEvents,
  envelope,
  loginRequestSchema,
  problemSchema,
  problemStatus,
  sessionSchema,
  storedObjectSchema,
  type ProblemKind,
  type User,
} from '@jidoka/contract'
import { z } from 'zod'
import { archiveRoutes } from './fixture-archives.ts'
import { fleetRoutes } from './fixture-fleet.ts'
import { jobRoutes } from './fixture-jobs.ts'
import { need, Refusal, routes } from './fixture-routes.ts'
import { storageRoutes, takeUpload } from './fixture-storage.ts'
import { tenantRoutes } from './fixture-tenant-routes.ts'
import type { FixtureWorld } from './fixture-world.ts'

/**
 * The cloud's contract over real HTTP and server-sent events on loopback, for tests of the console in a browser. Every answer is
 * checked against the contract's schemas before it leaves, so that the fixture cannot drift away from it unseen.
 */
export interface FixtureServer {
  readonly url: string
  readonly close: () => Promise<void>
  /** Ends the streams that are open, and accepts none until it is called with false. */
  readonly cutStreams: (cut: boolean) => void
}

/** What the cloud sends besides: the console must work under it, the rules' WebAssembly included. */
const securityHeaders = {
  'content-security-policy':
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; worker-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.map': 'application/json',
}

/** As the cloud's. */
const tokenLifeS = 900

export async function startFixtureServer(world: FixtureWorld, distFolder: string): Promise<FixtureServer> {
  const streams = new Set<ServerResponse>()
  const refreshTokens = new Map<string, string>()
  let streamsCut = false

  const tokenOf = (login: string): string => {
    const iat = Date.now() / 1_000
    const payload = Buffer.from(JSON.stringify({ sub: login, iat, exp: iat + tokenLifeS })).toString('base64url')
    return `e30.${payload}.${randomUUID()}`
  }
  const startSession = (response: ServerResponse, login: string) => {
    const account = world.users.get(login)
    if (account === undefined) throw new Refusal('not_signed_in', 'the account is gone')
    const refresh = randomUUID()
    refreshTokens.set(refresh, login)
    response.setHeader('set-cookie', `jidoka_refresh=${refresh}; HttpOnly; SameSite=Strict; Path=/api/v1/auth`)
    return {
      access_token: tokenOf(login),
      expires_at: new Date(Date.now() + tokenLifeS * 1_000).toISOString(),
      tenant_id: 'demo',
      user: account.user,
      password_made_up: world.madeUp.has(login),
    }
  }
  const cookie = (request: IncomingMessage) => /jidoka_refresh=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
  const signedIn = (request: IncomingMessage): User => {
    const token = /^Bearer [^.]+\.([^.]+)\./.exec(request.headers.authorization ?? '')?.[1]
    const claims =
      token === undefined
        ? null
        : (JSON.parse(Buffer.from(token, 'base64url').toString()) as { sub: string; iat: number })
    const account = claims === null || claims.iat * 1_000 < world.tokensFromMs ? undefined : world.users.get(claims.sub)
    if (account === undefined) throw new Refusal('not_signed_in', 'sign in first')
    return account.user
  }
  const problem = (response: ServerResponse, kind: ProblemKind, text: string) => {
    response.writeHead(problemStatus[kind], { 'content-type': 'application/problem+json' })
    response.end(
      JSON.stringify(
        problemSchema.parse({
          type: 'about:blank',
          kind,
          title: kind,
          status: problemStatus[kind],
          detail: text,
          request_id: 'fixture',
        }),
      ),
    )
  }
  const send = (response: ServerResponse, schema: z.ZodType, answer: { data: unknown; next_cursor?: string }) => {
    const { data, next_cursor: next } = answer
    const body = { data, meta: { request_id: 'fixture', ...(next === undefined ? {} : { next_cursor: next }) } }
    envelope(schema).parse(body)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }

  async function serveApi(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: Record<string, string>,
  ): Promise<void> {
    const method = request.method ?? 'GET'
    world.requests.push(`${method} ${path}`)
    const chunks: Buffer[] = []
    for await (const piece of request) chunks.push(piece as Buffer)
    const bytes = Buffer.concat(chunks)
    const isJson = request.headers['content-type'] === 'application/json'
    const body: unknown = isJson ? JSON.parse(bytes.toString()) : undefined
    if (world.failing.has(path))
      throw new Refusal('unavailable', 'The database does not answer. Try again in a moment.')

    if (method === 'POST' && path === cloudPaths.login) {
      const { login, password } = loginRequestSchema.parse(body)
      if (world.users.get(login)?.password !== password)
        throw new Refusal('wrong_credentials', 'login or password is wrong')
      return send(response, sessionSchema, { data: startSession(response, login) })
    }
    if (method === 'POST' && path === cloudPaths.refresh) {
      const token = cookie(request) ?? ''
      const login = refreshTokens.get(token)
      // Rotated: a token that is used a second time is no longer there.
      refreshTokens.delete(token)
      if (login === undefined) throw new Refusal('not_signed_in', 'no valid cookie')
      return send(response, sessionSchema, { data: startSession(response, login) })
    }
    if (method === 'POST' && path === cloudPaths.logout) {
      refreshTokens.delete(cookie(request) ?? '')
      response.setHeader('set-cookie', 'jidoka_refresh=; Max-Age=0; Path=/api/v1/auth')
      return send(response, z.null(), { data: null })
    }
    if (method === 'PUT' && path.startsWith(`${cloudPaths.objectUploads}/`))
      return send(response, storedObjectSchema, { data: await takeUpload(world.storage, path, bytes) })
    const user = signedIn(request)
    if (path === cloudPaths.stream) return serveStream(response)
    if (method === 'PUT' && path === cloudPaths.password) {
      const { current, next } = changePasswordSchema.parse(body)
      const account = world.users.get(user.login)
      if (account?.password !== current) throw new Refusal('wrong_credentials', 'the present password is wrong')
      account.password = next
      world.madeUp.delete(user.login)
      refreshTokens.clear()
      return send(response, sessionSchema, { data: startSession(response, user.login) })
    }
    if (method === 'DELETE' && path === cloudPaths.sessions) {
      refreshTokens.clear()
      return send(response, z.object({}), { data: {} })
    }
    const partsOf = (pattern: string) =>
      new RegExp(`^${pattern.replace(/\{\w+\}/g, '([^/]+)')}$`).exec(path)?.slice(1).map(decodeURIComponent) ?? null
    for (const [of, pattern, schema, handle] of [
      ...routes,
      ...jobRoutes,
      ...archiveRoutes,
      ...storageRoutes,
      ...tenantRoutes,
    ]) {
      const parts = of === method ? partsOf(pattern) : null
      if (parts !== null) return send(response, schema, handle({ world, user, body, query, parts }))
    }
    const refuse = (kind: ProblemKind, detailText: string): never => {
      throw new Refusal(kind, detailText)
    }
    const may = (permission: string) => need(user, permission)
    for (const [of, pattern, schema, handle] of fleetRoutes) {
      const parts = of === method ? partsOf(pattern) : null
      if (parts === null) continue
      return send(response, schema, handle(world.fleet, { may, refuse, login: user.login, bytes, query, parts }))
    }
    if (method === 'GET' && /\/(bundle|courier)$/.test(path)) {
      may('fleet:manage')
      const name = path.endsWith('bundle') ? 'jidoka-support.tar.gz' : 'jidoka-down.courier'
      response.writeHead(200, { 'content-disposition': `attachment; filename="${name}"` }).end(`the file ${name}`)
      return
    }
    throw new Refusal('not_found', `no route ${method} ${path}`)
  }

  function serveStream(response: ServerResponse): void {
    if (streamsCut) throw new Refusal('unavailable', 'the line is cut')
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': hello\n\n')
    streams.add(response)
    const stop = world.listen((event) => {
      cloudStreamEvents[event.event].parse(event.data)
      response.write(`event: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`)
    })
    response.on('close', () => {
      stop()
      streams.delete(response)
    })
  }

  async function serveFile(response: ServerResponse, path: string): Promise<void> {
    const wanted = normalize(path).replace(/^(\.\.[/\\])+/, '')
    const name = extname(wanted) === '' ? 'index.html' : wanted
    try {
      const bytes = await readFile(join(distFolder, name))
      response.writeHead(200, {
        ...securityHeaders,
        'content-type': types[extname(name)] ?? 'application/octet-stream',
      })
      response.end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fixture')
    const work = url.pathname.startsWith('/api/')
      ? serveApi(request, response, url.pathname, Object.fromEntries(url.searchParams))
      : serveFile(response, url.pathname)
    work.catch((error: unknown) => {
      if (error instanceof Refusal) problem(response, error.kind, error.message)
      else if (error instanceof z.ZodError) problem(response, 'invalid_input', z.prettifyError(error))
      else problem(response, 'internal', String(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the fixture server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    cutStreams: (cut) => {
      streamsCut = cut
      if (cut) for (const stream of streams) stream.destroy()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
