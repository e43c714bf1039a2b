-- 整改复查: looks at pages after an order, and when the next look is due.
create table recheck (
    -- One look at one page. Appended, never changed.
    id text not null primary key,
    lead_id text not null references lead (id),
    url text not null,
    at bigint not null,
    result text not null constraint recheck_result_is_known check (
        result in ('still-there', 'changed', 'removed', 'unreachable')
    ),
    detail text not null,
    capture_id text references capture (id)
);
create index recheck_by_lead on recheck (lead_id, at desc, id desc);

create table recheck_due (
    -- When the pages of a lead are looked at next. No row: nothing was ordered, or the looks are over.
    lead_id text not null primary key references lead (id),
    due_at bigint not null
);
create index recheck_due_by_time on recheck_due (due_at);
