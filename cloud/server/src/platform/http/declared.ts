import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { z } from 'zod'
import type { AppEnv } from './env.ts'
import { answerUnrouted } from './methods.ts'
import { ProblemError } from './problem.ts'

type Body = NonNullable<NonNullable<RouteConfig['request']>['body']>
type Declare = (route: RouteConfig, ...rest: readonly unknown[]) => OpenAPIHono<AppEnv>

/** Of names that are not known: the first of them say what is wrong. */
const namedMax = 10
const nameCharactersMax = 64

/**
 * Has each route that is declared from now on take what it declares and nothing else: a filter whose name is misspelt would otherwise be answered with everything,
 * and a body in another form with what is missing of it. Looked at behind who asks, so that strangers learn nothing.
 */
export function takeOnlyDeclared(app: OpenAPIHono<AppEnv>): void {
  const declare = app.openapi as unknown as Declare
  const named = new Set<string>()
  // An address that is declared by its name is nobody else's `{id}` (OpenAPI 3.1, Paths Object): it takes its own methods alone.
  const takeUnnamed: MiddlewareHandler<AppEnv> = async (c, next) =>
    named.has(c.req.path) ? answerUnrouted(app, c) : next()
  const strict: Declare = (route, ...rest) => {
    const isTemplate = route.path.includes('{')
    if (!isTemplate) named.add(route.path)
    const middleware = [
      isTemplate ? takeUnnamed : [],
      route.middleware ?? [],
      takeQuery(queryNames(route)),
      takeBody(route.request?.body),
    ].flat()
    return declare({ ...route, middleware }, ...rest)
  }
  app.openapi = strict
}

/** For a route that stands in no document. */
export function takeQuery(names: readonly string[]): MiddlewareHandler<AppEnv> {
  const known = new Set(names)
  const takes = names.length === 0 ? 'This address takes no parameters' : `This address takes ${names.join(', ')}`
  return (c, next) => {
    const { url } = c.req
    const begin = url.indexOf('?')
    if (begin === -1) return next()
    const given = [...new URLSearchParams(url.slice(begin + 1)).keys()]
    const unknown = [...new Set(given.filter((name) => !known.has(name)))]
    const doubled = [...new Set(given.filter((name, index) => known.has(name) && given.indexOf(name) !== index))]
    if (unknown.length === 0 && doubled.length === 0) return next()
    const told = (reason: string) => (name: string) => ({ path: name.slice(0, nameCharactersMax), message: reason })
    throw new ProblemError('invalid_input', `${takes}, each once at most. Leave out or mend what is named.`, {
      details: {
        errors: [
          ...unknown.slice(0, namedMax).map(told('There is no such parameter here.')),
          ...doubled.map(told('It was given more than once.')),
        ],
      },
    })
  }
}

/** @throws TypeError for a query that is no object of parameters: nobody would know their names */
function queryNames({ path, request }: RouteConfig): string[] {
  const query: unknown = request?.query
  if (query === undefined) return []
  if (!(query instanceof z.ZodObject)) throw new TypeError(`the query of ${path} is to be declared as an object`)
  return Object.keys(query.shape)
}

/** JSON is UTF-8 (RFC 8259, 8.1); what names another character set would be read wrong. */
const characterSets = new Set(['utf-8', 'utf8', 'us-ascii'])

/** What any file is: its sender may know better what it is. */
const anyBytes = 'application/octet-stream'

/** The forms that a body may have; none where every one is taken. */
export function formsOf(body: { readonly content?: object } | undefined): string[] {
  const mediaTypes = Object.keys(body?.content ?? {})
  return mediaTypes.includes(anyBytes) ? [] : mediaTypes
}

function takeBody(body: Body | undefined): MiddlewareHandler<AppEnv> {
  const mediaTypes = formsOf(body)
  if (mediaTypes.length === 0) return (_, next) => next()
  const isJson = mediaTypes.includes('application/json')
  const refusal = () =>
    new ProblemError(
      'unsupported_media_type',
      `Send the body as ${mediaTypes.join(' or ')}${isJson ? ' in UTF-8' : ''}, not compressed, and say so in Content-Type.`,
    )
  return (c, next) => {
    const given = c.req.header('content-type')
    if ((c.req.header('content-encoding') ?? 'identity') !== 'identity') throw refusal()
    // Bytes are bytes, whoever does not say so; JSON that is missing is told with what it lacks.
    if (given === undefined ? isJson && hasBody(c) : !isTaken(given, mediaTypes)) throw refusal()
    return next()
  }
}

function isTaken(contentType: string, mediaTypes: readonly string[]): boolean {
  const [essence = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase())
  const characterSet = parameters.find((part) => part.startsWith('charset='))?.slice('charset='.length)
  return (
    mediaTypes.includes(essence) && (characterSet === undefined || characterSets.has(characterSet.replaceAll('"', '')))
  )
}

const hasBody = (c: Context<AppEnv>): boolean => c.req.raw.body !== null && c.req.header('content-length') !== '0'
