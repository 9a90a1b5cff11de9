"""Tables of the accounts in PostgreSQL, and the ledger's two writes as functions: one message, one transaction.

Text is kept by `memory.postgres.stored`, in the order of its code points. Of what was charged nothing refers to a
user: a user can be forgotten without it. Migrations only add; a function that must change gets a new name.
"""

from __future__ import annotations

from psycopg import sql

REFUSED = "MQ001"
"""SQLSTATE of a reservation that would pass the limit; its detail is `used reserved quota period plan`."""

SCOPE = """
CREATE FUNCTION app_tenant() RETURNS text STABLE LANGUAGE sql
    AS $$ SELECT substr(nullif(current_setting('app.tenant', true), ''), 2) COLLATE "C" $$;
CREATE FUNCTION app_user() RETURNS text STABLE LANGUAGE sql
    AS $$ SELECT substr(nullif(current_setting('app.user', true), ''), 2) COLLATE "C" $$;
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION '% is append-only', tg_table_name; END $$;
"""

ACCOUNTS = """
CREATE TABLE tenants (tenant_id text COLLATE "C" PRIMARY KEY, created_at timestamptz NOT NULL);
CREATE TABLE users (
    tenant_id text COLLATE "C" NOT NULL REFERENCES tenants, user_id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE TABLE plan_assignments (
    assignment_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL, plan_name text NOT NULL,
    quota_tokens bigint CHECK (quota_tokens >= 0), period text NOT NULL CHECK (period IN ('day', 'month')),
    starts_at timestamptz NOT NULL, ends_at timestamptz CHECK (ends_at >= starts_at)
);
CREATE UNIQUE INDEX one_active_plan ON plan_assignments (tenant_id, user_id) WHERE ends_at IS NULL;
"""

LEDGER = """
CREATE TABLE ledger_entries (
    entry_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('reserve', 'settle', 'release')),
    tokens bigint NOT NULL CHECK (tokens >= 0), day date NOT NULL, at timestamptz NOT NULL
);
CREATE UNIQUE INDEX ledger_opened_once ON ledger_entries (tenant_id, user_id, key) WHERE kind = 'reserve';
CREATE UNIQUE INDEX ledger_closed_once ON ledger_entries (tenant_id, user_id, key) WHERE kind <> 'reserve';
CREATE TABLE quota_balances (
    tenant_id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL,
    period text NOT NULL CHECK (period IN ('day', 'month')), starts date NOT NULL,
    used bigint NOT NULL CHECK (used >= 0), reserved bigint NOT NULL CHECK (reserved >= 0),
    PRIMARY KEY (tenant_id, user_id, period, starts)
) WITH (fillfactor = 50);
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""

AUDIT = """
CREATE TABLE audit_actors (
    tenant_id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL,
    actor uuid NOT NULL DEFAULT gen_random_uuid(),
    PRIMARY KEY (tenant_id, user_id), UNIQUE (tenant_id, actor)
);
CREATE TABLE audit_entries (
    tenant_id text COLLATE "C" NOT NULL, sequence bigint NOT NULL, at timestamptz NOT NULL, actor uuid NOT NULL,
    action text NOT NULL, target text NOT NULL, detail text NOT NULL, digest text NOT NULL,
    PRIMARY KEY (tenant_id, sequence)
);
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""

WALL = """
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tenants', 'users', 'plan_assignments', 'audit_actors', 'audit_entries'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_the_tenant ON %I USING (tenant_id = app_tenant())', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['ledger_entries', 'quota_balances'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_the_user ON %I USING (tenant_id = app_tenant() AND user_id = app_user())',
            name);
    END LOOP;
END $$;
"""

BIND = """
CREATE FUNCTION app_bind(tenant text, person text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant', '=' || tenant, true), set_config('app.user', '=' || person, true);
END $$;
"""

RESERVE = """
CREATE FUNCTION ledger_reserve(
    tenant text, person text, a_key text, amount bigint, moment timestamptz,
    a_plan text, a_quota bigint, a_period text
) RETURNS TABLE (tokens bigint, closed text, charged bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    today date := (moment AT TIME ZONE 'UTC')::date;
    stands quota_balances;
    own plan_assignments;
BEGIN
    PERFORM app_bind(tenant, person);
    INSERT INTO ledger_entries (tenant_id, user_id, key, kind, tokens, day, at)
        VALUES (tenant, person, a_key, 'reserve', amount, today, moment)
        ON CONFLICT (tenant_id, user_id, key) WHERE kind = 'reserve' DO NOTHING;
    IF NOT FOUND THEN
        RETURN QUERY SELECT * FROM ledger_find(tenant, person, a_key);
        RETURN;
    END IF;
    INSERT INTO tenants VALUES (tenant, moment) ON CONFLICT DO NOTHING;
    INSERT INTO users VALUES (tenant, person, moment) ON CONFLICT DO NOTHING;
    SELECT * INTO own FROM plan_assignments
        WHERE tenant_id = tenant AND user_id = person AND ends_at IS NULL;
    IF FOUND THEN
        a_plan := own.plan_name;
        a_quota := own.quota_tokens;
        a_period := own.period;
    END IF;
    -- The month's row first, always: whoever holds it is alone with this user.
    IF NOT quota_hold(tenant, person, 'month', date_trunc('month', today)::date, amount,
                      CASE a_period WHEN 'month' THEN a_quota END)
        OR NOT quota_hold(tenant, person, 'day', today, amount, CASE a_period WHEN 'day' THEN a_quota END)
    THEN
        SELECT * INTO stands FROM quota_balances WHERE tenant_id = tenant AND user_id = person AND period = a_period
            AND starts = date_trunc(a_period, today)::date;
        RAISE EXCEPTION 'the limit would be passed' USING ERRCODE = 'MQ001',
            DETAIL = concat_ws(' ', coalesce(stands.used, 0), coalesce(stands.reserved, 0), a_quota, a_period, a_plan);
    END IF;
    RETURN QUERY SELECT amount, NULL::text, 0::bigint;
END $$;
"""

