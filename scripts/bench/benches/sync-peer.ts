import type { TestStore } from '../../../cloud/server/src/testing/stores.ts'
import type { Plant } from './sync-plant.ts'

/** Readings as a program without arrays would keep them: a row each, a primary key that makes a second delivery harmless, an index by tag and time. */
export class RowStore {
  readonly #pool: TestStore['backend']['pool']

  private constructor(pool: TestStore['backend']['pool']) {
    this.#pool = pool
  }

  /** A new and empty one; the old one is dropped. */
  static async create(pool: TestStore['backend']['pool']): Promise<RowStore> {
    await pool.query('drop table if exists peer_readings')
    await pool.query(`create table peer_readings (
      edge_id integer, seq bigint, tag_no integer, time timestamptz, value double precision, primary key (edge_id, seq))`)
    await pool.query('create index on peer_readings (tag_no, time)')
    return new RowStore(pool)
  }

  /** Columns of the next readings, as `pg` takes them for `unnest`. */
  static batch(plant: Plant, count: number): readonly unknown[][] {
    const columns: [number[], number[], string[], number[]] = [[], [], [], []]
    for (let index = 0; index < count; index++) {
      columns[0].push(plant.seq)
      const { tagNo, timeMs, value } = plant.next()
      columns[1].push(tagNo)
      columns[2].push(new Date(timeMs).toISOString())
      columns[3].push(value)
    }
    return columns
  }

  async insert(batch: readonly unknown[][]): Promise<void> {
    await this.#pool.query({
      name: 'peer-insert',
      text: 'insert into peer_readings select 1, * from unnest($1::bigint[], $2::integer[], $3::timestamptz[], $4::float8[]) on conflict do nothing',
      values: [...batch],
    })
  }
}
