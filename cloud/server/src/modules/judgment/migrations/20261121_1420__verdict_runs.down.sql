drop table core.verdict_runs;
