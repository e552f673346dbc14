import type { Lane } from './lane.ts'
import { protocolVersion } from './version.ts'

/** Every path that an edge calls in the cloud, in one place. */
export const syncPaths = {
  batches: '/sync/v1/batches',
  cursor: '/sync/v1/cursor',
  shape: '/sync/v1/shape',
  troubles: '/sync/v1/troubles',
  ranges: '/sync/v1/ranges',
  repairs: '/sync/v1/repairs',
  /** `PUT`: the edge's own courier key. */
  courierKey: '/sync/v1/courier-key',
  /** `PUT .../{command id}`: what a command has made, too large for the records lane. */
  bundles: '/sync/v1/bundles',
  enrol: '/api/v1/fleet/enrol',
} as const

/** `GET` of the cursor of one epoch. The version says which members of the answer the asker knows; one of before 1.2 says none. */
export const cursorPath = (epoch: string): string => `${syncPaths.cursor}?epoch=${epoch}&protocol=${protocolVersion}`

/** `GET` of a lane's ranges from one on. */
export const rangesPath = (epoch: string, lane: Lane, fromRange: number): string =>
  `${syncPaths.ranges}?epoch=${epoch}&lane=${lane}&from=${fromRange}`

export const batchContentType = 'application/vnd.jidoka.batch'
