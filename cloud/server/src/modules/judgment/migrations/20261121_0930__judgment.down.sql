drop table core.alarms;
drop table core.standing_verdicts;
drop table core.judgment_executions;
drop table core.workflows;
drop table core.rule_scripts;
drop table core.rulesets;
