-- 线索: what an accepting decision opens. State and number of steps follow from the steps; they stand here for lists
-- and so that two people who act at the same time cannot both succeed.
create table lead (
    id text not null primary key,
    finding_id text not null unique references finding (id),
    opened_at bigint not null,
    state text not null constraint lead_state_is_known check (
        state in ('verifying', 'filed', 'decided', 'declined', 'transferred', 'closed', 'withdrawn')
    ),
    n_steps bigint not null,
    updated_at bigint not null
);
create index lead_by_state on lead (state, opened_at desc, id desc);

create table lead_step (
    -- What was done. Appended, never changed.
    lead_id text not null references lead (id),
    ordinal bigint not null,
    at bigint not null,
    actor text not null,
    step text not null,             -- JSON, tagged by "step"
    primary key (lead_id, ordinal)
);

-- Findings that were accepted before leads were kept.
insert into lead (id, finding_id, opened_at, state, n_steps, updated_at)
select 'l-' || substr(id, 3), id, updated_at, 'verifying', 0, updated_at from finding where state = 'accepted';
