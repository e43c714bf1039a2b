-- A crawl that survives its process, and pages that are looked at again.

-- The process that goes on with an unfinished run. Another that takes the run over writes its own name here; the
-- former then finds that it no longer holds the run, and stops.
alter table crawl_run add column holder text;
-- JSON: what the run needs to go on, beside its frontier and counts.
alter table crawl_run add column progress text;

create table frontier (
    -- A page that an unfinished run will fetch or has fetched. Rows go away when the run ends.
    run_id text not null references crawl_run (id),
    key text not null,              -- digest of the canonical address and the request body
    ordinal bigint not null,        -- the order of fetching
    host text not null,
    target text not null,           -- JSON: what the connector wants to be fetched
    parent_id text,                 -- the capture that linked here, for landing pages
    depth bigint not null,          -- items followed from the entry
    n_attempts bigint not null,
    state text not null constraint frontier_state_is_known check (state in ('waiting', 'done')),
    primary key (run_id, key)
);
create index frontier_waiting on frontier (run_id, ordinal) where state = 'waiting';

create table page_visit (
    -- What is known of a page from earlier looks: whether to ask for it again, and what to ask.
    source_id text not null references source (id),
    key text not null,              -- as in frontier
    capture_id text not null references capture (id), -- holds its bytes as last seen
    body_sha256 text not null,
    etag text,
    last_modified text,
    first_at bigint not null,
    last_at bigint not null,
    n_visits bigint not null,
    n_changes bigint not null,
    n_unchanged bigint not null,    -- visits without a change, since the last change
    primary key (source_id, key)
);

-- A page that did not change adds no capture: the ads in the kept one were seen once more.
alter table sighting add column n_seen bigint not null default 1;
alter table sighting add column last_seen_at bigint;
