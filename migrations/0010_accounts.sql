-- Accounts, sessions and who is working on what.

create table user_account (
    -- A person who logs in. Never deleted, because decisions and the audit name it: it is disabled.
    id text not null primary key,
    name text not null,             -- as decisions record it
    name_key text not null unique,  -- the name folded, so that no two accounts look the same
    role text not null,
    password_hash text not null,    -- argon2id, with its parameters and salt
    must_change bigint not null constraint user_must_change_is_a_flag check (must_change in (0, 1)),
    totp_secret text,               -- base32; null: no second factor
    totp_last_step bigint not null, -- time step of the last accepted code, so that none is accepted twice
    created_at bigint not null,
    password_at bigint not null,    -- when the password was last set
    disabled_at bigint
);

create table user_session (
    -- Someone logged in. The token itself is only in the cookie.
    token_sha256 text not null primary key,
    id text not null unique,        -- names the session on pages
    user_id text not null references user_account (id),
    csrf text not null,
    opened_at bigint not null,
    seen_at bigint not null,        -- last use, to the minute
    ends_at bigint not null,        -- ends then, however much it is used
    address text not null,
    agent text not null
);
create index user_session_by_user on user_session (user_id, opened_at);

create table login_failure (
    -- A wrong password or code, for the limiter; rows older than its longest window are removed.
    id text not null primary key,
    name_key text not null,
    address text not null,
    at bigint not null
);
create index login_failure_by_time on login_failure (at);

create table assignment (
    -- Who is working on a finding. It ends by itself, so that nobody waits for a closed laptop.
    finding_id text not null primary key references finding (id),
    holder text not null,
    since bigint not null,
    until bigint not null
);

create table remark (
    -- What people said about a finding besides deciding: comments, and why they passed it over. Appended.
    id text not null primary key,
    finding_id text not null references finding (id),
    actor text not null,
    at bigint not null,
    kind text not null constraint remark_kind_is_known check (kind in ('comment', 'skip')),
    reason text,                    -- of a skip
    note text not null
);
create index remark_by_finding on remark (finding_id, at);
