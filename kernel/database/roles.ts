import { StartError } from '../problem.ts'
import type { DatabaseAddress, Pool } from './database.ts'
import { openPool } from './pool.ts'

const extensions = ['pg_trgm', 'btree_gin', 'btree_gist', 'citext', 'unaccent', 'cube', 'earthdistance']

/** Names of PostgreSQL objects come from code, never from input; this only keeps mistakes from becoming SQL. */
export const quoted = (name: string): string => {
  if (!/^[a-z_][a-z0-9_]*$/.test(name)) throw new Error(`${name} is no name for a schema`)
  return `"${name}"`
}

/**
 * Roles belong to the whole server, so another database may be making the same one right now. One that is there keeps
 * its password: it may be that of processes that run.
 */
export async function makeRole(pool: Pool, at: DatabaseAddress, name: string): Promise<void> {
  const password = at.password ? `password '${at.password(name).replaceAll("'", "''")}'` : ''
  const group = `grant ohmnibus_service to ${quoted(name)};`
  await pool.unsafe(`do $$ begin
    begin
      create role ohmnibus_service nologin;
    exception when duplicate_object or unique_violation then null; end;
    begin
      create role ${quoted(name)} login ${password};
    exception when duplicate_object or unique_violation then null; end;
    begin ${name === 'kernel' ? '' : group} exception when unique_violation then null; end;
  end $$`)
}

/** The passwords of all roles come from one secret, so one role tells whether it is that of this server. */
export async function provePasswords(at: DatabaseAddress): Promise<void> {
  if (!at.password) return
  const pool = openPool(at, 'kernel', { max: 1 })
  try {
    await pool`select 1`
  } catch (error) {
    if ((error as { code?: string }).code !== '28P01') throw error
    throw new StartError(
      `PostgreSQL at ${at.host}:${at.port} knows the roles of Ohmnibus by other passwords: ` +
        'OHMNIBUS_SECRET is not the one it was prepared with.',
    )
  } finally {
    await pool.end({ timeout: 1 })
  }
}

/** Schemas with what each role may do there, and the list of migrations. */
export async function makeSchemas(pool: Pool, names: string[]): Promise<void> {
  await pool.unsafe(`
    revoke create on schema public from public;
    create schema if not exists extensions;
    ${extensions.map(name => `create extension if not exists ${name} schema extensions;`).join('\n')}
    ${names
      .map(
        name => `
      create schema if not exists ${quoted(name)};
      grant usage on schema ${quoted(name)}, extensions to ${quoted(name)};
      alter default privileges in schema ${quoted(name)}
        grant select, insert, update, delete on tables to ${quoted(name)};
      alter default privileges in schema ${quoted(name)} grant usage on sequences to ${quoted(name)};`,
      )
      .join('\n')}
    grant usage on schema kernel to ohmnibus_service;
    -- migrations: what has been applied here, and the exact text of it.
    create table if not exists kernel.migrations (
      service text, number integer, name text not null, checksum text not null,
      applied_at timestamptz not null default now(),
      primary key (service, number)
    );
    -- works_from: the last migration that code must know to start beside this one.
    alter table kernel.migrations add column if not exists works_from integer`)
}

/**
 * The job engine guards its tables by row security; only the kernel's role runs jobs. A policy that is there stays: to
 * make it again takes a lock on every table, against the processes that run jobs already.
 */
export const letKernelWork = `
  grant usage on schema graphile_worker to kernel;
  grant all on all tables in schema graphile_worker to kernel;
  grant all on all sequences in schema graphile_worker to kernel;
  do $$ declare guarded regclass; begin
    for guarded in select oid from pg_class where relnamespace = 'graphile_worker'::regnamespace and relrowsecurity
      and not exists (select from pg_policy where polrelid = pg_class.oid and polname = 'kernel') loop
      execute format('create policy kernel on %s to kernel using (true)', guarded);
    end loop;
  end $$`
