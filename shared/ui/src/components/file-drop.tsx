import { useId, useState } from 'react'

/** Where a file is dropped, or chosen by keyboard and finger as in any form: the browser's own file box, over all of the field. */
export function FileDrop({
  label,
  hint,
  accept,
  refused = null,
  onFile,
}: {
  label: string
  hint: string
  accept: string
  /** Why none is taken now. */
  refused?: string | null
  onFile: (file: File) => void
}) {
  const id = useId()
  const [isOver, setIsOver] = useState(false)
  return (
    <label
      className={isOver && refused === null ? 'file-drop file-drop-over' : 'file-drop'}
      aria-disabled={refused === null ? undefined : true}
    >
      <input
        type="file"
        className="file-drop-input"
        accept={accept}
        aria-disabled={refused === null ? undefined : true}
        aria-describedby={`${id}-hint`}
        onClick={(event) => {
          if (refused !== null) event.preventDefault()
        }}
        onDragOver={() => setIsOver(true)}
        onDragLeave={() => setIsOver(false)}
        onDrop={(event) => {
          setIsOver(false)
          // A disabled box would let the browser leave the page and open the file.
          if (refused !== null) event.preventDefault()
        }}
        onChange={(event) => {
          const file = event.target.files?.[0]
          if (file && refused === null) onFile(file)
          // The same file chosen again must be a change.
          event.target.value = ''
        }}
      />
      <strong>{label}</strong>
      <span className="second small" id={`${id}-hint`}>
        {refused ?? hint}
      </span>
    </label>
  )
}
