-- Contact points of flagged ads, as found in their words, links and fields when the finding was made.

create table contact (
    -- One contact point of one ad; ordinal is its order in the ad. value is canonical: equal values of one kind
    -- are the same contact, however they were written.
    ad_id text not null references ad (id),
    ordinal bigint not null,
    kind text not null,
    value text not null,
    certainty text not null,
    detail text not null,           -- JSON: the whole contact with its place and reasons
    primary key (ad_id, ordinal)
);
create index contact_by_value on contact (kind, value);
