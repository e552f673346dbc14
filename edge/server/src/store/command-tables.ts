/**
 * Commands by their id, in the order of their arrival. A row outlives the desired item that brought it: one that comes again under the same id
 * is known, and never run a second time.
 */
export const commandTables = `
  create table commands (
    no integer primary key, id text not null unique, version integer not null, body text not null, state text not null,
    problem text, result text, changed_ms integer not null
  );
`
