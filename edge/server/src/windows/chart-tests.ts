/**
 * Tests of control charts, each over the last readings, the newest first, as distances from the centre in sigmas. The newest
 * reading violates a test when it completes its pattern and is part of it; with too few readings it does not.
 *
 * Western Electric, Statistical Quality Control Handbook (1956), p. 25-28. L. S. Nelson, "The Shewhart control chart: tests for
 * special causes", Journal of Quality Technology 16 (1984) 237-239.
 */
type Test = (distances: readonly number[]) => boolean

const beyond = (sigmas: number, side: 1 | -1) => (distance: number) => distance * side > sigmas

/** The newest and so many of the last ones lie beyond, all on one side. */
const ofTheLast =
  (needed: number, of: number, sigmas: number): Test =>
  (distances) =>
    ([1, -1] as const).some((side) => {
      const isBeyond = beyond(sigmas, side)
      if (!isBeyond(distances[0] as number)) return false
      let count = 0
      for (let index = 0; index < of && index < distances.length; index++)
        if (isBeyond(distances[index] as number)) count++
      return count >= needed
    })

const allOfTheLast =
  (count: number, holds: (distance: number) => boolean): Test =>
  (distances) => {
    if (distances.length < count) return false
    for (let index = 0; index < count; index++) if (!holds(distances[index] as number)) return false
    return true
  }

/** Every step from a reading to the next has the sign that is wanted of it. */
const steps =
  (count: number, sign: (step: number, first: number) => number): Test =>
  (distances) => {
    if (distances.length < count) return false
    const first = Math.sign((distances[0] as number) - (distances[1] as number))
    if (first === 0) return false
    for (let step = 0; step < count - 1; step++) {
      const between = Math.sign((distances[step] as number) - (distances[step + 1] as number))
      if (between !== sign(step, first)) return false
    }
    return true
  }

/** Nelson's eighth is of points in both directions: eight on one side alone are his second. */
const bothSides =
  (count: number, sigmas: number): Test =>
  (distances) =>
    allOfTheLast(count, (distance) => Math.abs(distance) > sigmas)(distances) &&
    !allOfTheLast(count, beyond(sigmas, 1))(distances) &&
    !allOfTheLast(count, beyond(sigmas, -1))(distances)

const oneSide =
  (count: number): Test =>
  (distances) =>
    allOfTheLast(count, beyond(0, 1))(distances) || allOfTheLast(count, beyond(0, -1))(distances)

/** In the order of their numbers, from 1 on. */
const tests: Readonly<Record<'western_electric' | 'nelson', readonly Test[]>> = {
  western_electric: [ofTheLast(1, 1, 3), ofTheLast(2, 3, 2), ofTheLast(4, 5, 1), oneSide(8)],
  nelson: [
    ofTheLast(1, 1, 3),
    oneSide(9),
    steps(6, (_step, first) => first),
    steps(14, (step, first) => (step % 2 === 0 ? first : -first)),
    ofTheLast(2, 3, 2),
    ofTheLast(4, 5, 1),
    allOfTheLast(15, (distance) => Math.abs(distance) < 1),
    bothSides(8, 1),
  ],
}

/** Bit n - 1 is set for test n. `distances`: the newest first, one at least. */
export function violations(kind: keyof typeof tests, distances: readonly number[]): number {
  let mask = 0
  for (const [index, test] of tests[kind].entries()) if (test(distances)) mask |= 1 << index
  return mask
}
