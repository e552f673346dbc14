/** The MES as the connector expects it; the plant simulator makes the same. */
export const mesSchemaSql = `
  create schema if not exists mes;
  create table mes.orders (order_no text primary key, product_code text, line_code text, target_count int, started_at timestamptz, finished_at timestamptz, updated_at timestamptz not null);
  create table mes.lots (lot_no text primary key, order_no text, line_code text, product_code text, shift_code text, started_at timestamptz, finished_at timestamptz, updated_at timestamptz not null);
  create table mes.production_counts (id bigint primary key, line_code text, lot_no text, order_no text, product_code text, shift_code text, production_count int, defect_count int, updated_at timestamptz not null);
  create table mes.downtimes (id bigint primary key, line_code text, equipment_code text, reason text, started_at timestamptz, ended_at timestamptz, updated_at timestamptz not null);
  create table mes.inspections (id bigint primary key, line_code text, lot_no text, equipment_code text, passed boolean, defect_code text, inspected_at timestamptz, updated_at timestamptz not null);
`
