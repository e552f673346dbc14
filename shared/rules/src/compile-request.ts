import { kindNumbers, type RuleSource } from './rule-source.ts'

/**
 * The module's compile request (`RequestReader` in `crate/src/declarations.rs`), little-endian: the number of fields, each
 * as kind and name; the number of parameters, each as kind, name and value; the source. Texts are length and UTF-8.
 */
export function compileRequest(rule: RuleSource): Uint8Array {
  const request = new RequestWriter()
  request.word(rule.fields.length)
  for (const { name, kind } of rule.fields) {
    request.word(kindNumbers[kind])
    request.text(name)
  }
  const params = Object.entries(rule.params ?? {})
  request.word(params.length)
  for (const [name, value] of params) {
    if (typeof value === 'number') {
      request.word(kindNumbers.number)
      request.text(name)
      request.float(value)
    } else if (typeof value === 'string') {
      request.word(kindNumbers.text)
      request.text(name)
      request.text(value)
    } else {
      request.word(kindNumbers.boolean)
      request.text(name)
      request.word(value ? 1 : 0)
    }
  }
  request.text(rule.source)
  return request.finish()
}

class RequestWriter {
  readonly #parts: Uint8Array[] = []
  readonly #encoder = new TextEncoder()

  word(value: number): void {
    const part = new Uint8Array(4)
    new DataView(part.buffer).setUint32(0, value, true)
    this.#parts.push(part)
  }

  float(value: number): void {
    const part = new Uint8Array(8)
    new DataView(part.buffer).setFloat64(0, value, true)
    this.#parts.push(part)
  }

  text(value: string): void {
    const part = this.#encoder.encode(value)
    this.word(part.length)
    this.#parts.push(part)
  }

  finish(): Uint8Array {
    const whole = new Uint8Array(this.#parts.reduce((length, part) => length + part.length, 0))
    let offset = 0
    for (const part of this.#parts) {
      whole.set(part, offset)
      offset += part.length
    }
    return whole
  }
}
