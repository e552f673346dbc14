import { z } from 'zod'

/**
 * Where the connector stands: for each table the newest `updated_at` that it has read, in microseconds since 1970 (as
 * text: JSON has no bigint). Each poll begins a whole overlap before it, so no key is needed to break ties.
 */
const positionSchema = z.object({
  version: z.literal(1),
  watermarks_us: z.record(z.string(), z.string().regex(/^\d{1,18}$/)),
})

export class MesPosition {
  readonly #watermarks: ReadonlyMap<string, bigint>

  private constructor(watermarks: ReadonlyMap<string, bigint>) {
    this.#watermarks = watermarks
  }

  static decode(text: string | null): MesPosition {
    if (text === null) return new MesPosition(new Map())
    const { watermarks_us } = positionSchema.parse(JSON.parse(text))
    return new MesPosition(new Map(Object.entries(watermarks_us).map(([table, us]) => [table, BigInt(us)])))
  }

  encode(): string {
    const watermarks_us = Object.fromEntries([...this.#watermarks].map(([table, us]) => [table, us.toString()]))
    return JSON.stringify({ version: 1, watermarks_us } satisfies z.input<typeof positionSchema>)
  }

  of(table: string): bigint | null {
    return this.#watermarks.get(table) ?? null
  }

  /** The position after `us` has been read; it never goes back. */
  advanced(table: string, us: bigint): MesPosition {
    const before = this.of(table)
    return before !== null && before >= us ? this : new MesPosition(new Map(this.#watermarks).set(table, us))
  }
}
