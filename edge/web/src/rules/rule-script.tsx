/** The script with its lines numbered, and the one marked that failed. */
export function RuleScript({ script, wrongLine }: { script: string; wrongLine: number | null }) {
  return (
    <pre className="script">
      {script.split('\n').map((text, index) => (
        <span key={index} className={index + 1 === wrongLine ? 'script-line script-line-wrong' : 'script-line'}>
          {text}
          {'\n'}
        </span>
      ))}
    </pre>
  )
}
