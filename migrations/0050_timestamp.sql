-- Time stamps that a sealed package waits for, or has: one row for each authority that is asked (RFC 3161).
create table evidence_stamp (
    package_id text not null references evidence_package (id),
    authority text not null,        -- its name in the settings
    queued_at bigint not null,
    next_at bigint not null,        -- not asked before this time
    n_attempts bigint not null,
    last_error text,
    stamped_at bigint,              -- when, as the authority says; null while it waits
    token_sha256 text,              -- of the token that lies beside the package
    primary key (package_id, authority)
);
create index evidence_stamp_waiting on evidence_stamp (next_at) where stamped_at is null;
