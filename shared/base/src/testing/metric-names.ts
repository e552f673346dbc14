/** Names of all metrics in a text of Prometheus, sorted; those of the runtime, which prom-client brings along, are left out. */
export function metricNames(text: string): string[] {
  const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name ?? '')
  return names.filter((name) => !ofTheRuntime.test(name)).toSorted()
}

const ofTheRuntime = /^(?:jidoka_cloud_)?(?:process|nodejs)_/

/** Names in the first column of the table below a heading, sorted. */
export function documentedMetrics(markdown: string, heading: string): string[] {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^\| `([a-z_0-9]+)`/gm)].map(([, name]) => name ?? '').toSorted()
}
