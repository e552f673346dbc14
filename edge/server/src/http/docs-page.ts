import { createHash } from 'node:crypto'

interface Operation {
  readonly summary?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly security?: readonly unknown[]
  readonly parameters?: readonly {
    readonly name?: string
    readonly in?: string
    readonly required?: boolean
    readonly schema?: unknown
  }[]
  readonly requestBody?: unknown
  readonly responses?: Readonly<Record<string, unknown>>
}
export interface ApiDocument {
  readonly info: { readonly title: string; readonly version: string }
  readonly paths?: object
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, "Noto Sans KR", "NanumGothic", sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
article { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: .75rem 0; }
h3 { margin: 0; font-size: 1rem; } code, pre { font-family: ui-monospace, monospace; font-size: .875rem; }
pre { overflow: auto; max-height: 30rem; } summary { cursor: pointer; padding: .5rem 0; }
table { border-collapse: collapse; } td { padding: .125rem 1rem .125rem 0; vertical-align: top; }
`
/** For the page's content security policy: this one inline style and nothing else. */
export const docsStyleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`

/** A page of the API made from its OpenAPI document: no script and nothing from elsewhere, since a plant may have no line out. */
export function docsPage(document: ApiDocument): string {
  const operations = Object.entries((document.paths ?? {}) as Record<string, Record<string, Operation>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? 'Other')
  const sections = [...groups].map(
    ([name, members]) => `<section><h2>${escape(name)}</h2>${members.map(article).join('')}</section>`,
  )
  const { title, version } = document.info
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title><style>${style}</style></head>
<body><h1>${escape(title)} <small>${escape(version)}</small></h1>
<p>Success comes as <code>{ data, meta }</code>, everything else as a problem (RFC 9457). The same in a form for programs: <a href="/openapi.json">openapi.json</a>.</p>
${sections.join('\n')}</body></html>`
}

function article({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const parameters = (operation.parameters ?? []).map(
    (parameter) =>
      `<tr><td><code>${escape(parameter.name ?? '')}</code></td><td>${escape(parameter.in ?? '')}${parameter.required ? ', required' : ''}</td><td><code>${escape(JSON.stringify(parameter.schema ?? {}))}</code></td></tr>`,
  )
  return `<article><h3><code>${method} ${escape(path)}</code> ${escape(operation.summary ?? '')}</h3>
<p>${escape(operation.description ?? '')}${operation.security ? ' Needs a session.' : ''}</p>
${parameters.length > 0 ? `<table>${parameters.join('')}</table>` : ''}
${operation.requestBody === undefined ? '' : details('Request body', operation.requestBody)}${details('Answers', operation.responses)}</article>`
}

const details = (title: string, value: unknown): string =>
  `<details><summary>${title}</summary><pre>${escape(JSON.stringify(value, null, 2))}</pre></details>`

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
