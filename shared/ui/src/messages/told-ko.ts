import type { ToldCode } from '@jidoka/contract'
import { toldCloudKo } from './told-cloud-ko.ts'

/** Sentences that programs say of themselves, by their code; the English ones are `toldSentences`. */
export const toldKo: Readonly<Record<ToldCode, string>> = {
  'line.no_answer': '제시간에 응답이 없음',
  'line.connection_refused': '{address}에서 연결을 거부함',
  'line.no_name': '{host} 이름을 찾을 수 없음(DNS)',
  'line.unreachable': '{address}에 닿을 수 없음(네트워크 경로 없음)',
  'line.connect_timeout': '{address} 연결이 {ms}ms 안에 이루어지지 않음',
  'line.broken_off': '연결이 도중에 끊김',
  'line.certificate_expired': '클라우드의 인증서가 만료됨',
  'line.certificate': '클라우드의 인증서를 믿을 수 없음. 중간의 프록시나 인증 기관 설정을 확인하세요',
  'line.certificate_name': '클라우드의 인증서가 이 주소의 것이 아님({why})',
  'line.strange': '클라우드가 아닌 것의 응답(HTTP {status})',
  'line.refused': '거부됨: {kind}',
  'line.silent': '클라우드가 응답하지 않습니다({cause}). 모두 이 장비에 보관하며 연결이 돌아오면 보냅니다.',

  'enrol.none':
    '이 장비는 등록되지 않았습니다. 콘솔에서 토큰을 만들어 “cloud.enrolment_token”(JIDOKA_ENROLMENT_TOKEN)에 넣으세요.',
  'enrol.unknown_answer': '클라우드의 등록 응답을 이 프로그램이 이해하지 못합니다. 더 오래된 쪽을 업그레이드하세요.',
  'enrol.refused': '{why} “cloud.enrolment_token”(JIDOKA_ENROLMENT_TOKEN)에 넣고 다시 시작하세요.',
  'enrol.unreachable': '등록하려는 클라우드 {url}에 연결할 수 없습니다: {cause}. 자동으로 다시 시도합니다.',

  'lane.diverged':
    '{seq}번에서 장비와 클라우드의 데이터가 다릅니다. 전송을 멈췄으며 모두 이 장비에 보관합니다. 장비를 복제했거나 이미지로 복원했다면 새 세대를 시작하세요.',
  'lane.cloud_ahead':
    '클라우드에 이 장비가 쓰지 않은 데이터가 {seq}번까지 있습니다. 예전 이미지로 복원했거나 복제한 것입니다. 모두 이 장비에 보관합니다. 새 세대를 시작하세요.',
  'lane.forged_receipt':
    '클라우드가 믿는 키로 서명하지 않은 수신 확인을 보냈습니다. 아무것도 지우지 않습니다. 클라우드 주소를 확인하거나, 다시 등록하여 키 목록을 새로 받으세요.',
  'lane.poison_limit':
    '클라우드가 {seq}번 데이터를 읽지 못하며({detail}) 하루에 따로 둘 수 있는 수를 넘었습니다. 클라우드를 업그레이드하거나 되돌려야 합니다. 나머지는 모두 이 장비에 보관합니다.',
  'lane.unreadable': '다음에 보낼 데이터를 읽을 수 없습니다: {cause}. 다시 시도합니다. 계속되면 디스크를 확인하세요.',
  'refusal.gap': '이 묶음 앞의 데이터가 빠져 있습니다. 장비가 기대하는 번호로 스스로 돌아갑니다.',
  'refusal.wrong_epoch':
    '클라우드가 이 장비의 더 새로운 세대를 알고 있습니다. 다른 복사본이 새 세대를 시작했거나 이 장비를 예전 이미지로 복원한 것입니다. 모두 이 장비에 보관하며 아무것도 지우지 마세요. 계속 쓰지 않을 쪽을 끄고, 계속 쓸 쪽에서 새 세대를 시작하세요(jidoka epoch new가 먼저 무엇을 할지 알려 줍니다). 클라우드가 받지 못한 데이터가 그때 올라갑니다.',
  'refusal.unknown_edge': '클라우드가 이 장비를 모릅니다. 콘솔에서 새 토큰을 만들어 등록하세요.',
  'refusal.revoked': '콘솔에서 이 장비를 해지했습니다. 모두 이 장비에 보관합니다. 계속하려면 다시 등록하세요.',
  'refusal.malformed':
    '클라우드가 메시지를 읽지 못했습니다. 잃은 것은 없으며 장비가 천천히 다시 시도합니다. 자세한 내용을 알려 주세요.',
  'refusal.malformed_with':
    '클라우드가 메시지를 읽지 못했습니다. 잃은 것은 없으며 장비가 천천히 다시 시도합니다. 다음 내용을 알려 주세요: {detail}',
  'refusal.too_large': '메시지가 클라우드의 한도를 넘었습니다. 장비가 더 작게 나누어 계속합니다.',
  'refusal.protocol_version':
    '양쪽의 프로토콜 버전 차이가 너무 큽니다. 지정된 쪽을 업그레이드하세요. 그때까지 모두 보관합니다.',
  'refusal.busy': '클라우드가 바쁩니다. 장비가 정해진 만큼 기다렸다가 다시 시도합니다.',
  'refusal.digest':
    '양쪽의 데이터가 다릅니다. 덮어쓰지 않도록 전송을 멈췄습니다. 콘솔(장비)과 현장 화면(클라우드와 디스크)에 각각의 번호와 다이제스트가 있습니다.',
  'refusal.bad_signature':
    '서명이 등록한 키와 맞지 않습니다. 다른 프로그램이 이 이름을 쓰거나 키가 바뀌었습니다. 다시 등록하세요.',
  'refusal.stale': '양쪽의 시계가 다릅니다. 장비가 응답의 시각을 받아들여 스스로 다시 보냅니다.',
  'refusal.replayed': '같은 요청이 이미 있었습니다. 장비가 새 번호로 스스로 다시 보냅니다.',
  'refusal.bad_token': '등록 토큰이 틀렸거나 이미 쓰였거나 만료되었습니다. 콘솔에서 새로 만드세요.',

  'epoch.other': '현재 세대는 {given}이(가) 아니라 {present}(으)로 시작합니다. 이 장비가 맞는지 다시 확인하세요.',
  'epoch.beginning': '새 세대를 이미 시작하고 있습니다. 끝날 때까지 기다리세요.',
  'epoch.stopping': '장비가 종료하는 중입니다. 다시 시작한 뒤 새 세대를 시작하세요.',
  'sync.no_cloud':
    '클라우드가 설정되지 않아 장비가 단독으로 동작합니다. 먼저 “cloud.url”(JIDOKA_CLOUD_URL)을 설정하세요.',
  'audit.running': '이미 비교하고 있습니다. 끝날 때까지 기다리세요.',
  'audit.no_ranges': '클라우드가 구간을 모르는 버전입니다. 업그레이드한 뒤 다시 비교하세요.',
  'audit.unknown_answer': '클라우드의 응답을 이 버전의 장비가 모릅니다. 더 오래된 쪽을 업그레이드하세요.',
  'audit.no_answer': '클라우드가 응답하지 않습니다({cause}). 연결이 돌아오면 다시 시도하세요.',
  'audit.replaced': '빠진 데이터 {rows}건',
  'audit.strange': '이 장비가 모르는 응답',
  'audit.not_enrolled': '이 장비는 등록되지 않아 비교할 상대가 없습니다.',

  'receipts.running': '이미 검증하고 있습니다. 끝날 때까지 기다리세요.',
  'receipts.not_enrolled': '이 장비는 등록된 적이 없어 수신 확인도, 대조할 키도 없습니다.',

  'command.interrupted':
    '실행 중에 장비가 멈춰 어디까지 했는지 알 수 없습니다. 스스로 다시 실행하지 않으니 다시 요청하세요.',
  'command.expired': '{time}까지 시작해야 했으나 늦게 도착했거나 차례가 늦었습니다. 다시 요청하세요.',
  'command.too_long': '{minutes}분 안에 끝나지 않아 중단했습니다.',
  'command.given_up': '명령을 중단했습니다.',
  'resend.order': '{from}번부터 {to}번까지는 구간이 아닙니다. 작은 번호를 먼저 적으세요.',
  'resend.no_line': '이 장비는 클라우드에 연결되어 있지 않아 다시 보낼 수 없습니다. 연결된 뒤 다시 요청하세요.',
  'resend.not_enrolled': '이 장비는 등록되지 않아 보낼 곳이 없습니다.',
  'resend.records': '클라우드는 측정값만 다시 받습니다. 잃은 기록은 `jidoka sync audit`이(가) 보여 줍니다.',
  'resend.nothing_receipted':
    '{from}번부터 {to}번까지는 {start}번에서 시작한 이 세대에서 수신 확인된 것이 없습니다. 대기 중인 것은 저절로 보냅니다.',
  'resend.too_many': '구간이 {ranges}개를 넘습니다. 나누어 보내세요.',
  'resend.no_answer': '클라우드가 응답하지 않습니다. 연결이 돌아오면 다시 요청하세요.',
  'resend.too_large': '측정값 {from}번~{to}번이 한 묶음에 들어가지 않습니다.',
  'resend.refused': '{from}번~{to}번: {why}',
  'bundle.not_enrolled': '이 장비는 클라우드에 등록되지 않았습니다. 지원 파일은 장비의 “bundles” 폴더에 있습니다.',
  'bundle.refused': '클라우드가 지원 파일을 받지 않습니다: {why}. 파일은 장비의 “bundles” 폴더에 있습니다.',
  'bundle.not_uploaded':
    '지원 파일을 올리지 못했습니다: {why}. 파일은 장비의 “bundles” 폴더에 있습니다. 연결이 되면 다시 요청하세요.',
  'bundle.too_large': '지원 파일이 {bytes}바이트로 한도 {most}바이트를 넘습니다. 일부만 요청하세요.',
  'bundle.not_written': '지원 파일을 {folder}에 쓰지 못했습니다: {cause}. 디스크에 공간을 만든 뒤 다시 시도하세요.',
  'rehearsal.refused': '규칙을 적용할 수 없습니다: {problem}',
  'rehearsal.order': '예행의 끝이 시작보다 앞섭니다. 기간을 지정하세요.',
  'rehearsal.too_long': '예행은 하루까지입니다. 하루씩 나누어 하세요.',

  'threads.busy': '처리 대기 중인 요청이 너무 많습니다({thread}). 잠시 후 다시 시도하세요.',
  'courier.busy': '다른 전달 파일을 쓰거나 읽고 있습니다. 끝날 때까지 기다리세요.',
  'courier.no_key':
    '이 장비가 아직 클라우드의 전달 파일 키를 모릅니다. 클라우드가 1.2 이상이면 연결로 오며, 콘솔에서 내보낸 전달 파일로도 옵니다.',
  'courier.not_enrolled':
    '이 장비는 등록되지 않아 양쪽이 서로의 키를 모릅니다. 클라우드에 닿는 곳에서 한 번 등록하면 그 뒤에는 파일로 충분합니다.',
  'courier.lane_ends': '{lane}은(는) {last}번에서 끝나며 {from}번부터는 없습니다.',
  'courier.older':
    '이 장비가 그사이 연결이나 다른 파일로 받은 것보다 오래된 전달 파일입니다. 아무것도 받지 않았습니다. 콘솔에서 새로 내보내세요.',
  'courier.unreadable':
    '전달 파일은 온전하지만 이 프로그램이 내용을 이해하지 못합니다. 장비를 업그레이드한 뒤 다시 가져오세요.',
  'courier.other_appliance':
    '{tenant}의 장비 {edge}용 전달 파일입니다. 이 장비는 {ours}의 {here}입니다. 콘솔에서 이 장비용으로 내보내세요.',
  'courier.unknown_sender':
    '이 장비가 믿지 않는 키 {key}(으)로 서명한 전달 파일입니다. 이 장비를 등록한 콘솔에서 다시 내보내세요. 클라우드를 새로 만들었다면 장비를 다시 등록하세요.',
  'courier.torn':
    '전달 파일의 끝이 없습니다. 일부만 복사되었습니다. 아무것도 받지 않았습니다. 다시 복사하여 가져오세요.',
  'courier.tampered':
    '보낸 쪽이 쓴 그대로가 아닌 전달 파일입니다({detail}). 아무것도 받지 않았습니다. 만든 곳에서 다시 복사하고, 계속되면 다시 내보내세요.',
  'courier.too_large': '전달 파일이 너무 큽니다: {detail}. 더 작은 파일로 다시 내보내세요.',
  'courier.none': 'Jidoka 전달 파일이 아닙니다. 내보낸 파일을 고르세요.',
  'courier.version': '양쪽이 함께 아는 버전의 전달 파일이 아닙니다. {end} 쪽을 업그레이드한 뒤 다시 가져오세요.',
  'courier.for_appliance': '장비로 가는 전달 파일입니다. 장비에서 가져오세요. 여기에는 장비가 내보낸 파일을 넣습니다.',
  'courier.for_cloud':
    '클라우드로 가는 전달 파일입니다. 콘솔에서 가져오세요. 여기에는 클라우드가 이 장비용으로 내보낸 파일을 넣습니다.',
  'courier.other_key': '이쪽의 키가 아닌 키로 암호화한 전달 파일입니다. 양쪽이 한 번 연결된 뒤 다시 내보내세요.',
  'courier.other_tenant': '다른 조직의 장비가 만든 전달 파일입니다. 그 장비를 등록한 곳에 로그인하여 가져오세요.',
  'courier.not_enrolled_here':
    '여기에 그 키로 등록되지 않은 장비({edge})가 서명한 전달 파일입니다. 장비를 등록한 곳에서 가져오세요.',
  'courier.revoked': '장비 “{name}”은(는) 해지되어 서명한 것을 받지 않습니다. 다시 등록한 뒤 가져오세요.',
  'courier.batch_refused': '파일의 {no}번째 묶음이 거부되었습니다({kind}): {detail} 그 앞의 것은 반영했습니다.',
  'courier.receipts_missing':
    '장비가 파일을 만들 때 어디까지 전달되었는지 몰랐습니다. 이 클라우드의 수신 확인을 장비로 가져간 뒤 다시 내보내세요.',
  'courier.batch_of_other': '파일의 {no}번째 묶음이 다른 장비나 세대의 것입니다. 다시 내보내세요.',
  'courier.waits_both':
    '이 파일은 기록 {records}, 측정값 {readings}을(를) 기다립니다. 앞의 파일을 가져오면 저절로 이어집니다.',
  'courier.waits_records': '이 파일은 기록 {records}을(를) 기다립니다. 앞의 파일을 가져오면 저절로 이어집니다.',
  'courier.waits_readings': '이 파일은 측정값 {readings}을(를) 기다립니다. 앞의 파일을 가져오면 저절로 이어집니다.',
  'courier.other_pieces': '시작한 파일이 아닌 다른 파일의 조각입니다. 다시 가져오세요.',
  'courier.piece_missing': '전달 파일의 {no}번째 조각이 없습니다. 파일을 다시 가져오세요.',
  'courier.item_of_other': '다른 장비({edge})의 설정이 파일에 있어 받지 않았습니다.',
  ...toldCloudKo,
}
