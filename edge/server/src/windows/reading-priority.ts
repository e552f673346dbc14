const floats = new Float64Array(2)
const words = new Int32Array(floats.buffer)

/** A hash of a reading (murmur3's mixing) that decides where it stands in the tree: no order of arrival makes that high. */
export function priorityOf(timeMs: number, value: number): number {
  floats[0] = timeMs
  floats[1] = value
  let hash = 0x9e37_79b9
  for (let index = 0; index < 4; index++) {
    let word = Math.imul(words[index] as number, 0xcc9e_2d51)
    word = (word << 15) | (word >>> 17)
    hash ^= Math.imul(word, 0x1b87_3593)
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe654_6b64) | 0
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return hash ^ (hash >>> 16)
}
