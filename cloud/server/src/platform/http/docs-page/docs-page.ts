import type { Components, Schema } from './schema-text.ts'
import { sampleOf, schemaText } from './schema-text.ts'

interface Content {
  content?: Record<string, { schema?: Schema; example?: unknown }>
}
interface Response extends Content {
  description?: string
}
export interface Parameter {
  name: string
  in: string
  required?: boolean
  schema?: Schema
}
export interface Operation {
  operationId?: string
  summary?: string
  description?: string
  tags?: string[]
  parameters?: Parameter[]
  requestBody?: Content
  responses?: Record<string, Response>
}
export interface ApiDocument {
  info: { title: string; version: string }
  paths?: object
  components?: { schemas?: unknown }
}

interface Entry {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

export function operationsOf(document: { paths?: object }): Entry[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]: [string, object]) =>
    Object.entries(item).map(([method, operation]: [string, Operation]) => ({ method, path, operation })),
  )
}

/** The API to read and to try: by module, each request and answer with its form. It needs nothing from elsewhere; trying needs its script, reading does not. */
export function docsPage(document: ApiDocument): string {
  const components = (document.components?.schemas ?? {}) as Components
  const byTag = Map.groupBy(operationsOf(document), ({ operation }) => operation.tags?.[0] ?? 'other')
  const tags = [...byTag.keys()].toSorted()
  const { title, version } = document.info
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} API</title><style>${style}</style></head><body>
<header><h1>${escapeHtml(title)} API <small>${escapeHtml(version)}</small></h1>
<p>Success is <code>{ data, meta }</code>, an error a problem of RFC 9457 whose <code>detail</code> says what to do next. As a file for programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).
A program signs in with <code>POST /api/v1/auth/login</code> and sends <code>Authorization: Bearer</code> with the access token.
Lists go on with <code>cursor</code> from <code>meta.next_cursor</code>. A <code>POST</code> with an <code>Idempotency-Key</code> is done once within a day, however often it is sent. A <code>GET</code> with <code>If-None-Match</code> is answered with 304 where nothing has changed.</p>
<form id="session"><span id="who">Nobody is signed in on this page.</span>
<label>Name <input name="login" autocomplete="username" required maxlength="200"></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required maxlength="200"></label>
<button>Sign in</button> <button type="button" id="resume">Use the console's session</button></form>
<nav>${tags.map((tag) => `<a href="#${idOf(tag)}">${escapeHtml(tag)}</a>`).join(' ')}</nav></header>
<main>${tags
    .map(
      (tag) =>
        `<section id="${idOf(tag)}"><h2>${escapeHtml(tag)}</h2>${(byTag.get(tag) ?? [])
          .map((entry) => operationHtml(entry, components))
          .join('\n')}</section>`,
    )
    .join('\n')}</main>
<script src="/docs/page.js" defer></script></body></html>`
}

function operationHtml({ method, path, operation }: Entry, components: Components): string {
  const parameters = operation.parameters ?? []
  const [mediaType, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? []
  const name = `${method} ${path}`
  return `<details id="${idOf(name)}"><summary><b>${method.toUpperCase()}</b> <code>${escapeHtml(path)}</code> ${escapeHtml(operation.summary ?? '')}</summary>
${operation.description === undefined ? '' : `<p>${escapeHtml(operation.description)}</p>`}
<form class="try" data-method="${method.toUpperCase()}" data-path="${escapeHtml(path)}" data-type="${escapeHtml(mediaType ?? '')}">
${parameters.map((parameter) => parameterHtml(parameter, components)).join('\n')}
${body?.schema === undefined ? '' : bodyHtml(mediaType ?? '', body.schema, components, body.example)}
<button>Send</button> <output></output></form>
${Object.entries(operation.responses ?? {})
  .map(([status, response]) => responseHtml(status, response, components))
  .join('\n')}</details>`
}

function parameterHtml({ name, in: place, required, schema = {} }: Parameter, components: Components): string {
  return `<label><code>${escapeHtml(name)}</code> <input name="${escapeHtml(name)}" data-in="${escapeHtml(place)}"${required === true ? ' required' : ''}> <small>${escapeHtml(`${place}, ${schemaText(schema, components)}`)}</small></label>`
}

function bodyHtml(mediaType: string, schema: Schema, components: Components, example: unknown): string {
  const form = `<h3>Body <small>${escapeHtml(mediaType)}</small></h3><pre>${escapeHtml(schemaText(schema, components))}</pre>`
  // A file is for programs to send.
  if (mediaType !== 'application/json') return form
  const sample = JSON.stringify(example ?? sampleOf(schema, components), null, 2)
  return `${form}<label>Body to send<textarea name="body" rows="${Math.min(20, sample.split('\n').length)}" spellcheck="false">${escapeHtml(sample)}</textarea></label>`
}

function responseHtml(status: string, { description, content }: Response, components: Components): string {
  const [mediaType, body] = Object.entries(content ?? {})[0] ?? []
  const schema = body?.schema
  const form =
    schema === undefined || status === 'default' ? '' : `<pre>${escapeHtml(schemaText(schema, components))}</pre>`
  return `<h3>${status === 'default' ? 'else' : status} <small>${escapeHtml(`${mediaType ?? ''} ${description ?? ''}`)}</small></h3>${form}`
}

const idOf = (text: string): string => text.replaceAll(/[^a-z0-9]+/gi, '-')

function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] as string,
  )
}

const style = `
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;padding:1.5rem;max-width:70rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:1.5rem 0 .25rem}h3{font-size:.9rem;margin:.75rem 0 .25rem}
small{font-weight:400;opacity:.75}
nav a{margin-right:.75rem}
#session{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:.75rem 0;padding:.5rem 0;border-block:1px solid #8886}
details{border-bottom:1px solid #8884;padding:.3rem 0}
summary{cursor:pointer}summary code{overflow-wrap:anywhere}summary b{display:inline-block;min-width:4.5rem;font-weight:600}
.try{margin:.5rem 0}.try label{display:block;margin:.25rem 0}
input,textarea,button{font:inherit;padding:.25rem .5rem}
textarea{display:block;width:100%;box-sizing:border-box;font-family:ui-monospace,monospace;font-size:13px}
pre{overflow:auto;max-height:24rem;margin:.25rem 0;padding:.5rem .75rem;border:1px solid #8884;font-size:13px}
:focus-visible{outline:2px solid currentColor;outline-offset:2px}`
