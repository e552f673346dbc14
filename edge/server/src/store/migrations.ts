import { brokerTables } from './broker-tables.ts'
import { commandTables } from './command-tables.ts'

/**
 * Every version that a data folder can have, in one place. A step is never edited once it has left this house; a change
 * is a new step. Kept in SQLite's `user_version`.
 */
export interface Migration {
  readonly version: number
  readonly what: string
  readonly sql: string
}

export const migrations: readonly Migration[] = [
  {
    version: 1,
    what: 'journal of readings and records, and the state that follows from it',
    sql: `
      -- What the folder itself is: its epoch, whether it was closed in order, bounds that queries lean on.
      create table meta (name text primary key, value text not null) without rowid;

      -- Next number of each lane. Not derived from the rows: those are pruned one day, numbers never come twice.
      create table lanes (lane text primary key, next_seq integer not null) without rowid;
      insert into lanes values ('readings', 1), ('records', 1);

      -- One segment a commit, as it leaves for the cloud. from_ms and to_ms are source times.
      create table reading_segments (
        first_seq integer primary key, count integer not null, received_ms integer not null,
        from_ms integer not null, to_ms integer not null, body blob not null
      );
      create index reading_segments_by_time on reading_segments (to_ms, from_ms);

      -- One line of JSON a record, ready to leave.
      create table records (seq integer primary key, at_ms integer not null, kind text not null, line text not null);
      create index records_outages on records (seq) where kind = 'outage';

      create table judgments (
        seq integer primary key, id text not null, rule_id text not null, line text not null,
        status text not null, abnormal integer not null, at_ms integer not null
      );
      create unique index judgments_by_id on judgments (id);
      create index judgments_by_line on judgments (line, seq);
      create index judgments_by_rule on judgments (rule_id, seq);
      create index judgments_by_status on judgments (status, seq);
      create index judgments_abnormal on judgments (seq) where abnormal = 1;

      -- value: JSON. The last values are as of the checkpoint in meta; later ones are in the segments behind it.
      create table tags (
        tag_no integer primary key, key text not null unique, kind text not null, unit text not null,
        last_ms integer, last_received_ms integer, last_value text, last_quality text
      );

      create table rules (
        rule_id text primary key, definition text not null, state text not null, problem text, verdicts_total integer not null
      ) without rowid;

      -- What stands for a rule at a subject, and how far its hysteresis has counted.
      create table standing (
        rule_id text not null, subject text not null, line text not null, equipment text,
        settled_status text, candidate_status text, candidate_count integer not null, raw_status text,
        recorded_at_ms integer not null, cool_down_until_ms integer not null,
        judgment text, since_ms integer not null,
        primary key (rule_id, subject)
      ) without rowid;

      create table alarms (id text primary key, open integer not null, changed_at_ms integer not null, body text not null) without rowid;
      create index alarms_open on alarms (id) where open = 1;

      create table line_facts (line text primary key, body text not null) without rowid;

      create table desired_items (kind text not null, key text not null, version integer not null, body text not null, primary key (kind, key)) without rowid;
      create table reported_items (kind text not null, key text not null, body text not null, primary key (kind, key)) without rowid;

      create table receipts (lane text primary key, body text not null) without rowid;

      create table connector_positions (connector text primary key, position text not null) without rowid;
      create table seen_events (source text not null, source_key text not null, seen_ms integer not null, primary key (source, source_key)) without rowid;
      create index seen_events_by_age on seen_events (seen_ms);

      create table users (login text not null, origin text not null, body text not null, primary key (login, origin)) without rowid;
      create table settings (name text primary key, value text not null) without rowid;

      create table dead_letters (
        id integer primary key, at_ms integer not null, source text not null, topic text not null,
        reason text not null, detail text not null, sample text not null
      );
    `,
  },
  {
    version: 2,
    what: 'facts of a line know when they came',
    sql: `
      update line_facts set body = json_set(body, '$.receivedMs', json_extract(body, '$.atMs'));
    `,
  },
  {
    version: 3,
    what: 'merged segments, gaps, runs of normal verdicts, the history of rules, deliveries and broker sessions',
    sql:
      `
      -- 0: one commit. 1: merged, still a row. Larger ones are files; see segment_files.
      alter table reading_segments add column level integer not null default 0;

      -- Merged segments that lie as files below segments/ of the data folder; this row is what makes a file part of the journal.
      create table segment_files (
        first_seq integer primary key, count integer not null, level integer not null, received_ms integer not null,
        from_ms integer not null, to_ms integer not null, bytes integer not null, file text not null
      );
      create index segment_files_by_time on segment_files (to_ms, from_ms);

      -- Rows that the journal no longer holds, each with its reason; the drop record of the same commit says it to the cloud.
      create table gaps (
        lane text not null, from_seq integer not null, to_seq integer not null, count integer not null,
        reason text not null, at_ms integer not null, primary key (lane, from_seq)
      ) without rowid;

      -- crc: CRC-32 of the line; null in rows of older versions. readings_seq: last reading of the journal when the record was written.
      alter table records add column crc integer;
      alter table records add column readings_seq integer not null default 0;
      create index records_by_kind on records (kind, seq);
      -- Retention asks for the oldest normal ones, which may lie behind a million abnormal ones that are kept longer.
      create index judgments_normal on judgments (seq) where abnormal = 0;

      -- Which definition of a rule was in force from where on: what a replay of a stretch goes by.
      create table rule_history (
        id integer primary key, at_ms integer not null, readings_seq integer not null, records_seq integer not null,
        rule_id text not null, hash text not null, state text not null, definition text
      );
      -- Holds all that says which entry follows which, so that nobody reads definitions for it.
      create index rule_history_by_rule on rule_history (rule_id, id, readings_seq, records_seq, state);

      -- Runs of normal verdicts that have not ended, as of the checkpoint; what came behind it is counted again from the journal.
      create table open_runs (
        rule_id text not null, subject text not null, body text not null, primary key (rule_id, subject)
      ) without rowid;

      -- Packet ids of publishes that a session may send again: those of one commit in one row. ids: see pipeline/deliveries.ts.
      create table deliveries (
        id integer primary key, session text not null, ids blob not null
      );
      create index deliveries_by_session on deliveries (session, id);
      -- Catalogue entries that were made on the appliance; one of the cloud's catalogue hides that of its key.
      create table adopted_tags (key text primary key, body text not null) without rowid;
      -- QoS 2 publishes that were taken and not yet released.
      create table unreleased (session text not null, message_id integer not null, primary key (session, message_id)) without rowid;
    ` + brokerTables,
  },
  {
    version: 4,
    what: 'epochs that go on with the numbers of the journal, every receipt, sums by range, rows that the cloud cannot read',
    sql: `
      -- Every receipt that was stored, also of epochs before this one. kept: one that an outage ended with, which stays when older ones go.
      create table receipt_history (
        id integer primary key, lane text not null, epoch text not null, up_to_seq integer not null,
        received_at_ms integer not null, body text not null, kept integer not null default 0
      );
      create unique index receipt_history_by_seq on receipt_history (lane, epoch, up_to_seq);
      create index receipt_history_by_age on receipt_history (lane, id);
      insert into receipt_history (lane, epoch, up_to_seq, received_at_ms, body)
        select lane, json_extract(body, '$.epoch'), json_extract(body, '$.up_to_seq'), json_extract(body, '$.received_at_ms'), body
        from receipts where json_extract(body, '$.epoch') is not null and json_extract(body, '$.up_to_seq') is not null
          and json_extract(body, '$.received_at_ms') is not null;

      -- Lives of this folder before the present one, each with its first numbers.
      create table epoch_history (
        epoch text primary key, start_readings integer not null, start_records integer not null, ended_ms integer not null
      ) without rowid;

      -- Of the present epoch: what was receipted of a range, from from_seq on; see uplink/range-sums.ts.
      create table range_sums (
        lane text not null, range integer not null, from_seq integer not null, up_to_seq integer not null,
        count integer not null, sum text not null, primary key (lane, range)
      ) without rowid;

      -- Rows that the cloud could never read. They stay in the journal, and are told to the cloud as dropped.
      create table poison (
        lane text not null, from_seq integer not null, to_seq integer not null, at_ms integer not null, detail text not null,
        primary key (lane, from_seq)
      ) without rowid;

      -- Outages that ended before were never told as drained.
      insert into meta (name, value) select 'drained_from_seq', cast(next_seq as text) from lanes where lane = 'records';
    `,
  },
  { version: 5, what: 'commands of the cloud, by their id', sql: commandTables },
]

export const newestVersion = migrations.reduce((newest, step) => Math.max(newest, step.version), 0)