HOLD = """
CREATE FUNCTION quota_hold(tenant text, person text, a_period text, begins date, amount bigint, quota bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    UPDATE quota_balances SET reserved = reserved + amount
        WHERE tenant_id = tenant AND user_id = person AND period = a_period AND starts = begins
            AND (quota IS NULL OR used + reserved + amount <= quota);
    IF FOUND THEN
        RETURN true;
    END IF;
    INSERT INTO quota_balances AS held SELECT tenant, person, a_period, begins, 0, amount
        WHERE quota IS NULL OR amount <= quota
        ON CONFLICT (tenant_id, user_id, period, starts) DO UPDATE SET reserved = held.reserved + amount
            WHERE quota IS NULL OR held.used + held.reserved + amount <= quota;
    RETURN FOUND;
END $$;
"""

CLOSE = """
CREATE FUNCTION ledger_close(
    tenant text, person text, a_key text, a_kind text, amount bigint, moment timestamptz
) RETURNS TABLE (tokens bigint, closed text, charged bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    held ledger_entries;
BEGIN
    PERFORM app_bind(tenant, person);
    SELECT * INTO held FROM ledger_entries
        WHERE tenant_id = tenant AND user_id = person AND key = a_key AND kind = 'reserve';
    IF NOT FOUND THEN
        RETURN;
    END IF;
    amount := least(amount, held.tokens);
    INSERT INTO ledger_entries (tenant_id, user_id, key, kind, tokens, day, at)
        VALUES (tenant, person, a_key, a_kind, amount, held.day, moment)
        ON CONFLICT (tenant_id, user_id, key) WHERE kind <> 'reserve' DO NOTHING;
    IF FOUND THEN
        UPDATE quota_balances SET used = used + amount, reserved = reserved - held.tokens
            WHERE tenant_id = tenant AND user_id = person AND period = 'month'
                AND starts = date_trunc('month', held.day)::date;
        UPDATE quota_balances SET used = used + amount, reserved = reserved - held.tokens
            WHERE tenant_id = tenant AND user_id = person AND period = 'day' AND starts = held.day;
    END IF;
    RETURN QUERY SELECT * FROM ledger_find(tenant, person, a_key);
END $$;
"""

FIND = """
CREATE FUNCTION ledger_find(tenant text, person text, a_key text)
RETURNS TABLE (tokens bigint, closed text, charged bigint) LANGUAGE sql AS $$
    SELECT opened.tokens, ended.kind, coalesce(ended.tokens, 0)
    FROM ledger_entries opened LEFT JOIN ledger_entries ended
        ON (ended.tenant_id, ended.user_id, ended.key) = (opened.tenant_id, opened.user_id, opened.key)
        AND ended.kind <> 'reserve'
    WHERE opened.tenant_id = tenant AND opened.user_id = person AND opened.key = a_key AND opened.kind = 'reserve'
$$;
"""

ERASE = """
CREATE FUNCTION is_erased(person text) RETURNS boolean IMMUTABLE LANGUAGE sql
    AS $$ SELECT starts_with(person, chr(1) || 'erased-') $$;
CREATE FUNCTION only_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_erased(NEW.user_id) AND NOT is_erased(OLD.user_id)
        AND to_jsonb(NEW) - 'user_id' = to_jsonb(OLD) - 'user_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', tg_table_name;
END $$;
DROP TRIGGER ledger_is_append_only ON ledger_entries;
CREATE TRIGGER ledger_is_append_only BEFORE DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER ledger_changes_no_entry BEFORE UPDATE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION only_erased();
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_entries', 'quota_balances'] LOOP
        EXECUTE format('CREATE POLICY of_nobody ON %I FOR SELECT'
            ' USING (tenant_id = app_tenant() AND is_erased(user_id))', name);
        EXECUTE format('CREATE POLICY erasing ON %I FOR UPDATE'
            ' USING (tenant_id = app_tenant() AND user_id = app_user())'
            ' WITH CHECK (tenant_id = app_tenant() AND is_erased(user_id))', name);
    END LOOP;
END $$;
"""
ERASED = "\x01"
"""Begins the name of an erased user's charges; no user's stored id has it before a letter."""

MIGRATIONS = (
    sql.SQL(SCOPE + ACCOUNTS + LEDGER + AUDIT + WALL + BIND + FIND + HOLD + RESERVE + CLOSE),
    sql.SQL(ERASE),
)
