/**
 * What can be wrong with a rule, in English, by a code that stays: what an appliance has stored or reported is read for years by
 * other versions. `{name}` stands for a value. The checks of this package make their sentences from it; those of the engine and of
 * the appliance are held against it by `edge/server/src/judge/rule-problems.test.ts`. Sentences that end alike stand with the more exact first.
 */
export const ruleProblemTexts = {
  // The definition contradicts itself.
  equipment_without_sensor:
    'The rule is triggered by the clock for whole lines, but names equipment. Name a sensor too.',
  input_twice: 'The input "{input}" is declared twice.',
  trigger_input_by_clock:
    'The input "{input}" is taken from the triggering reading, but the rule is triggered by the clock. Take it from "tag" or "mes".',
  trigger_input_by_counts:
    'The input "{input}" is taken from the triggering reading, but the rule is triggered by production counts. Take it from "tag" or "mes".',
  window_without_sensor_by_clock:
    'The input "{input}" looks at the readings of the triggering sensor, but the rule is triggered by the clock. Name a sensor.',
  window_without_sensor_by_counts:
    'The input "{input}" looks at the readings of the triggering sensor, but the rule is triggered by production counts. Name a sensor.',
  alarm_of_normal: 'The status {status} is a normal one and cannot raise an alarm.',
  alarm_of_unjudged: 'UNJUDGED cannot raise an alarm: it says that nothing is known of the process.',
  unjudged_is_normal: 'UNJUDGED cannot be a normal status.',
  ewma_needs_one: 'The input "{input}" is an EWMA and needs either "alpha" or "half_life_s".',
  only_ewma: 'The input "{input}" has "alpha" or "half_life_s", which only an EWMA has.',
  count_min_too_low: 'The input "{input}" is a {stat}, which needs {needed} readings; "count_min" says {given}.',
  window_too_small: 'The input "{input}" has a window of {window} readings and needs {needed} of them.',
  window_outlives_age:
    'The input "{input}" would be too old before the next window closes: "max_age_s" must be {seconds} or more (window and lateness).',
  chart_parameter_missing:
    'The input "{input}" takes its {member} from the parameter "{parameter}", which the rule does not have.',
  chart_parameter_no_number:
    'The input "{input}" takes its {member} from the parameter "{parameter}", which is no number.',
  chart_sigma_too_low:
    'The input "{input}" takes its sigma from the parameter "{parameter}", which must be above 0 and is {given}.',
  status_reserved: 'The rule gave the status UNJUDGED, which only the program gives. Leave the input missing instead.',
  status_malformed: 'The rule gave the status {status}; a status has 1 to 32 capital letters, digits and "_".',

  // It does not compile.
  variable_unknown: 'Undefined variable: {name}',
  source_too_long: 'the rule has {bytes} bytes; {allowed} are allowed: split it',
  too_many_words: 'the rule has more than {allowed} words and signs; split it',
  too_many_cases: 'the rule has more than {allowed} switch cases; split it',
  function_there: 'the function `{function}` is there already; choose another name',
  function_argument: 'the function `{function}` must not call its argument `input` or `params`',
  function_sees_not: 'a function does not see `{name}`; pass it what it needs as an argument',
  name_reserved: '`{name}` is what the rule is given; choose another name',
  read_only: '`{name}` cannot be changed; keep the new value in a variable of your own (let x = ...)',
  field_unknown_of_none: 'the rule declares no field `{field}`; it has no fields',
  field_unknown: 'the rule declares no field `{field}`; its fields are {fields}',
  parameter_unknown_of_none: 'the rule has no parameter `{parameter}`; it has no parameters',
  parameter_unknown: 'the rule has no parameter `{parameter}`; its parameters are {parameters}',
  chart_test_unknown: '`{function}` has the tests 1 to {last}, and not {test}',
  chart_mask: '`{function}` looks at the mask of an input from a chart, which is an integer, and this is {kind}',
  condition_kind: '{place} needs true or false, and this is {kind}; compare it with something',
  comparison_always: '`{operator}` between {left} and {right} is always true; compare values of one kind',
  comparison_never: '`{operator}` between {left} and {right} is never true; compare values of one kind',
  arithmetic_kinds: '`{operator}` does not work between {left} and {right}',
  integer_division:
    'a division of integers drops what is behind the point (7 / 2 is 3); declare one side a number or write 2.0',
  may_end_without_verdict: 'here the rule may end without a verdict; add one for this case',
  switch_without_rest: 'this switch has no `_` case: for other values the rule ends without a verdict',
  ends_without_verdict: 'the rule ends here without a verdict',
  verdict_member: 'a verdict has no `{member}`: it has status, confidence and, if wanted, explanation',
  verdict_lacks: 'the verdict lacks its {member}',
  status_no_text: 'a status is a text of 1 to {bytes} bytes',
  confidence_range: 'a confidence is a number from 0 to 1',
  fields_too_many: 'the rule declares {count} fields; {allowed} are allowed: split it',
  fields_none: 'the rule declares no field: it would have nothing to judge',
  field_name: 'the field name {name} must have 1 to {length} characters',
  field_twice: 'the field {name} is declared twice',
  field_kind: 'the field {name} has no kind that is known: {kind}',
  parameters_too_many: 'the rule has {count} parameters; {allowed} are allowed',
  parameter_name: 'the parameter name {name} must have 1 to {length} characters',
  parameter_value: 'the parameter {name} must be a finite number, a text or true or false, not {given}',
  engine_full: 'the engine holds {count} rules, which is its limit; drop some',
  compile_memory: 'the rule module ran out of memory while it compiled the rule: simplify it',
  compile_broke: 'the rule module broke down while it compiled the rule: simplify it',

  // It failed while it judged.
  division_by_zero: 'Division by zero: {left} / {right}',
  function_unknown: 'Function not found: {function}',
  ran_too_long: 'the rule ran longer than its time limit',
  ran_too_many: 'the rule ran more operations than its limit: is there a loop without an end?',
  cannot_wait: 'the rule threw: a rule cannot wait',
  ends_with_return: 'the rule threw: a rule ends with return',
  cannot_tag: 'the rule threw: a rule cannot tag values',
  threw: 'the rule threw: {message}',
  ended_with:
    'the rule ended with {what}: a rule ends with #{ status: "...", confidence: 0.0 to 1.0 } or verdict("...", 0.0 to 1.0)',
  gave_member:
    'a verdict has no `{member}`: a rule ends with #{ status: "...", confidence: 0.0 to 1.0 } or verdict("...", 0.0 to 1.0)',
  gave_status_no_text:
    'the status is no text: a rule ends with #{ status: "...", confidence: 0.0 to 1.0 } or verdict("...", 0.0 to 1.0)',
  gave_confidence_no_number:
    'the confidence is no number: a rule ends with #{ status: "...", confidence: 0.0 to 1.0 } or verdict("...", 0.0 to 1.0)',
  gave_explanation_no_text: 'the explanation is no text',
  verdict_shape: 'a rule ends with #{ status: "...", confidence: 0.0 to 1.0 } or verdict("...", 0.0 to 1.0)',
  gave_status_bytes: 'the status has {bytes} bytes; it must have 1 to {allowed}',
  gave_confidence: 'the confidence is {confidence}; it must lie between 0 and 1',
  took_memory: 'the rule took more memory than there is for rules',
  broke_interpreter: 'the rule broke the interpreter down: is there a recursion without an end?',
  stopped: 'not judged: the rule met its limits too often in this call; see the errors of its earlier rows and mend it',
  no_answer: 'the rule gave no answer.',
  value_missing: 'there is no value for the input "{input}".',
  value_too_long: 'the value of the input "{input}" is too long a text.',
  value_kind: 'the value of the input "{input}" is no {kind}.',

  // It is not put in force, or no longer. `{problem}` is another of these sentences.
  example_fails: 'Example {number} of {count} (expected {expected}) cannot be judged: {problem}',
  example_differs: 'Example {number} of {count} is judged {status} and should be {expected}.',
  places_too_many:
    "The rules would judge at {places} places (each rule at each of its sensors or lines); the appliance keeps {allowed}. Name the lines or the equipment in the rule's trigger, or make one rule of several.",
  series_too_many:
    "The rules would look at windows of {series} sensors; the appliance keeps {allowed}. Name the lines or the equipment in the rule's trigger.",
  crowded_out:
    'It does not judge at sensors that came last: the appliance has no room for more pairs of a rule and a sensor. Name the lines or the equipment in the triggers of rules, or remove rules.',
  item_unreadable: 'The desired item is not readable, perhaps this edge is too old for it: {message}',
  item_no_json: 'The body of the desired item is not JSON.',
  item_named: 'The item is named "{key}" and holds the rule "{rule}".',
  not_taken: 'This program no longer takes the rule: {problem}',
  taken_out: 'The rule failed {times} times and was taken out. {problem}',

  // The program's own explanation of UNJUDGED.
  not_judged_failed: 'Not judged: the rule failed. {problem}',
  not_judged: 'Not judged: {reasons}.',
} as const satisfies Readonly<Record<string, string>>
