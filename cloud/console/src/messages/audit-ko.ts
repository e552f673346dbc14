import type { Translation } from '@jidoka/ui'
import type { auditEn } from './audit-en.ts'

export const auditKo: Translation<typeof auditEn> = {
  'audit.filters': '감사 기록 필터',
  'audit.actor_example': 'kim',
  'audit.action_example': 'rule 또는 rule.save',
  'audit.subject_example': 'press-temperature',
  'audit.none_title': '조건에 맞는 기록이 없습니다',
  'audit.none_body': '“누가”와 “대상”은 전체가 같아야 하고, “무엇을”은 첫 단어만으로도 찾습니다.',
  'audit.chain': '기록의 해시 체인',
  'audit.unverified': '아직 기록을 검증하지 않았습니다. 시작 후 10분 안에, 그 뒤로는 하루에 한 번 검증합니다.',
  'audit.verified': '{at} 검증: 기록 {count}건이 모두 처음 쓰인 그대로입니다.',
  'audit.changed_title': '기록이 처음 쓰인 것과 다릅니다',
  'audit.changed_body':
    '{at} 검증에서 다음이 발견되었습니다. 데이터베이스를 그대로 두고 보안 담당자에게 알린 뒤 백업과 비교하세요.',
  'audit.sealed': '{count}건이 봉인되었고 {waiting}건이 기다립니다.',
  'audit.signed': '{at}에 {count}번째 기록까지 키 {key}…로 서명했습니다.',
  'audit.export': '전체 기록 내보내기',
  'audit.export_hint': '체크포인트가 든 JSON 줄 파일입니다. 데이터베이스 없이 “audit check”로 증명할 수 있습니다.',
}
