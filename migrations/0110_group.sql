-- Which flagged ads are nearly the same, and which belong to one campaign, with the reason of every link.

create table group_lock (
    -- One row that every writer of the tables below takes first: families and campaigns grow one ad at a time.
    id bigint not null primary key,
    n_taken bigint not null
);
insert into group_lock (id, n_taken) values (1, 0);

create table family (
    -- Ads with nearly the same words, named by the first of them, which leads: later ones are compared with it.
    id text not null primary key references ad (id),
    signature text not null         -- MinHash, 256 hexadecimal digits
);

create table family_key (
    -- Keys by which leaders are found. A key of very many leaders is a phrase of the trade; no more are added then.
    key bigint not null,
    family_id text not null references family (id),
    primary key (key, family_id)
);

create table ad_family (
    ad_id text not null primary key references ad (id),
    family_id text not null references family (id),
    signature text not null
);
create index ad_family_by_family on ad_family (family_id, ad_id);

create table variant (
    -- An ad that says the same as the ad of a finding but for small edits: a sighting of that finding, not one more.
    ad_id text not null primary key references ad (id),
    finding_id text not null references finding (id),
    at bigint not null
);
create index variant_by_finding on variant (finding_id, at);

create table look (
    -- Pictures that look different, each named by the hash of the first that looked so.
    hash text not null primary key
);

create table look_key (
    key bigint not null,
    hash text not null references look (hash),
    primary key (key, hash)
);

create table tie (
    -- A thing that ads may have in common, the ad that showed it first, and in how many families it is.
    kind text not null,
    value text not null,
    first_ad text not null references ad (id),
    n_families bigint not null,
    is_common bigint not null constraint tie_is_common_is_a_flag check (is_common in (0, 1)),
    primary key (kind, value)
);

create table tie_family (
    kind text not null,
    value text not null,
    family text not null,           -- a family, or an ad that is in none
    primary key (kind, value, family)
);

create table campaign (
    id text not null primary key,
    n_ads bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    merged_into text                -- the campaign that took its ads; null while it has any
);
create index campaign_by_size on campaign (n_ads desc, id) where merged_into is null;

create table campaign_member (
    ad_id text not null primary key references ad (id),
    campaign_id text not null references campaign (id),
    joined_at bigint not null
);
create index campaign_member_by_campaign on campaign_member (campaign_id, joined_at, ad_id);

create table campaign_link (
    -- Why an ad belongs to another: what they have in common.
    ad_id text not null references ad (id),
    other_id text not null references ad (id),
    kind text not null,
    value text not null,
    at bigint not null,
    primary key (ad_id, kind, value)
);
create index campaign_link_by_tie on campaign_link (kind, value);
