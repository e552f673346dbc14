const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** A method as a label of metrics: others share one, as a sender may write what it likes (I10). */
export const methodLabel = (method: string): string => (methods.has(method) ? method : 'OTHER')
