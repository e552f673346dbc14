/** [MQTT-3.3.2-2] a topic has no wildcards, [MQTT-4.7.3-1] and at least one character, [MQTT-4.7.3-2] no null character. */
export const isTopicName = (topic: string): boolean => topic.length > 0 && !/[+#\0]/.test(topic)

/** [MQTT-4.7.1-2] `#` is the last level and alone there, [MQTT-4.7.1-3] `+` is alone in its level. */
export const isTopicFilter = (filter: string): boolean =>
  filter.length > 0 && !filter.includes('\0') && /^(?:[^+#/]*|\+)(?:\/(?:[^+#/]*|\+))*(?:\/#)?$|^#$/.test(filter)

/** [MQTT-4.7.2-1] what begins with `$` is not meant by a filter that begins with a wildcard. */
const hidesFrom = (topic: string, firstLevel: string | undefined): boolean =>
  topic.startsWith('$') && (firstLevel === '+' || firstLevel === '#')

/** Whether a filter means a topic; for one filter and many topics the levels of the filter are split once. */
export function filterMatcher(filter: string): (topic: string) => boolean {
  if (!/[+#]/.test(filter)) return (topic) => topic === filter
  const levels = filter.split('/')
  return (topic) => {
    if (hidesFrom(topic, levels[0])) return false
    const names = topic.split('/')
    for (const [index, level] of levels.entries()) {
      // `a/#` means `a` too.
      if (level === '#') return true
      if (index >= names.length || (level !== '+' && level !== names[index])) return false
    }
    return names.length === levels.length
  }
}

/** Whether a filter may mean a topic whose first level is this one. */
export function mayMeanBelow(filter: string, firstLevel: string): boolean {
  const end = filter.indexOf('/')
  const first = end < 0 ? filter : filter.slice(0, end)
  return first === '+' || first === '#' || first === firstLevel
}

/** Whether a filter means all of `firstLevel/x/y`. */
export const coversAllBelow = (filter: string, firstLevel: string): boolean =>
  filter === '#' || ['#', '+/#', '+/+'].some((rest) => filter === `${firstLevel}/${rest}` || filter === `+/${rest}`)
