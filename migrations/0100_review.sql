-- Review at size: offices, one order for every list, counts that are kept, further verdicts, views that people save.

create table office (
    -- 辖区. Offices form a tree; who belongs to one sees it and everything below it.
    id text not null primary key,
    name text not null,
    parent text references office (id),
    created_at bigint not null
);

-- Without an office a person sees everything; findings of a source without an office are seen only by them.
alter table user_account add column office text references office (id);
alter table source add column office text references office (id);
alter table finding add column office text references office (id);

-- Where a finding stands, finer than state, which stays for those who only ask whether it was decided:
-- pending, second-review and needs-evidence are all state 'pending'.
alter table finding add column stage text not null default 'pending';
update finding set stage = state;

-- The place of a finding in every list: priority in steps of 1/8000, then the name. Null until the store is next
-- opened, which computes it for findings of older databases and puts their words into the index.
alter table finding add column rank bigint;
drop index finding_queue;
drop index finding_by_priority;
create index finding_by_stage on finding (stage, rank desc, severity, office, created_at);
create index finding_by_rank on finding (rank desc, stage, severity, office, created_at);

create table finding_tally (
    -- How many findings stand where: rows are added, never changed, so that nobody waits for somebody else's count;
    -- a reader that meets many adds them up. office is '' for none.
    id text not null primary key,
    stage text not null,
    office text not null,
    severity bigint not null,
    n bigint not null
);
insert into finding_tally (id, stage, office, severity, n)
select 'first-' || stage || '-' || cast(severity as text), stage, '', severity, count(*) from finding group by stage, severity;

-- The same table with two more verdicts: what is missing is asked for, or another person is.
create table decision_wider (
    id text not null primary key,
    finding_id text not null references finding (id),
    ordinal bigint not null,        -- the version that the finding has after it
    actor text not null,
    decided_at bigint not null,
    verdict text not null constraint decision_verdict_is_one
        check (verdict in ('accept', 'dismiss', 'need-evidence', 'ask-second', 'undo')),
    provisions text not null,       -- JSON array of provision ids; empty unless accepted
    dismiss_reason text,
    note text not null,
    constraint decision_one_per_version unique (finding_id, ordinal)
);
insert into decision_wider select id, finding_id, ordinal, actor, decided_at, verdict, provisions, dismiss_reason, note from decision;
drop table decision;
alter table decision_wider rename to decision;
create index decision_by_time on decision (decided_at, id);

create table saved_view (
    -- A queue with its filters, under a name.
    id text not null primary key,
    owner text not null references user_account (id),
    name text not null,
    query text not null,            -- as in the address of the queue
    created_at bigint not null,
    constraint saved_view_name_once unique (owner, name)
);
