export interface ServerEvent {
  readonly event: string
  readonly data: string
}

/**
 * 4 MiB: a line that long is no event of ours but a proxy's download, and would eat a panel's memory.
 */
const bufferLengthMax = 4 * 1024 * 1024

/**
 * Server-sent events (WHATWG HTML, 9.2.6) from text that arrives in any pieces. Comments are heartbeats and vanish; `id` and
 * `retry` are not used: after a reconnection the whole is fetched again. Throws RangeError for an event over 4 MiB.
 */
export function createSseParser(onEvent: (event: ServerEvent) => void): (text: string) => void {
  let buffer = ''
  let event = ''
  let data: string[] = []
  let afterCarriageReturn = false

  const takeLine = (line: string) => {
    if (line === '') {
      if (data.length > 0) onEvent({ event: event === '' ? 'message' : event, data: data.join('\n') })
      event = ''
      data = []
      return
    }
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon === -1 ? line : line.slice(0, colon)
    const rest = colon === -1 ? '' : line.slice(colon + 1)
    const value = rest.startsWith(' ') ? rest.slice(1) : rest
    if (field === 'event') event = value
    else if (field === 'data') data.push(value)
  }

  return (text) => {
    buffer += text
    for (;;) {
      // A line may end in CR LF, and the two may arrive in different pieces.
      if (afterCarriageReturn && buffer !== '') {
        if (buffer.startsWith('\n')) buffer = buffer.slice(1)
        afterCarriageReturn = false
      }
      const end = buffer.search(/[\r\n]/)
      if (end === -1) break
      afterCarriageReturn = buffer[end] === '\r'
      const line = buffer.slice(0, end)
      buffer = buffer.slice(end + 1)
      takeLine(line)
    }
    if (buffer.length > bufferLengthMax)
      throw new RangeError(`an event of the stream is over ${bufferLengthMax} characters`)
  }
}
