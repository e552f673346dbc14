/**
 * The MES as its database shows it, and as connectors read it: every table has `updated_at`, set at each change and
 * indexed, and codes that fit the plant's. `production_counts` has one row a lot, which grows.
 */
export const mesSchema = `
CREATE SCHEMA IF NOT EXISTS mes;

CREATE TABLE IF NOT EXISTS mes.orders (
  order_no     text PRIMARY KEY,
  product_code text NOT NULL,
  line_code    text NOT NULL,
  target_count integer NOT NULL CHECK (target_count >= 0),
  started_at   timestamptz NOT NULL,
  finished_at  timestamptz,
  updated_at   timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS mes.lots (
  lot_no       text PRIMARY KEY,
  order_no     text NOT NULL REFERENCES mes.orders ON DELETE CASCADE,
  line_code    text NOT NULL,
  product_code text NOT NULL,
  shift_code   text NOT NULL,
  started_at   timestamptz NOT NULL,
  finished_at  timestamptz,
  updated_at   timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS mes.production_counts (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  line_code        text NOT NULL,
  lot_no           text NOT NULL UNIQUE REFERENCES mes.lots ON DELETE CASCADE,
  order_no         text NOT NULL,
  product_code     text NOT NULL,
  shift_code       text NOT NULL,
  production_count integer NOT NULL CHECK (production_count >= 0),
  defect_count     integer NOT NULL CHECK (defect_count BETWEEN 0 AND production_count),
  updated_at       timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS mes.downtimes (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  line_code      text NOT NULL,
  equipment_code text,
  reason         text NOT NULL,
  started_at     timestamptz NOT NULL,
  ended_at       timestamptz,
  updated_at     timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS mes.inspections (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  line_code      text NOT NULL,
  lot_no         text,
  equipment_code text,
  passed         boolean NOT NULL,
  defect_code    text,
  inspected_at   timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS orders_updated_at ON mes.orders (updated_at);
CREATE INDEX IF NOT EXISTS lots_updated_at ON mes.lots (updated_at);
CREATE INDEX IF NOT EXISTS production_counts_updated_at ON mes.production_counts (updated_at);
CREATE INDEX IF NOT EXISTS downtimes_updated_at ON mes.downtimes (updated_at);
CREATE INDEX IF NOT EXISTS inspections_updated_at ON mes.inspections (updated_at);
CREATE INDEX IF NOT EXISTS lots_order_no ON mes.lots (order_no);
CREATE INDEX IF NOT EXISTS downtimes_open ON mes.downtimes (line_code) WHERE ended_at IS NULL;
`

/** What a run before this one left open, since it cannot come back to it. `$1`: now. */
export const closeLeftOvers = [
  'UPDATE mes.orders SET finished_at = $1, updated_at = $1 WHERE finished_at IS NULL',
  'UPDATE mes.lots SET finished_at = $1, updated_at = $1 WHERE finished_at IS NULL',
  'UPDATE mes.downtimes SET ended_at = $1, updated_at = $1 WHERE ended_at IS NULL',
] as const

/** Rows that nobody will ask for again. `$1`: the instant before which they are old. Lots and counts go with their order. */
export const pruneOld = [
  'DELETE FROM mes.inspections WHERE updated_at < $1',
  'DELETE FROM mes.downtimes WHERE updated_at < $1 AND ended_at IS NOT NULL',
  'DELETE FROM mes.orders WHERE updated_at < $1 AND finished_at IS NOT NULL',
] as const

/** At high speed a day holds too many rows: only the newest `$1` of each table stay. */
export const pruneMany = [
  'DELETE FROM mes.inspections WHERE id <= (SELECT max(id) - $1 FROM mes.inspections)',
  'DELETE FROM mes.downtimes WHERE ended_at IS NOT NULL AND id <= (SELECT max(id) - $1 FROM mes.downtimes)',
  `DELETE FROM mes.orders WHERE finished_at IS NOT NULL AND order_no IN
     (SELECT order_no FROM mes.orders ORDER BY updated_at DESC, order_no OFFSET $1)`,
] as const
