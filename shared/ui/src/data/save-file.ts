/** 60 s: a browser that asks where to save reads the blob only after the answer. */
const releasedAfterMs = 60_000

/** Hands a file over to the person, as if a link to it had been followed. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), releasedAfterMs)
}
