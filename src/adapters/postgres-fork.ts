import { type Kysely, sql } from 'kysely'
import type { Schema } from './sql-schema.ts'

/**
 * `forkLog` as a function of the database, which runs with the rights of whoever made the schema: an app that only
 * checks may call it, and write the log in no other way. Its search path keeps tables of the caller out.
 */
export async function createFork(tx: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ schema: string }>`select current_schema() as schema`.execute(tx)
  const schema = sql.id(rows[0]?.schema ?? 'public')
  await sql`
    create function gatehouse_fork(seen_seq bigint, new_mark text) returns void
    language plpgsql security definer set search_path = ${schema}, pg_temp as $$
    declare
      head log_head%rowtype;
      next_seq bigint;
      now_ms bigint;
    begin
      if seen_seq is null or seen_seq not between 0 and 1::bigint << 51 or new_mark !~ '^[0-9A-Za-z]{8}$' then
        raise exception 'a log cannot be forked at %', seen_seq;
      end if;
      select * into strict head from log_head for update;
      if head.seq - seen_seq > 1::bigint << 31 then
        return;
      end if;
      next_seq := greatest(head.seq, seen_seq) + (1::bigint << 32);
      now_ms := (extract(epoch from clock_timestamp()) * 1000)::bigint;
      update log_head set seq = next_seq, mark = new_mark, previous_mark = head.mark;
      insert into change_log (seq, mark, previous_mark, subjects_json, terminal, restricts, at_ms)
        values (next_seq, new_mark, head.mark, '["all"]', 0, 1, now_ms);
      insert into floors (subject, seq, terminal, at_ms) values ('all', next_seq, 0, now_ms)
        on conflict (subject) do update set seq = excluded.seq, at_ms = excluded.at_ms;
    end $$`.execute(tx)
  await sql`revoke all on function gatehouse_fork(bigint, text) from public`.execute(tx)
}
