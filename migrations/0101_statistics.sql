-- Figures of past months, as they were when the month was over: what happens later changes later figures only.
create table month_report (
    month text not null primary key,        -- 2026-10
    made_at bigint not null,
    content text not null,                  -- JSON of the figures; this text is what is hashed
    sha256 text not null
);
create index ad_by_first_seen on ad (first_seen_at);
