-- Access of programs: tokens, and answers that are given again.

create table api_token (
    -- A program that acts for a person. The token itself is shown once and is nowhere kept.
    id text not null primary key,
    token_sha256 text not null unique,
    user_id text not null references user_account (id),
    name text not null,             -- what it is for, in the words of who made it
    scope text not null,            -- names of permissions with commas between; the role of the owner limits them further
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,                 -- last use, to the minute
    revoked_at bigint
);
create index api_token_by_user on api_token (user_id, created_at);

create table api_reply (
    -- The answer to a request that named itself (Idempotency-Key), kept for a day. status is null while it is worked on.
    owner text not null,            -- the token
    key text not null,
    request_sha256 text not null,   -- of method, path and body
    status bigint,
    content text,                   -- JSON: the body and the headers that belong to it
    created_at bigint not null,
    primary key (owner, key)
);
create index api_reply_by_time on api_reply (created_at);
