import type { Database } from '../db/database.ts'
import type { ObjectsPort } from '../objects/port.ts'

/** A process that dies behind so many calls: from then on nothing that it asks for is done. */
export class Life {
  #left: number
  constructor(calls: number) {
    this.#left = calls
  }
  get isOver(): boolean {
    return this.#left < 0
  }
  spend(): void {
    if (this.#left-- <= 0) throw new Error('killed')
  }
}

/** Each call of the database or the object store takes a piece of a life. */
export function mortal<Thing extends Database | ObjectsPort>(thing: Thing, life: Life): Thing {
  const counted = new Set(['asOwner', 'asOwnerOfEach', 'asDirectory', 'withTenant', 'put', 'open'])
  const proxy: Thing = new Proxy(thing, {
    get(target, name) {
      if (name === 'each') return () => [proxy]
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        if (counted.has(String(name))) {
          try {
            life.spend()
          } catch (error) {
            return Promise.reject(error)
          }
        }
        return Reflect.apply(member, target, given) as unknown
      }
    },
  })
  return proxy
}
