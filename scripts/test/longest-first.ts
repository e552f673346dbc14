import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

/**
 * Files that take ten seconds and more, longest first. One of them begun last leaves a core idle for as long as it takes, and Vitest
 * knows how long a file takes only from a run before this one: a fresh clone has none.
 */
export const longest: readonly string[] = [
  'cloud/server/src/store.test.ts',
  'edge/chaos/sync/sync.test.ts',
  'edge/chaos/chaos.test.ts',
  'cloud/server/src/store.pg.test.ts',
  'cloud/server/src/main.test.ts',
  'edge/simulator/src/main.test.ts',
  'edge/server/src/main.test.ts',
  'sync/simulation/src/world.test.ts',
  'cloud/server/src/platform/events/events.process.test.ts',
  'edge/web/test/reach.e2e.test.ts',
  'cloud/server/src/platform/db/database.pg.test.ts',
  'cloud/console/test/console.e2e.test.ts',
  'cloud/console/test/cloud.e2e.test.ts',
  'edge/web/test/operator.e2e.test.ts',
  'edge/server/src/broker/open-broker.test.ts',
  'cloud/server/src/platform/tenancy/moves.pg.test.ts',
  'cloud/server/src/platform/jobs/jobs.process.test.ts',
  'cloud/console/test/rule-editor.e2e.test.ts',
  'edge/web/test/sync.e2e.test.ts',
  'edge/web/test/engineer.e2e.test.ts',
  'edge/server/src/broker/broker.test.ts',
  'cloud/server/src/platform/events/stream-reader.redis.test.ts',
  'cloud/server/src/platform/objects/objects.test.ts',
  'edge/simulator/src/mes/mes.test.ts',
  'cloud/console/test/fleet.e2e.test.ts',
  'edge/simulator/src/http/page.e2e.test.ts',
  'edge/server/src/broker/crash.test.ts',
  'scripts/test/one-trace.test.ts',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files)
    const place = ({ moduleId }: TestSpecification) => {
      const index = longest.findIndex((name) => moduleId.endsWith(`/${name}`))
      return index < 0 ? longest.length : index
    }
    return others.toSorted((left, right) => place(left) - place(right))
  }
}
