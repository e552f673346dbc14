import type { ruleProblemTexts } from '@jidoka/domain'
import type { Translation } from '../i18n/messages.ts'

/** What is wrong with a rule, by its code; the English texts are `ruleProblemTexts` of the domain. */
export const ruleProblemsKo: Translation<typeof ruleProblemTexts> = {
  equipment_without_sensor: '라인 전체를 시간마다 판정하는 규칙인데 설비를 지정했습니다. 센서도 지정하세요.',
  input_twice: '입력 “{input}”이(가) 두 번 선언되었습니다.',
  trigger_input_by_clock:
    '입력 “{input}”은(는) 판정을 일으킨 측정값에서 가져오는데, 이 규칙은 시간마다 판정합니다. “tag”나 “mes”에서 가져오세요.',
  trigger_input_by_counts:
    '입력 “{input}”은(는) 판정을 일으킨 측정값에서 가져오는데, 이 규칙은 생산 실적마다 판정합니다. “tag”나 “mes”에서 가져오세요.',
  window_without_sensor_by_clock:
    '입력 “{input}”은(는) 판정을 일으킨 센서의 측정값을 보는데, 이 규칙은 시간마다 판정합니다. 센서를 지정하세요.',
  window_without_sensor_by_counts:
    '입력 “{input}”은(는) 판정을 일으킨 센서의 측정값을 보는데, 이 규칙은 생산 실적마다 판정합니다. 센서를 지정하세요.',
  alarm_of_normal: '상태 {status}은(는) 정상 상태이므로 알람을 일으킬 수 없습니다.',
  alarm_of_unjudged: 'UNJUDGED는 공정에 대해 아무것도 모른다는 뜻이므로 알람을 일으킬 수 없습니다.',
  unjudged_is_normal: 'UNJUDGED는 정상 상태가 될 수 없습니다.',
  ewma_needs_one: '입력 “{input}”은(는) EWMA이므로 “alpha”와 “half_life_s” 가운데 하나가 필요합니다.',
  only_ewma: '입력 “{input}”에 EWMA에만 있는 “alpha” 또는 “half_life_s”가 있습니다.',
  count_min_too_low: '입력 “{input}”은(는) {stat}이므로 측정값이 {needed}개 필요한데, “count_min”은 {given}입니다.',
  window_too_small: '입력 “{input}”의 구간은 측정값 {window}개인데, {needed}개가 필요합니다.',
  window_outlives_age:
    '입력 “{input}”은(는) 다음 구간이 끝나기 전에 너무 오래됩니다. “max_age_s”는 {seconds} 이상이어야 합니다(구간과 지연 허용).',
  chart_parameter_missing:
    '입력 “{input}”의 {member}을(를) 한계값 “{parameter}”에서 가져오는데, 규칙에 그런 한계값이 없습니다.',
  chart_parameter_no_number:
    '입력 “{input}”의 {member}을(를) 한계값 “{parameter}”에서 가져오는데, 그 값이 숫자가 아닙니다.',
  chart_sigma_too_low: '입력 “{input}”의 sigma를 한계값 “{parameter}”에서 가져옵니다. 0보다 커야 하는데 {given}입니다.',
  status_reserved: '규칙이 상태 UNJUDGED를 주었습니다. 이 상태는 프로그램만 줍니다. 대신 입력을 비워 두세요.',
  status_malformed: '규칙이 상태 {status}을(를) 주었습니다. 상태는 영문 대문자, 숫자, “_” 1~32자입니다.',

  variable_unknown: '변수 {name}이(가) 없습니다.',
  source_too_long: '규칙이 {bytes}바이트입니다. {allowed}바이트까지 쓸 수 있으니 나누세요.',
  too_many_words: '규칙의 단어와 기호가 {allowed}개를 넘습니다. 나누세요.',
  too_many_cases: '규칙의 switch 경우가 {allowed}개를 넘습니다. 나누세요.',
  function_there: '함수 `{function}`은(는) 이미 있습니다. 다른 이름을 쓰세요.',
  function_argument: '함수 `{function}`의 인수 이름으로 `input`이나 `params`를 쓸 수 없습니다.',
  function_sees_not: '함수 안에서는 `{name}`이(가) 보이지 않습니다. 필요한 값을 인수로 넘기세요.',
  name_reserved: '`{name}`은(는) 규칙에 주어지는 이름입니다. 다른 이름을 쓰세요.',
  read_only: '`{name}`은(는) 바꿀 수 없습니다. 새 값은 따로 만든 변수에 두세요(let x = ...).',
  field_unknown_of_none: '규칙에 입력 `{field}`이(가) 선언되어 있지 않습니다. 선언된 입력이 없습니다.',
  field_unknown: '규칙에 입력 `{field}`이(가) 선언되어 있지 않습니다. 선언된 입력: {fields}',
  parameter_unknown_of_none: '규칙에 한계값 `{parameter}`이(가) 없습니다. 한계값이 하나도 없습니다.',
  parameter_unknown: '규칙에 한계값 `{parameter}`이(가) 없습니다. 있는 한계값: {parameters}',
  chart_test_unknown: '`{function}`에는 시험 1~{last}이(가) 있고 {test}은(는) 없습니다.',
  chart_mask: '`{function}`은(는) 관리도 입력의 정수 값을 보는데, 이 값은 {kind}입니다.',
  condition_kind: '{place}에는 참이나 거짓이 필요한데 이 값은 {kind}입니다. 무엇과 비교하세요.',
  comparison_always: '{left}와(과) {right} 사이의 `{operator}`은(는) 언제나 참입니다. 같은 종류의 값을 비교하세요.',
  comparison_never: '{left}와(과) {right} 사이의 `{operator}`은(는) 결코 참이 아닙니다. 같은 종류의 값을 비교하세요.',
  arithmetic_kinds: '`{operator}`은(는) {left}와(과) {right} 사이에 쓸 수 없습니다.',
  integer_division: '정수끼리 나누면 소수점 아래를 버립니다(7 / 2는 3). 한쪽을 숫자로 선언하거나 2.0처럼 쓰세요.',
  may_end_without_verdict: '여기서 판정 없이 끝날 수 있습니다. 이 경우의 판정을 더하세요.',
  switch_without_rest: '이 switch에 `_` 경우가 없습니다. 다른 값이면 규칙이 판정 없이 끝납니다.',
  ends_without_verdict: '규칙이 여기서 판정 없이 끝납니다.',
  verdict_member: '판정에 `{member}`은(는) 없습니다. status, confidence와 필요하면 explanation이 있습니다.',
  verdict_lacks: '판정에 {member}이(가) 없습니다.',
  status_no_text: 'status는 1~{bytes}바이트 글자입니다.',
  confidence_range: 'confidence는 0에서 1까지의 숫자입니다.',
  fields_too_many: '규칙이 입력을 {count}개 선언합니다. {allowed}개까지 쓸 수 있으니 나누세요.',
  fields_none: '규칙에 선언된 입력이 없어 판정할 것이 없습니다.',
  field_name: '입력 이름 {name}은(는) 1~{length}자여야 합니다.',
  field_twice: '입력 {name}이(가) 두 번 선언되었습니다.',
  field_kind: '입력 {name}의 종류 {kind}은(는) 알 수 없습니다.',
  parameters_too_many: '규칙의 한계값이 {count}개입니다. {allowed}개까지 쓸 수 있습니다.',
  parameter_name: '한계값 이름 {name}은(는) 1~{length}자여야 합니다.',
  parameter_value: '한계값 {name}은(는) 유한한 숫자, 글자, 참이나 거짓이어야 하는데 {given}입니다.',
  engine_full: '규칙 {count}개로 한도에 이르렀습니다. 몇 개를 지우세요.',
  compile_memory: '규칙을 읽는 동안 메모리가 모자랐습니다. 규칙을 줄이세요.',
  compile_broke: '규칙을 읽는 동안 규칙 엔진이 멈추었습니다. 규칙을 단순하게 고치세요.',

  division_by_zero: '0으로 나누었습니다: {left} / {right}',
  function_unknown: '함수 {function}이(가) 없습니다.',
  ran_too_long: '규칙이 제한 시간보다 오래 걸렸습니다.',
  ran_too_many: '규칙의 연산이 한도를 넘었습니다. 끝나지 않는 반복이 있는지 보세요.',
  threw: '규칙이 스스로 오류를 냈습니다: {message}',
  ended_with:
    '규칙이 {what}(으)로 끝났습니다. #{ status: "...", confidence: 0.0~1.0 } 또는 verdict("...", 0.0~1.0)로 끝나야 합니다.',
  gave_member:
    '판정에 `{member}`은(는) 없습니다. #{ status: "...", confidence: 0.0~1.0 } 또는 verdict("...", 0.0~1.0)로 끝나야 합니다.',
  gave_status_no_text:
    'status가 글자가 아닙니다. #{ status: "...", confidence: 0.0~1.0 } 또는 verdict("...", 0.0~1.0)로 끝나야 합니다.',
  gave_confidence_no_number:
    'confidence가 숫자가 아닙니다. #{ status: "...", confidence: 0.0~1.0 } 또는 verdict("...", 0.0~1.0)로 끝나야 합니다.',
  gave_explanation_no_text: 'explanation이 글자가 아닙니다.',
  verdict_shape: '규칙은 #{ status: "...", confidence: 0.0~1.0 } 또는 verdict("...", 0.0~1.0)로 끝나야 합니다.',
  gave_status_bytes: 'status가 {bytes}바이트입니다. 1~{allowed}바이트여야 합니다.',
  gave_confidence: 'confidence가 {confidence}입니다. 0에서 1 사이여야 합니다.',
  cannot_wait: '규칙은 기다릴 수 없습니다.',
  ends_with_return: '규칙은 return으로 끝냅니다.',
  cannot_tag: '규칙에서 값에 표시를 붙일 수 없습니다.',
  took_memory: '규칙이 쓸 수 있는 것보다 많은 메모리를 썼습니다.',
  broke_interpreter: '규칙 때문에 해석기가 멈추었습니다. 끝나지 않는 재귀가 있는지 보세요.',
  stopped: '규칙이 한도를 너무 자주 넘어 판정하지 않았습니다. 앞선 오류를 보고 고치세요.',
  no_answer: '규칙이 답을 주지 않았습니다.',
  value_missing: '입력 “{input}”의 값이 없습니다.',
  value_too_long: '입력 “{input}”의 글자가 너무 깁니다.',
  value_kind: '입력 “{input}”의 값이 {kind}이(가) 아닙니다.',

  example_fails: '예시 {count}개 가운데 {number}번(기대 {expected})을 판정할 수 없습니다: {problem}',
  example_differs: '예시 {count}개 가운데 {number}번은 {expected}이어야 하는데 {status}로 판정됩니다.',
  places_too_many:
    '규칙들이 {places}곳(규칙마다 센서 또는 라인마다)에서 판정하게 됩니다. 이 장비는 {allowed}곳까지 판정합니다. 규칙의 판정 시점에 라인이나 설비를 지정하거나 여러 규칙을 하나로 합치세요.',
  series_too_many:
    '규칙들이 센서 {series}개의 구간을 보게 됩니다. 이 장비는 {allowed}개까지 둡니다. 규칙의 판정 시점에 라인이나 설비를 지정하세요.',
  crowded_out:
    '나중에 생긴 센서에서는 판정하지 않습니다. 규칙과 센서의 쌍을 더 둘 자리가 없습니다. 규칙의 판정 시점에 라인이나 설비를 지정하거나 규칙을 지우세요.',
  item_unreadable: '배포된 항목을 읽을 수 없습니다. 이 장비의 버전이 너무 낮을 수 있습니다: {message}',
  item_no_json: '배포된 항목의 내용이 JSON이 아닙니다.',
  item_named: '항목 이름은 “{key}”인데 들어 있는 규칙은 “{rule}”입니다.',
  not_taken: '이 버전의 프로그램은 이 규칙을 받지 않습니다: {problem}',
  taken_out: '규칙이 {times}회 실패하여 중지되었습니다. {problem}',

  not_judged_failed: '판정하지 못했습니다. 규칙이 실패했습니다: {problem}',
  not_judged: '판정하지 못했습니다. {reasons}',
}
