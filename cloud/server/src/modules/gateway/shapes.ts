import type {
  Dashboard,
  Execution,
  MobileDashboard,
  MobileJudgment,
  SlackBlock,
  SlackMessage,
  UnavailablePart,
  User,
  WebDashboard,
} from '@jidoka/contract'
import { slackLimits } from '@jidoka/contract'
import type { Locale } from '@jidoka/domain'
import { headlineOf, sentenceOfJudgment } from './sentences.ts'

// One dashboard, three forms. All of them are made of the same answers, so that no two people see different facts.

const mobileRowsMax = 10
const slackRowsMax = 10

export function webDashboardOf(dashboard: Dashboard, viewer: User | null, locale: Locale): WebDashboard {
  return { ...dashboard, viewer, headline: headlineOf(dashboard, locale) }
}

export function mobileDashboardOf(dashboard: Dashboard, locale: Locale): MobileDashboard {
  const { judgments, fleet, unavailable } = dashboard
  return {
    headline: headlineOf(dashboard, locale),
    open_alarms: fleet?.open_alarms ?? null,
    edges_silent: fleet?.silent ?? null,
    judgments:
      judgments === null
        ? null
        : abnormalFirst(judgments)
            .slice(0, mobileRowsMax)
            .map((execution) => mobileJudgmentOf(execution, locale)),
    unavailable: missed(unavailable).map(({ part, sentence }) => ({ part, sentence })),
  }
}

export function mobileJudgmentOf(execution: Execution, locale: Locale): MobileJudgment {
  const { execution_id: id, executed_at: at, status, normal } = execution
  return { id, at, status, normal, sentence: sentenceOfJudgment(execution, locale) }
}

export function slackDashboardOf(dashboard: Dashboard, locale: Locale): SlackMessage {
  const { judgments, fleet, unavailable } = dashboard
  const headline = headlineOf(dashboard, locale)
  const rows = judgments === null ? [] : abnormalFirst(judgments).slice(0, slackRowsMax)
  return {
    text: escapeSlack(headline),
    blocks: [
      headerOf(headline),
      ...(fleet === null ? [] : [section(fleetLine(fleet, locale))]),
      ...rows.map((execution) => section(slackLine(execution, locale))),
      ...missed(unavailable).map(({ sentence }) => context(escapeSlack(sentence))),
    ],
  }
}

export function slackJudgmentsOf(rows: readonly Execution[], locale: Locale): SlackMessage {
  const title = locale === 'ko' ? `최근 판정 ${rows.length}건` : `Recent judgments: ${rows.length}`
  return { text: title, blocks: [headerOf(title), ...rows.map((execution) => section(slackLine(execution, locale)))] }
}

/** A problem as a message, for whoever posts what comes. */
export const slackProblemOf = (sentence: string): SlackMessage => ({
  text: escapeSlack(sentence),
  blocks: [section(escapeSlack(sentence))],
})

/** What is not in this release is no news on a telephone, and neither is what somebody may not see. */
const missed = (unavailable: readonly UnavailablePart[]) =>
  unavailable.filter(({ reason }) => reason !== 'not_installed' && reason !== 'not_permitted')

const abnormalFirst = (judgments: readonly Execution[]) =>
  judgments.toSorted((left, right) => Number(left.normal) - Number(right.normal))

/** Letter and shape, as everywhere: nobody depends on a colour. */
function slackLine(execution: Execution, locale: Locale): string {
  const sign = execution.normal ? '○' : '▲'
  const seconds = Math.floor(Date.parse(execution.executed_at) / 1_000)
  // Slack writes the instant in the reader's own zone; what follows the bar is for those who cannot.
  const at = `<!date^${seconds}^{date_short_pretty} {time_secs}|${execution.executed_at}>`
  return `${sign} ${escapeSlack(sentenceOfJudgment(execution, locale))} · ${at}`
}

function fleetLine(fleet: NonNullable<Dashboard['fleet']>, locale: Locale): string {
  const names = fleet.silent_names.length === 0 ? '' : ` (${escapeSlack(fleet.silent_names.join(', '))})`
  return locale === 'ko'
    ? `장치 ${fleet.online}대 연결, ${fleet.silent}대 소식 없음${names} · 알람 ${fleet.open_alarms}건`
    : `${fleet.online} edges online, ${fleet.silent} silent${names} · ${fleet.open_alarms} alarms`
}

/** Slack reads these three as its own marks: without it a line's name could make a link or call everybody. */
const escapeSlack = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** By letters as Slack counts them; an entity or a surrogate pair that would be cut in two is left out. */
function cut(text: string, lettersMax: number): string {
  if (text.length <= lettersMax) return text
  return `${text.slice(0, lettersMax - 1).replace(/&[a-z]{0,3}$|[\ud800-\udbff]$/, '')}…`
}

const headerOf = (text: string): SlackBlock => ({
  type: 'header',
  text: { type: 'plain_text', text: cut(text, slackLimits.headerLettersMax) },
})
const section = (text: string): SlackBlock => ({
  type: 'section',
  text: { type: 'mrkdwn', text: cut(text, slackLimits.sectionLettersMax) },
})
const context = (text: string): SlackBlock => ({
  type: 'context',
  elements: [{ type: 'mrkdwn', text: cut(text, slackLimits.sectionLettersMax) }],
})
