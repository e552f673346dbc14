import { ManualClock } from '@jidoka/base'

/** A manual clock that tells how many timers wait, so that a test sees when a program has come to rest. */
export class CountingClock extends ManualClock {
  #waiting = 0

  get waiting(): number {
    return this.#waiting
  }

  override after(delayMs: number, run: () => void): () => void {
    this.#waiting++
    let isOver = false
    const over = () => {
      if (!isOver) this.#waiting--
      isOver = true
    }
    const cancel = super.after(delayMs, () => {
      over()
      run()
    })
    return () => {
      over()
      cancel()
    }
  }
}
