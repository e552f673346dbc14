import type { Log } from '@jidoka/base'

/** What a device tells its owner: it is signed in, its connection is gone or was not to be had, or the broker refused it. */
export type DeviceNews = 'online' | 'away' | 'refused'

/**
 * Says what a person must know of many devices, once each: that the broker refuses them, that it is away, that all are
 * back. Twenty-eight lines that say the same would hide it.
 */
export class RollCall {
  readonly #log: Log
  readonly #broker: string
  readonly #deviceCount: number
  readonly #online = new Set<string>()
  #refusalIsSaid = false
  #isAway = false

  constructor(options: { log: Log; broker: string; deviceCount: number }) {
    this.#log = options.log
    this.#broker = options.broker
    this.#deviceCount = options.deviceCount
  }

  get onlineCount(): number {
    return this.#online.size
  }

  hear(login: string, news: DeviceNews, detail: string): void {
    this.#log.debug({ login, news, detail }, 'a device changes')
    if (news === 'online') return this.#arrived(login)
    this.#online.delete(login)
    if (news === 'refused') this.#refused(login, detail)
    else if (this.#online.size === 0 && !this.#isAway && !this.#refusalIsSaid) {
      this.#isAway = true
      this.#log.warn({ broker: this.#broker }, 'no device reaches the broker; they try again by themselves')
    }
  }

  #arrived(login: string): void {
    this.#online.add(login)
    this.#refusalIsSaid = false
    if (this.#online.size < this.#deviceCount) return
    this.#isAway = false
    this.#log.info({ broker: this.#broker, devices: this.#deviceCount }, 'all devices are signed in')
  }

  #refused(login: string, detail: string): void {
    if (this.#refusalIsSaid) return
    this.#refusalIsSaid = true
    const advice = 'the broker refuses devices: give it the file that the same call of the command "devices" made'
    this.#log.warn({ broker: this.#broker, login, detail }, advice)
  }
}
