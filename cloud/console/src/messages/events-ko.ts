import type { Translation } from '@jidoka/ui'
import type { eventsEn } from './events-en.ts'

export const eventsKo: Translation<typeof eventsEn> = {
  'page.events': '이벤트',
  'events.about':
    '여러 번 시도했지만 클라우드의 일부가 처리하지 못한 이벤트입니다. 원인을 해결한 뒤 다시 전달하세요. 이미 처리한 곳에서는 아무 일도 일어나지 않습니다.',
  'events.refused_title': '이벤트는 시스템 관리자만 볼 수 있습니다',
  'events.refused_body': '필요하면 시스템 관리자에게 settings:manage 권한을 요청하세요.',
  'events.empty_title': '모든 이벤트가 처리되었습니다',
  'events.empty_body': '계속 실패하는 이벤트는 마지막 시도의 오류와 함께 여기에 표시됩니다.',
  'events.died': '포기한 시각',
  'events.channel': '채널',
  'events.subject': '대상',
  'events.consumer': '수신처',
  'events.attempts': '시도',
  'events.error': '마지막 오류와 내용',
  'events.actions': '작업',
  'events.retry': '다시 전달',
  'events.retried': '다시 전달합니다.',
  'events.end': '이것이 전부입니다.',
}
