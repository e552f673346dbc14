/** Every path that an edge calls in the cloud, in one place. */
export const syncPaths = {
  batches: '/sync/v1/batches',
  cursor: '/sync/v1/cursor',
  shape: '/sync/v1/shape',
  enrol: '/api/v1/fleet/enrol',
} as const

/** `GET` of the cursor of one epoch. */
export const cursorPath = (epoch: string): string => `${syncPaths.cursor}?epoch=${epoch}`

/** Content type of a batch. */
export const batchContentType = 'application/vnd.jidoka.batch'
