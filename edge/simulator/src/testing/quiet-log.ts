import { createLog } from '@jidoka/base'

export const quietLog = createLog('test', { destination: { write: () => {} } })
