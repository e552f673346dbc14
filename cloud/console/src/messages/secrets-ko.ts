import type { Translation } from '@jidoka/ui'
import type { secretsEn } from './secrets-en.ts'

export const secretsKo: Translation<typeof secretsEn> = {
  'page.secrets': '비밀 값',
  'secrets.refused_title': '비밀 값은 시스템 관리자만 다룰 수 있습니다',
  'secrets.refused_body': '필요하면 시스템 관리자에게 secret:manage 권한을 요청하세요.',
  'secrets.about':
    '클라우드가 이 테넌트를 위해 쓰는 비밀번호와 토큰입니다. 값은 새로 설정할 수 있지만 누구에게도 보이지 않습니다.',
  'secrets.empty_title': '설정된 비밀 값이 없습니다',
  'secrets.empty_body': '클라우드가 연결할 시스템의 비밀번호나 토큰을 설정하세요.',
  'secrets.set': '비밀 값 설정',
  'secrets.set_again': '새로 설정',
  'secrets.remove': '삭제',
  'secrets.name': '이름',
  'secrets.name_hint': '영문 소문자, 숫자, ".", "_", "-"',
  'secrets.name_problem': '이름은 영문 소문자나 숫자로 시작하고 소문자, 숫자, ".", "_", "-"로 1~63자입니다.',
  'secrets.purpose': '용도',
  'secrets.purpose_hint': '무엇이 쓰는지: mes, erp, webhook. 같은 용도로만 열립니다.',
  'secrets.purpose_problem': '무엇이 쓰는지 한 단어로 적으세요. 영문 소문자, 숫자, ".", "_", "-"만 쓸 수 있습니다.',
  'secrets.value': '값',
  'secrets.value_hint': '저장할 때 암호화됩니다. 저장한 뒤에는 볼 수 없습니다.',
  'secrets.value_problem': '값은 1~16,000자입니다.',
  'secrets.save': '암호화하여 저장',
  'secrets.saved': '“{name}” 값을 설정했습니다.',
  'secrets.removed': '“{name}” 값을 삭제했습니다.',
  'secrets.remove_title': '“{name}” 값을 삭제할까요?',
  'secrets.remove_body': '새로 설정할 때까지 이 값을 쓰는 시스템에 연결할 수 없습니다. 되돌릴 수 없습니다.',
  'secrets.version': '버전',
  'secrets.at': '설정 시각',
  'secrets.by': '설정한 사람',
  'secrets.key': '마스터 키',
  'secrets.actions': '동작',
  'secrets.keys_done': '모든 값이 현재 마스터 키로 암호화되어 있습니다.',
  'secrets.keys_waiting':
    '이전 마스터 키로 암호화된 값이 {count}개 있습니다. 한 시간 안에 자동으로 바뀌므로 할 일은 없습니다.',
}
