/**
 * A tar archive in the ustar format (POSIX.1-1988), which every tool reads: for each file a header of 512 bytes and its content, filled up to
 * whole blocks; two empty blocks end it.
 */
export interface TarFile {
  /** At most 100 bytes, ASCII, with `/` between folders. */
  readonly name: string
  readonly content: Uint8Array
}

const blockBytes = 512

export function tar(files: readonly TarFile[], modifiedMs: number): Buffer {
  const blocks = files.flatMap(({ name, content }) => [
    header(name, content.length, modifiedMs),
    content,
    Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes),
  ])
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)])
}

function header(name: string, bytes: number, modifiedMs: number): Buffer {
  if (!/^[\x21-\x7e]{1,100}$/.test(name))
    throw new RangeError(`"${name}" cannot be the name of a file in a tar archive`)
  const block = Buffer.alloc(blockBytes)
  const text = (value: string, offset: number) => block.write(value, offset, 'ascii')
  const octal = (value: number, offset: number, length: number) =>
    text(
      Math.floor(value)
        .toString(8)
        .padStart(length - 1, '0'),
      offset,
    )
  text(name, 0)
  octal(0o600, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(bytes, 124, 12)
  octal(modifiedMs / 1_000, 136, 12)
  text(' '.repeat(8), 148)
  text('0', 156)
  text('ustar\x0000', 257)
  let sum = 0
  for (const byte of block) sum += byte
  text(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
