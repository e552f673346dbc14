import { mask } from '@jidoka/base'
import type { AbsenceReason, Dashboard, DashboardPart, Execution, ProblemKind } from '@jidoka/contract'
import type { Locale, LocalText } from '@jidoka/domain'

const partNames: Readonly<Record<DashboardPart, LocalText>> = {
  judgments: { ko: '최근 판정', en: 'Recent judgments' },
  bi_widgets: { ko: '분석 위젯', en: 'Analysis widgets' },
  active_workflows: { ko: '실행 중인 워크플로', en: 'Active workflows' },
  fleet: { ko: '현장 장치', en: 'The fleet' },
  audit: { ko: '감사 기록', en: 'The audit log' },
}

/** The name of the part stands in front, so that no particle depends on it. */
const absences: Readonly<Record<AbsenceReason, LocalText>> = {
  not_installed: {
    ko: '이 버전에는 아직 없습니다.',
    en: 'not part of this version yet.',
  },
  down: {
    ko: '모듈이 응답하지 않습니다. 잠시 뒤에 다시 시도하고, 계속되면 IT 담당자에게 알리세요.',
    en: 'the module does not answer. Try again in a moment; if it stays, tell your IT.',
  },
  slow: {
    ko: '제시간에 응답하지 않았습니다. 잠시 뒤에 다시 시도하세요.',
    en: 'it did not answer in time. Try again in a moment.',
  },
  not_permitted: {
    ko: '볼 권한이 없습니다. 필요하면 관리자에게 요청하세요.',
    en: 'your role may not see it. Ask an administrator if you need it.',
  },
  failed: {
    ko: '불러오지 못했습니다. 다시 시도하고, 계속되면 요청 번호와 함께 알리세요.',
    en: 'it could not be read. Try again; if it stays, report it with the request id.',
  },
}

export const sentenceOfAbsence = (part: DashboardPart, reason: AbsenceReason, locale: Locale): string =>
  `${partNames[part][locale]}: ${absences[reason][locale]}`

const problems: Readonly<Record<ProblemKind, LocalText>> = {
  invalid_input: {
    ko: '요청이 올바르지 않습니다. 표시된 값을 고치세요.',
    en: 'The request is not right. Mend the fields that are named.',
  },
  not_signed_in: {
    ko: '로그인이 끝났습니다. 다시 로그인하세요.',
    en: 'You are not signed in any more. Sign in again.',
  },
  wrong_credentials: {
    ko: '이름이나 비밀번호가 틀렸습니다. 둘 다 확인하세요.',
    en: 'The name or the password is wrong. Check both.',
  },
  not_permitted: {
    ko: '이 작업을 할 권한이 없습니다. 관리자에게 요청하세요.',
    en: 'Your role may not do this. Ask an administrator.',
  },
  storage_full: {
    ko: '저장 공간이 가득 찼습니다. 필요 없는 파일을 삭제하세요.',
    en: 'The storage is full. Remove files that are no longer needed.',
  },
  not_found: { ko: '여기에는 아무것도 없습니다. 주소를 확인하세요.', en: 'There is nothing here. Check the address.' },
  method_not_allowed: {
    ko: '이 항목에는 할 수 없는 작업입니다. 주소와 방법을 확인하세요.',
    en: 'This cannot be done here. Check the address and the method.',
  },
  conflict: {
    ko: '그사이에 바뀌었습니다. 다시 불러온 뒤 시도하세요.',
    en: 'It has changed meanwhile. Load it again, then try.',
  },
  too_large: { ko: '보낸 내용이 너무 큽니다. 나누어 보내세요.', en: 'That is too large. Send less at once.' },
  unsupported_media_type: {
    ko: '받을 수 없는 형식입니다. JSON으로 보내세요.',
    en: 'That is in a form that is not taken. Send JSON.',
  },
  too_many_requests: {
    ko: '짧은 시간에 요청이 너무 많습니다. 잠시 기다리세요.',
    en: 'Too many requests in a short time. Wait a moment.',
  },
  rule_refused: {
    ko: '규칙이 거부되었습니다. 설명을 보고 고치세요.',
    en: 'The rule is refused. See why, and mend it.',
  },
  alarm_refused: {
    ko: '지금 상태에서는 이 알람에 할 수 없는 작업입니다.',
    en: 'The alarm does not take this as it stands now.',
  },
  unavailable: {
    ko: '지금은 응답할 수 없습니다. 잠시 뒤에 다시 시도하세요.',
    en: 'No answer can be given now. Try again in a moment.',
  },
  timed_out: {
    ko: '제시간에 끝나지 않았습니다. 처리되었는지 확인한 뒤 다시 시도하세요.',
    en: 'It was not done in time. See whether it was done before you try again.',
  },
  slow_request: {
    ko: '요청이 너무 느리게 도착했습니다. 다시 보내세요.',
    en: 'The request came too slowly. Send it again.',
  },
  under_way: {
    ko: '같은 요청을 아직 처리하고 있습니다. 잠시 기다리세요.',
    en: 'The same request is still under way. Wait a moment.',
  },
  key_reused: {
    ko: '이미 다른 요청에 쓰인 키입니다. 새 키로 보내세요.',
    en: 'The key was used for another request. Send it with a new one.',
  },
  internal: {
    ko: '프로그램 오류입니다. 다시 시도하고, 계속되면 요청 번호와 함께 알리세요.',
    en: 'An error of the program. Try again; if it stays, report the request id.',
  },
}

export const sentenceOfProblem = (kind: ProblemKind, locale: Locale): string => problems[kind][locale]

/** A judgment in one line, without what may be personal: an explanation may hold an operator's words, and messages leave the plant. */
export function sentenceOfJudgment(execution: Execution, locale: Locale): string {
  const { line, equipment, rule_id: ruleId, status, confidence, explanation } = execution
  const place = equipment === null ? line : `${line} ${equipment}`
  const sure = `${Math.round(confidence * 100)} %`
  const why = explanation === null ? '' : ` · ${mask(explanation).text}`
  return locale === 'ko'
    ? `${place} · ${ruleId}: ${status} (확신도 ${sure})${why}`
    : `${place} · ${ruleId}: ${status} (confidence ${sure})${why}`
}

/** What matters most, in one sentence: changed logs before alarms before silence. */
export function headlineOf({ judgments, fleet, audit }: Dashboard, locale: Locale): string {
  const isKorean = locale === 'ko'
  const findings = audit?.verification?.findings.length ?? 0
  if (findings > 0)
    return isKorean
      ? `감사 기록이 쓰인 것과 다릅니다(${findings}건). 감사 화면에서 확인하세요.`
      : `The audit log is not what was written (${findings} findings). See the audit page.`
  if (fleet !== null && fleet.open_alarms > 0)
    return isKorean ? `열린 알람 ${fleet.open_alarms}건` : plural(fleet.open_alarms, 'open alarm')
  const abnormal = (judgments ?? []).filter(({ normal }) => !normal).length
  if (abnormal > 0)
    return isKorean
      ? `최근 판정 ${judgments?.length ?? 0}건 가운데 이상 ${abnormal}건`
      : `${abnormal} of the last ${judgments?.length ?? 0} judgments abnormal`
  if (fleet !== null && fleet.silent > 0)
    return isKorean ? `소식이 끊긴 장치 ${fleet.silent}대` : `${plural(fleet.silent, 'edge')} silent`
  if (judgments === null || fleet === null)
    return isKorean ? '일부를 불러오지 못해 상태를 다 알 수 없습니다.' : 'Some parts did not come, so not all is known.'
  return isKorean ? '모두 정상입니다.' : 'All is normal.'
}

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`
