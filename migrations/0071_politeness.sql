-- Hosts that fail, and how each source is to be treated.

-- Failures in a row; a host that fails again and again is left alone for a pause that grows.
alter table host_slot add column n_failures bigint not null default 0;

create table source_manners (
    -- How a source is treated beyond what every source is owed. No row: in the usual way.
    source_id text not null primary key references source (id),
    manners text not null           -- JSON: hours, daily pages, and who overrides robots.txt on which legal basis
);

create table source_day (
    -- Requests for pages of a source on one day (Asia/Shanghai), for its daily budget.
    source_id text not null references source (id),
    day text not null,              -- 2026-11-23
    n_asked bigint not null,
    primary key (source_id, day)
);
