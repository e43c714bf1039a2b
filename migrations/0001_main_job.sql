-- The tables of the main job. One text for SQLite and PostgreSQL, therefore:
-- ids are text made by the application, flags are bigint 0/1, times are bigint Unix milliseconds (UTC),
-- JSON is text, digests are lower-case hexadecimal text. Bytes are in the vault, never here.
-- Never edit a migration that was released: add the next one.

create table source (
    -- A place that adwatch looks at: a column of a news site, an app-store list, an account.
    -- Removing one only sets removed_at, because captures and findings point at it.
    id text not null primary key,
    kind text not null,
    title text not null,
    url text not null,
    settings text not null,         -- JSON object: settings of the connector, by the names it documents
    schedule text,                  -- JSON {"cron", "time_zone"}; null: not on a schedule
    allowed_origins text not null,  -- JSON array of origins that may be reached although not public
    enabled bigint not null constraint source_enabled_is_a_flag check (enabled in (0, 1)),
    created_at bigint not null,
    removed_at bigint
);

create table crawl_run (
    -- One look at one source, also when it found nothing. finished_at stays null while it runs or if it was killed.
    id text not null primary key,
    source_id text not null references source (id),
    started_at bigint not null,
    finished_at bigint,
    outcome text,                   -- JSON, tagged by "outcome"
    counts text not null            -- JSON object of numbers
);
create index crawl_run_by_source on crawl_run (source_id, started_at desc);
create index crawl_run_by_start on crawl_run (started_at desc, id desc);
create index crawl_run_unfinished on crawl_run (started_at) where finished_at is null;

create table blob (
    -- Bytes that the vault holds, named by what they contain. A row is written only after the bytes are safe.
    sha256 text not null primary key,
    sm3 text not null,
    size_bytes bigint not null
);

create table capture (
    -- One fetch, kept as received: what was asked and what came back. The body is a blob.
    id text not null primary key,
    source_id text not null references source (id),
    run_id text not null references crawl_run (id),
    purpose text not null,
    parent_id text,                 -- the capture that linked here, for landing pages
    final_url text not null,
    status bigint not null,         -- HTTP status of the final answer
    finished_at bigint not null,    -- when the last byte arrived
    exchange text not null,         -- JSON: request, response headers, redirects, addresses, times
    body_sha256 text not null references blob (sha256)
);
create index capture_by_source on capture (source_id, finished_at);
create index capture_by_run on capture (run_id);

create table ad (
    -- A distinct creative; the id derives from its content, so seeing it twice is one row.
    id text not null primary key,
    kind text not null,
    draft text not null,            -- JSON: what was first extracted
    search_text text not null,      -- lower-case title, words and names, for searching only
    judged_by text,                 -- pack revision that judged it last; null: not judged
    cleared text,                   -- JSON {"assessment", "hits"} when it has hits but is not flagged
    first_seen_at bigint not null,
    last_seen_at bigint not null,
    n_sightings bigint not null
);

create index ad_cleared on ad (last_seen_at desc, id desc) where cleared is not null;

create table sighting (
    -- This ad, in that capture, at that place. place is a short digest of the locator, which may be long.
    ad_id text not null references ad (id),
    capture_id text not null references capture (id),
    place text not null,
    source_id text not null references source (id),
    page_url text not null,
    locator text not null,
    seen_at bigint not null,
    primary key (ad_id, capture_id, place)
);
create index sighting_by_source on sighting (source_id, ad_id);
create index sighting_by_ad on sighting (ad_id, seen_at desc);
create index sighting_by_capture on sighting (capture_id);

create table finding (
    -- One ad judged by one pack revision: the unit of review. version grows with every change, so that
    -- two people who decide at the same time cannot both succeed.
    id text not null primary key,
    ad_id text not null unique references ad (id),
    state text not null constraint finding_state_is_known check (state in ('pending', 'accepted', 'dismissed')),
    version bigint not null,
    severity bigint not null constraint finding_severity_is_known check (severity between 0 and 4),
    priority double precision not null constraint finding_priority_is_a_share check (priority between 0 and 1),
    pack_revision text not null,
    assessment text not null,       -- JSON: what the machine concluded, with its reasons
    created_at bigint not null,
    updated_at bigint not null
);
create index finding_queue on finding (state, priority desc, id desc);
create index finding_by_priority on finding (priority desc, id desc);
create index finding_by_creation on finding (created_at);
create index finding_by_waiting on finding (state, created_at, id);

