/**
 * What is known of a stretch of readings, kept for every node of the tree in `ordered-readings.ts`: only what merges, and
 * nothing that is ever subtracted, so that no error gathers however long the appliance runs.
 *
 * Each class holds columns with an entry a node and computes the one at `to` as: what is at `left`, then the reading of `node`
 * itself, then what is at `right`. Entry 0 is that of no readings. `left` may be `to`.
 */
export interface Summary {
  /** A longer copy of all columns. */
  grow(capacity: number): void
  combine(to: number, left: number, node: number, right: number): void
}

/** The readings themselves, by node. */
export interface Readings {
  readonly times: Float64Array
  readonly values: Float64Array
  readonly counts: Int32Array
}

export function longer(column: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(capacity)
  copy.set(column)
  return copy
}

/** Mean and sum of squared distances from it, by Chan, Golub and LeVeque's merge (1979): exact to rounding at any offset. */
export class Moments implements Summary {
  means: Float64Array
  squares: Float64Array
  readonly #readings: Readings

  constructor(readings: Readings) {
    this.#readings = readings
    this.means = new Float64Array(readings.times.length)
    this.squares = new Float64Array(readings.times.length)
  }

  grow(capacity: number): void {
    this.means = longer(this.means, capacity)
    this.squares = longer(this.squares, capacity)
  }

  combine(to: number, left: number, node: number, right: number): void {
    const { values, counts } = this.#readings
    const { means, squares } = this
    const value = values[node] as number
    const leftCount = counts[left] as number
    const rightCount = counts[right] as number
    let mean = value
    let square = 0
    let count = 1
    if (leftCount > 0) {
      const leftMean = means[left] as number
      const distance = value - leftMean
      count = leftCount + 1
      mean = leftMean + distance / count
      square = (squares[left] as number) + distance * distance * (leftCount / count)
    }
    if (rightCount > 0) {
      const distance = (means[right] as number) - mean
      const both = count + rightCount
      mean += distance * (rightCount / both)
      square += (squares[right] as number) + distance * distance * ((count * rightCount) / both)
    }
    means[to] = mean
    squares[to] = square
  }
}

export class Extremes implements Summary {
  least: Float64Array
  most: Float64Array
  readonly #readings: Readings

  constructor(readings: Readings) {
    this.#readings = readings
    this.least = new Float64Array(readings.times.length)
    this.most = new Float64Array(readings.times.length)
    this.least[0] = Infinity
    this.most[0] = -Infinity
  }

  grow(capacity: number): void {
    this.least = longer(this.least, capacity)
    this.most = longer(this.most, capacity)
  }

  combine(to: number, left: number, node: number, right: number): void {
    const { least, most } = this
    const value = this.#readings.values[node] as number
    const [a, b] = [least[left] as number, least[right] as number]
    const [c, d] = [most[left] as number, most[right] as number]
    const low = a < b ? a : b
    const high = c > d ? c : d
    least[to] = value < low ? value : low
    most[to] = value > high ? value : high
  }
}

/**
 * Co-moments of time and value, for the line of least squares. Mean times are offsets from the time of the node that they were
 * combined at: a double counts milliseconds since 1970 in steps of a quarter of a microsecond, too coarse for readings a few
 * milliseconds apart. Uses the means of `Moments`, which must be combined after it.
 */
export class Trend implements Summary {
  meanOffsets: Float64Array
  timeSquares: Float64Array
  products: Float64Array
  #bases: Float64Array
  readonly #readings: Readings
  readonly #moments: Moments

  constructor(readings: Readings, moments: Moments) {
    this.#readings = readings
    this.#moments = moments
    this.#bases = new Float64Array(readings.times.length)
    this.meanOffsets = new Float64Array(readings.times.length)
    this.timeSquares = new Float64Array(readings.times.length)
    this.products = new Float64Array(readings.times.length)
  }

  grow(capacity: number): void {
    this.#bases = longer(this.#bases, capacity)
    this.meanOffsets = longer(this.meanOffsets, capacity)
    this.timeSquares = longer(this.timeSquares, capacity)
    this.products = longer(this.products, capacity)
  }

  combine(to: number, left: number, node: number, right: number): void {
    const { times, values, counts } = this.#readings
    const { means } = this.#moments
    const { meanOffsets, timeSquares, products } = this
    const bases = this.#bases
    const base = times[node] as number
    const value = values[node] as number
    const leftCount = counts[left] as number
    const rightCount = counts[right] as number
    let offset = 0
    let mean = value
    let square = 0
    let product = 0
    let count = 1
    if (leftCount > 0) {
      const leftOffset = (bases[left] as number) - base + (meanOffsets[left] as number)
      const leftMean = means[left] as number
      const distance = value - leftMean
      count = leftCount + 1
      const weight = leftCount / count
      offset = leftOffset * weight
      mean = leftMean + distance / count
      square = (timeSquares[left] as number) + leftOffset * leftOffset * weight
      product = (products[left] as number) - leftOffset * distance * weight
    }
    if (rightCount > 0) {
      const later = (bases[right] as number) - base + (meanOffsets[right] as number) - offset
      const distance = (means[right] as number) - mean
      const both = count + rightCount
      const weight = (count * rightCount) / both
      offset += later * (rightCount / both)
      square += (timeSquares[right] as number) + later * later * weight
      product += (products[right] as number) + later * distance * weight
    }
    bases[to] = base
    meanOffsets[to] = offset
    timeSquares[to] = square
    products[to] = product
  }
}

/** Sums with Neumaier's correction: a plain sum of many readings would lose the small ones, and a mean its last digits. */
export class Sums implements Summary {
  sums: Float64Array
  corrections: Float64Array
  readonly #readings: Readings

  constructor(readings: Readings) {
    this.#readings = readings
    this.sums = new Float64Array(readings.times.length)
    this.corrections = new Float64Array(readings.times.length)
  }

  grow(capacity: number): void {
    this.sums = longer(this.sums, capacity)
    this.corrections = longer(this.corrections, capacity)
  }

  combine(to: number, left: number, node: number, right: number): void {
    const { sums, corrections } = this
    const first = sums[left] as number
    const value = this.#readings.values[node] as number
    const two = first + value
    const last = sums[right] as number
    const sum = two + last
    corrections[to] =
      (corrections[left] as number) + (corrections[right] as number) + lost(first, value, two) + lost(two, last, sum)
    sums[to] = sum
  }
}

/** What `a + b` rounded away. */
function lost(a: number, b: number, sum: number): number {
  return Math.abs(a) >= Math.abs(b) ? a - sum + b : b - sum + a
}
