import { ConnectionError, ProblemError, readProblem } from '@jidoka/ui'

/** Sends a file to where a link leads, and tells how much has left; `fetch` cannot tell. @throws ProblemError, ConnectionError, AbortError */
export function putFile(
  path: string,
  file: Blob,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const abort = () => request.abort()
    request.upload.addEventListener('progress', ({ loaded }) => onBytes(loaded))
    request.addEventListener('load', () => {
      if (request.status < 300) resolve()
      else
        void readProblem(new Response(request.responseText, { status: request.status })).then((problem) =>
          reject(new ProblemError(problem)),
        )
    })
    // Not its path: a link is its own key.
    request.addEventListener('error', () => reject(new ConnectionError('unreachable', 'the upload')))
    request.addEventListener('abort', () => reject(new DOMException('it was cancelled', 'AbortError')))
    request.addEventListener('loadend', () => signal.removeEventListener('abort', abort))
    request.open('PUT', path)
    request.setRequestHeader('content-type', 'application/octet-stream')
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) reject(new DOMException('it was cancelled', 'AbortError'))
    else request.send(file)
  })
}
