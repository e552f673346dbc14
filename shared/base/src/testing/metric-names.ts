import { z } from 'zod'

/** Names of all metrics in a text of Prometheus, sorted; those of the runtime, which prom-client brings along, are left out. */
export function metricNames(text: string): string[] {
  const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name ?? '')
  return names.filter((name) => !ofTheRuntime.test(name)).toSorted()
}

const ofTheRuntime = /^(?:jidoka_cloud_)?(?:process|nodejs)_/

const metricSchema = z.object({ name: z.string(), labelNames: z.array(z.string()) })

/** Labels of metrics of prom-client by their names, also of those that nothing has counted yet; those of the runtime are left out. */
export function metricLabels(metrics: readonly unknown[]): Record<string, string[]> {
  const parsed = metrics.map((metric) => metricSchema.parse(metric)).filter(({ name }) => !ofTheRuntime.test(name))
  return Object.fromEntries(parsed.map(({ name, labelNames }) => [name, labelNames.toSorted()]))
}

/** Names in the first column of the table below a heading, sorted. */
export function documentedMetrics(markdown: string, heading: string): string[] {
  return [...sectionOf(markdown, heading).matchAll(/^\| `([a-z_0-9]+)`/gm)].map(([, name]) => name ?? '').toSorted()
}

/** The second column of the same table: labels by names. */
export function documentedLabels(markdown: string, heading: string): Record<string, string[]> {
  const rows = sectionOf(markdown, heading).matchAll(/^\| `([a-z_0-9]+)` \|([a-z_, ]*)\|/gm)
  return Object.fromEntries(
    [...rows].map(([, name = '', labels = '']) => [name, (labels.match(/\w+/g) ?? []).toSorted()]),
  )
}

const sectionOf = (markdown: string, heading: string): string =>
  markdown.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
