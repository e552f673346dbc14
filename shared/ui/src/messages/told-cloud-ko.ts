import type { cloudSentences } from '@jidoka/contract'

/** Of the cloud's moves, files, archives and jobs; the English ones are `cloudSentences`. */
export const toldCloudKo: Readonly<Record<keyof typeof cloudSentences, string>> = {
  'database.silent': '데이터베이스가 응답하지 않습니다. 잠시 후 다시 시도하세요.',
  'database.away': '데이터베이스를 사용할 수 없습니다({why})',
  'database.late': '데이터베이스 {name}: {s}초 안에 응답이 없음',
  'database.late_before': '데이터베이스 {name}: 조금 전에 응답이 없었음',
  'database.never_reached': '데이터베이스 {name}: 이 프로세스가 시작한 뒤 한 번도 연결되지 않음',
  'database.elsewhere':
    '테넌트 {tenant}의 데이터는 이 프로세스에 설정되지 않은 데이터베이스 {name}에 있습니다. 다른 프로세스와 같은 설정으로 맞추세요.',
  'module.silent': '모듈 {name}에서 응답이 없습니다. 잠시 후 다시 시도하세요.',
  'keys.silent': '키를 보관하는 서비스가 응답하지 않습니다. 잠시 후 다시 시도하세요.',
  'request.given_up': '기다리던 작업이 중단되었습니다. 다시 시도하세요.',
  'request.unreadable': '요청 본문을 JSON으로 읽을 수 없습니다. 고친 뒤 다시 보내세요.',
  'request.unholdable': '저장할 수 없는 문자나 시각이 들어 있습니다. 빼고 다시 보내세요.',
  'request.too_large': '요청 본문이 {bytes}바이트를 넘습니다. 나누어 보내세요.',

  'move.no_database': '데이터베이스 "{name}"이(가) 없습니다. 있는 것: {databases}.',
  'move.no_tenant': '테넌트 "{tenant}"이(가) 없습니다. 목록에서 확인하세요.',
  'move.one_database': '데이터베이스가 하나뿐이어서 테넌트를 옮길 곳이 없습니다. 모든 프로세스의 설정을 같게 맞추세요.',
  'move.there': '테넌트 "{tenant}"의 데이터는 이미 "{database}"에 있습니다.',
  'move.taken':
    '데이터베이스 "{database}"은(는) 한 테넌트 전용이며 "{taken}"이(가) 쓰고 있거나 쓸 예정입니다. 다른 데이터베이스를 고르세요. 둘을 동시에 요청했다면 하나만 다시 요청하세요.',
  'move.under_way': '테넌트 "{tenant}"의 이동이 이미 진행 중입니다. 진행 상황을 확인하거나 이동을 취소하세요.',
  'move.left_behind':
    '테넌트 "{tenant}"이(가) "{database}"에 남긴 행이 아직 있습니다. 일주일을 기다리거나 남은 행을 먼저 삭제하세요.',

  'move.database_away': '데이터베이스 "{name}"에 연결할 수 없습니다. 실행 중인지 확인한 뒤 다시 시도하세요.',
  'move.other_tables':
    '"{from}" 및 "{to}"의 테이블이 서로 다릅니다. 양쪽에 "migrate up"을 실행한 뒤 이어서 진행하세요.',
  'move.no_key':
    '{table} 테이블에는 기본 키도, "nulls not distinct" 유니크 제약도 없어 이동 중에 행을 구별할 수 없습니다. 마이그레이션으로 추가하세요.',
  'move.circle': '{tables} 테이블이 서로를 돌아가며 참조하여 먼저 복사할 것이 없습니다. 외래 키 하나를 없애세요.',
  'move.occupied':
    '"{to}"의 {table} 테이블에 테넌트 "{tenant}"의 행이 이미 있으며, 이번 이동으로 만든 것이 아닙니다. 어디서 왔는지 확인하세요. 아무것도 쓰지 않았습니다.',
  'move.months_changed':
    '"{database}"에 {months} 파티션이 없습니다. 이동하는 동안 생기거나 없어진 것입니다. 이어서 진행하면 만들고 모든 행을 다시 검증합니다.',
  'move.archiving':
    '"{from}"에서 곧 보관하고 지울 {months} 테이블이 있습니다. 그 작업(partitions.keep)이 끝난 뒤 이어서 진행하세요.',
  'move.other_rows':
    '{table}: 원본 {here}행, 대상 {there}행이거나 내용이 다릅니다({span}). 이동을 취소하고 다시 시작하세요. 또 나타나면 다른 프로그램이 둘 중 한 데이터베이스에 쓰고 있는 것입니다.',
  'move.came_out_otherwise':
    '{table}: 대상에 쓴 행이 원본과 다릅니다. 이동을 취소하고, 원본에 없는 트리거나 기본값이 대상에 있는지 확인하세요.',
  'move.value_taken':
    '{table}: 한 행에만 있어야 하는 값을 대상의 다른 행이 이미 쓰고 있어 행을 쓸 수 없습니다. 그 행(다른 테넌트의 것일 수 있음)을 찾아 해결한 뒤 이어서 진행하거나 이동을 취소하세요.',
  'move.never_free':
    '{table}: 오래 열려 있는 트랜잭션이 있어 테이블을 잠글 틈이 없었습니다. pg_stat_activity에서 가장 오래된 xact_start를 찾아 끝낸 뒤 이어서 진행하세요. ({more})',
  'move.never_quiet':
    '테넌트 "{tenant}"의 쓰기가 {ms}ms 동안 멈춘 적이 없습니다. 열려 있는 트랜잭션을 pg_stat_activity에서 찾거나, 한산한 시간에 이어서 진행하세요. ({why})',
  'move.switch_late': '전환이 너무 오래 걸림',
  'move.target_late': '대상이 제시간에 응답하지 않음',
  'move.stopped': '프로그램이 멈춥니다. 이동은 멈춘 곳부터 이어집니다.',
  'move.worked_on':
    '다른 프로세스가 이 이동을 진행하고 있습니다. 그 프로세스가 멈췄다면 {s}초 안에 다시 시도할 수 있습니다.',
  'move.replaced': '다른 프로세스가 이 이동을 이어서 진행하거나, 이동이 취소되었습니다.',

  'move.cancelled': '이동을 취소했습니다.',
  'move.not_cancellable': '취소할 수 있는 이동이 없습니다. 이동이 없거나 이미 전환되었습니다.',
  'move.too_late':
    '테넌트 "{tenant}"의 데이터는 {at}부터 "{to}"에 있어 더 이상 취소할 수 없습니다. "{from}"에 남은 행을 삭제한 뒤 되돌려 옮기세요.',
  'move.nothing_left': '테넌트 "{tenant}"이(가) 남긴 행이 없습니다.',
  'move.kept_until': '"{tenant}"이(가) "{database}"에 남긴 행은 {at}까지 보관합니다.',
  'move.dropped_already': '"{tenant}"이(가) "{database}"에 남긴 행은 이미 삭제했습니다.',
  'move.dropped_some': '테넌트 {done}개의 남은 행은 삭제했으며, {failed}개는 삭제하지 못했습니다: {why}',

  'tenant.not_made': '테넌트 "{tenant}"을(를) {s}초 안에 만들지 못해 중단했습니다. 다시 만드세요.',
  'tenant.being_made':
    '아이디 "{login}"의 테넌트 "{tenant}"을(를) {by}이(가) 만들고 있습니다. 만들어지지 않으면 같은 요청을 다시 하고, 다른 이름으로 만들려면 {minutes}분을 기다리세요.',
  'tenant.taken': '테넌트 "{tenant}"이(가) 이미 있습니다. 다른 ID를 고르세요.',
  'tenant.login_taken': '아이디 "{login}"은(는) 이 클라우드에서 이미 쓰고 있습니다. 다른 아이디를 고르세요.',

  'files.silent': '지금은 파일 저장소에 연결할 수 없습니다. 잠시 후 다시 시도하세요.',
  'files.damaged': '저장된 파일이 손상되었습니다({why}). 버킷이나 폴더를 백업에서 복원하세요.',
  'files.bucket_away':
    '{endpoint}의 버킷 {bucket}을(를) 사용할 수 없습니다({why}). S3_ENDPOINT, S3_BUCKET 및 액세스 키를 확인한 뒤 다시 시도하세요.',
  'files.folder_away':
    '파일 폴더 {folder}을(를) 사용할 수 없습니다({why}). 권한을 고치거나 공간을 만든 뒤 다시 시도하세요.',
  'files.no_answer': '{s}초 안에 응답이 없음',
  'files.too_slow': '파일을 쓰는 데 너무 오래 걸려 중단했습니다. 다시 시도하세요.',
  'files.gone_meanwhile': '읽는 동안 파일이 교체되거나 삭제되었습니다. 다시 여세요.',
  'files.type': '{kind} 파일에는 {type} 형식을 쓸 수 없습니다. 쓸 수 있는 형식: {types}.',
  'files.size': '{kind} 파일은 최대 {bytes}바이트입니다. 나누어 저장하세요.',
  'files.undeclared':
    '알린 것과 다른 파일이 왔습니다. 알린 것은 {bytes}바이트, SHA-256 {sha256}입니다. 아무것도 저장하지 않았습니다. 알린 파일을 보내거나 이 파일의 링크를 새로 받으세요.',
  'files.other_size':
    '링크는 {bytes}바이트용인데 {would}바이트가 오려 합니다. 알린 파일을 보내거나 이 파일의 링크를 새로 받으세요.',
  'files.full':
    '공간이 부족합니다. 저장하면 {would}이(가) 됩니다. 필요 없는 파일을 삭제하거나 클라우드 운영 담당자에게 공간을 요청하세요.',
  'files.cut_off': '파일이 오는 도중에 끊겼습니다. 아무것도 저장하지 않았습니다. 같은 링크로 다시 보내세요.',
  'files.link_used': '다른 내용에 이미 쓴 링크입니다. 새 링크를 받으세요.',
  'files.is_archive': '보관 파일이라 목록이 따로 있습니다. 보관 페이지에서 삭제하세요.',
  'archive.too_many_rows': '{rows}행이 있으며 최대 {most}행까지 되읽을 수 있습니다. 파일을 내려받으세요.',
  'archive.differs':
    '{tenant}의 {table} 보관 파일이 데이터베이스와 다릅니다(센 행 {rows}, 쓴 행 {written}, 다시 읽은 행 {read}). 파티션은 그대로 있으며 다음 실행에서 새로 씁니다.',
  'archive.two_writers': '다른 프로세스가 보관 파일 {key}을(를) 동시에 쓰고 있습니다.',
  'archive.not_kept':
    '보관하지 못한 파티션 {failed}개가 그대로 있습니다. 이유는 로그에 있습니다. 첫 번째({partition}): {why}',
  'archive.in_use': '테이블을 {s}초 넘게 다른 작업이 쓰고 있었으며 다음 실행에서 다시 시도함',
  'archive.there': '행을 이미 되읽었거나 되읽는 중입니다.',
  'archive.file_gone': '보관 파일이 없어졌습니다. 백업에서 복원하세요.',
  'archive.not_read_back': '행은 파일에만 있습니다. 먼저 되읽거나 파일을 내려받으세요.',
  'archive.nothing_back': '행은 파일에만 있어 지울 것이 없습니다.',
  'archive.read_back': '되읽은 행이 있습니다. 먼저 지우고, 없어질 때까지 기다리세요.',
  'secrets.full': '비밀이 이미 {count}개 있습니다. 쓰지 않는 것을 삭제하세요.',
  'secrets.unopened':
    '봉인된 행 {failed}개를 열지 못했으며 {done}개는 다시 봉인했습니다. 로그에 적힌 마스터 키를 되돌려 놓거나 그 비밀을 새로 설정하세요.',
  'secrets.unreached':
    '{done}개를 다시 봉인했으며, 응답하지 않은 데이터베이스가 있습니다: {databases}. 이전 키를 그대로 두면 다음 실행에서 이어집니다.',

  'job.input': '작업의 입력이 맞지 않음: {why}',
  'job.too_late': '{s}초 안에 끝나지 않음',
  'job.result': '작업 결과는 한 단계여야 하고 최대 {bytes}바이트입니다.',
  'job.did_not_end': '멈추라고 했으나 끝나지 않음',
  'job.process_gone': '실행하던 프로세스가 끝나기 전에 종료되었거나 응답이 없었음',
  'job.input_large': '작업의 입력은 최대 {bytes}바이트입니다. 더 큰 것은 파일로 저장하고 그 이름을 적으세요.',
  'job.too_many': '이 작업이 이미 {count}개 대기하고 있습니다. 일부를 취소하거나 나중에 다시 시도하세요.',
  'job.over': '이미 끝난 작업입니다. 페이지를 새로 고쳐 결과를 확인하세요.',
  'job.another':
    '이 작업은 한 번에 하나만 실행하며, 이미 대기 중이거나 실행 중인 것이 있습니다. 끝난 뒤 다시 시도하세요.',
  'job.not_back': '완전히 실패했거나 취소된 작업만 다시 대기시킬 수 있습니다. 페이지를 새로 고치세요.',

  'command.other_words': '이 ID는 다른 명령에 이미 쓰였습니다. 새 ID로 보내세요.',
  'command.taken_back': '취소한 명령입니다. 다시 보내려면 새 ID를 쓰세요.',
  'command.too_many': '이 장비에서 끝나지 않은 명령이 {count}개 있습니다. 기다리거나 일부를 취소하세요.',
  'bundle.of_no_command': '번들을 만드는 명령이 아닙니다. 보낼 것이 없습니다.',
  'bundle.ended': '이미 끝난 명령입니다. 번들을 새로 받으려면 새 명령을 보내세요.',
  'bundle.late': '기한이 지난 명령입니다. 번들을 받으려면 새 명령을 보내세요.',
  'bundle.busy': '다른 번들을 내려받는 중입니다. 잠시 후 다시 시도하세요.',
  'desired.too_large': '항목이 {bytes}바이트를 넘습니다. 카탈로그를 나누세요.',
  'courier.gets_nothing': '“{name}”은(는) 해지되어 아무것도 받지 않습니다. 먼저 다시 등록하세요.',
  'courier.key_untold':
    '“{name}”의 전달 키를 아직 받지 못했습니다. 프로토콜 1.2 이상의 프로그램으로 클라우드에 처음 연결될 때 저절로 받습니다.',
  'courier.down_too_large':
    '“{name}”의 설정이 {bytes}바이트여서 내려보내는 전달 파일에 들어가지 않습니다. 필요 없는 항목을 취소하세요.',
  'courier.up_too_large': '전달 파일은 최대 {bytes}바이트입니다. --max-bytes를 줄여 다시 내보내세요.',
  'courier.piece_too_large': '조각은 최대 {bytes}바이트입니다. 파일을 거기서 나누세요.',
  'courier.id_taken':
    '같은 ID의 전달 파일이 다른 장비나 이 장비의 다른 세대에서 이미 왔습니다. 장비에서 다시 내보내세요.',
  'courier.other_length':
    '{before}바이트로 시작한 파일인데 지금은 {bytes}바이트입니다. 둘 중 하나는 일부만 있는 파일입니다. 온전한 파일을 고르세요.',
  'courier.worked_on': '처리 중인 파일입니다. 끝날 때까지 기다리세요.',
  'courier.too_many':
    '끝나지 않은 전달 파일이 {count}개 있습니다. 기다리는 앞의 파일을 가져오거나 필요 없는 것을 삭제하세요.',
  'courier.full': '대기 중인 전달 파일로 보관 공간이 찼습니다. 기다리는 앞의 파일을 먼저 가져오거나 일부를 삭제하세요.',
}
