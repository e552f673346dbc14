import type { RuleTrigger } from '@jidoka/domain'
import { useText } from '../messages/index.ts'

/** What makes a rule judge, in words. */
export function useTriggerText(): (trigger: RuleTrigger) => string {
  const t = useText()
  return (trigger) => {
    const what =
      trigger.on === 'mes'
        ? t('rule.on_mes')
        : trigger.on === 'reading'
          ? t('rule.on_reading', { sensor: trigger.sensor })
          : trigger.sensor === undefined
            ? t('rule.on_timer', { seconds: trigger.every_s })
            : t('rule.on_timer_of', { seconds: trigger.every_s, sensor: trigger.sensor })
    return trigger.lines === undefined ? what : `${what} (${trigger.lines.join(', ')})`
  }
}
