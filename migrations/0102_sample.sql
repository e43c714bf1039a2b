-- Samples by chance: what was decided, judged again blind; what was not flagged, looked at by a person.
create table sample (
    id text not null primary key,
    kind text not null constraint sample_kind_is_known check (kind in ('blind', 'unflagged')),
    made_at bigint not null,
    made_by text not null,
    from_at bigint not null,
    until_at bigint not null,
    seed text not null,             -- with it, the drawing can be repeated
    n_frame bigint not null         -- of how many it was drawn
);
create table sample_item (
    sample_id text not null references sample (id),
    ordinal bigint not null,
    ad_id text not null references ad (id),
    finding_id text references finding (id),
    assigned text not null,         -- who is to answer, by name; drawn as well
    first_answer text,              -- what was decided before it was drawn; blind samples only
    answer text constraint sample_answer_is_known check (answer in ('violating', 'fine', 'unsure')),
    answered_at bigint,
    note text not null,
    primary key (sample_id, ordinal)
);
create index sample_item_waiting on sample_item (assigned) where answer is null;