create table hit (
    -- A rule and the published words it found, asserted or cleared; ordinal is its order in the text.
    finding_id text not null references finding (id),
    ordinal bigint not null,
    rule_id text not null,
    category text not null,
    severity bigint not null,
    status text not null,
    detail text not null,           -- JSON: the whole hit; the columns beside it are for counting
    primary key (finding_id, ordinal)
);
create index hit_by_rule on hit (rule_id);

create table decision (
    -- What a person decided. Appended, never changed: undo is another decision.
    id text not null primary key,
    finding_id text not null references finding (id),
    ordinal bigint not null,        -- the version that the finding has after it
    actor text not null,
    decided_at bigint not null,
    verdict text not null constraint decision_verdict_is_known check (verdict in ('accept', 'dismiss', 'undo')),
    provisions text not null,       -- JSON array of provision ids; empty unless accepted
    dismiss_reason text,
    note text not null,
    constraint decision_once_per_version unique (finding_id, ordinal)
);

create table chain_head (
    -- The end of each hash chain: how many entries it has and the hash of the last. Writers of a chain
    -- queue here, and an entry cut off the end shows.
    chain text not null primary key,
    n_entries bigint not null,
    hash text not null
);

create table audit_entry (
    -- Who did what to which thing. Appended, hash-chained in the order of ordinal.
    ordinal bigint not null primary key,
    at bigint not null,
    actor text not null,
    action text not null,
    object text not null,
    payload text not null,          -- JSON of all of the above with details; this text is what is hashed
    hash text not null
);
create index audit_entry_by_object on audit_entry (object, ordinal);

create table job (
    -- Work that a machine takes under a lease. A row whose lease ended belongs to whoever takes it next.
    id text not null primary key,
    kind text not null,
    payload text not null,          -- JSON, tagged by "job"
    dedupe_key text,                -- at most one unfinished job has this key
    run_at bigint not null,
    holder text,
    lease_until bigint,
    n_attempts bigint not null,
    last_error text,
    created_at bigint not null,
    finished_at bigint,
    outcome text constraint job_outcome_is_known check (outcome in ('done', 'given-up'))
);
create unique index job_dedupe on job (dedupe_key) where finished_at is null;
create index job_waiting on job (run_at, id) where finished_at is null;

create table schedule_fire (
    -- Each due time of each schedule that was started. The key makes a due time run once.
    schedule text not null,         -- 'source:<id>' or the name of an unattended task
    due_at bigint not null,
    fired_at bigint not null,
    primary key (schedule, due_at)
);

create table host_slot (
    -- When each host may be asked again, whichever process asks.
    host text not null primary key,
    free_at bigint not null
);

create table outbox (
    -- A notice that waits until it is sent; written in the same transaction as its cause.
    id text not null primary key,
    kind text not null,
    subject text not null,
    body text not null,
    created_at bigint not null,
    send_after bigint not null,
    n_attempts bigint not null,
    last_error text,
    sent_at bigint,
    message_id text
);
create index outbox_waiting on outbox (send_after, id) where sent_at is null;

create table evidence_package (
    -- A sealed evidence package. Never edited; what happens to it later is a custody event.
    id text not null primary key,
    finding_id text not null references finding (id),
    location text not null,         -- where the folder was written
    manifest_sha256 text not null,
    manifest_sm3 text not null,
    sealed_at bigint not null,
    sealed_by text not null
);
create index evidence_package_by_finding on evidence_package (finding_id, sealed_at);

create table exhibit (
    -- One file of a package.
    package_id text not null references evidence_package (id),
    path text not null,
    size_bytes bigint not null,
    sha256 text not null,
    sm3 text not null,
    made_by text not null,
    primary key (package_id, path)
);

create table custody_event (
    -- What happened to a package. Appended, hash-chained per package in the order of ordinal.
    package_id text not null references evidence_package (id),
    ordinal bigint not null,
    at bigint not null,
    actor text not null,
    action text not null,
    note text not null,
    payload text not null,
    hash text not null,
    primary key (package_id, ordinal)
);
