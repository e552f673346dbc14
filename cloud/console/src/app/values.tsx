/** Facts of any kind, each with its name, in a line. */
export function Values({ values }: { values: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(values)
  if (entries.length === 0) return <span className="second">–</span>
  return (
    <span className="audit-detail">
      {entries.map(([name, value]) => (
        <span key={name}>
          <span className="second">{name}</span> {typeof value === 'string' ? value : JSON.stringify(value)}
        </span>
      ))}
    </span>
  )
}
