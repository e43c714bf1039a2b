-- 采集日志: what was looked at, one hash chain for each day (Asia/Shanghai), also what yielded nothing or was refused.
-- The chain is named `capture-log:DAY` in chain_head and runs over the SHA-256 of each document, so that an extract can
-- prove one entry without showing the others.
create table capture_log (
    day text not null,
    ordinal bigint not null,
    at bigint not null,
    kind text not null,
    capture_id text,                -- of entries about a capture
    document text not null,         -- JSON; its SHA-256 is what is linked
    hash text not null,
    primary key (day, ordinal)
);
create index capture_log_by_capture on capture_log (capture_id) where capture_id is not null;

-- Time stamps (RFC 3161) over the head that a day's chain had after n_entries: one row for each authority asked.
create table capture_log_stamp (
    day text not null,
    n_entries bigint not null,
    head text not null,             -- the SHA-256 that is stamped
    authority text not null,        -- its name in the settings
    queued_at bigint not null,
    next_at bigint not null,        -- not asked before this time
    n_attempts bigint not null,
    last_error text,
    stamped_at bigint,              -- when, as the authority says; null while it waits
    token_sha256 text,              -- of the token, which the vault holds
    primary key (day, n_entries, authority)
);
create index capture_log_stamp_waiting on capture_log_stamp (next_at) where stamped_at is null;
