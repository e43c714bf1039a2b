-- Pictures of ads: what was read in each, and which ads show it.

create table picture (
    -- One picture, named by its bytes, which are a blob.
    sha256 text not null primary key references blob (sha256),
    look text,                      -- perceptual hash, 16 hexadecimal digits; null: blank or not decoded
    reading text not null,          -- JSON: codes, words with the pixels they were read from, problems
    is_waiting bigint not null constraint picture_is_waiting_is_a_flag check (is_waiting in (0, 1)),
    read_at bigint not null
);
create index picture_waiting on picture (read_at, sha256) where is_waiting = 1;

create table ad_picture (
    -- The pictures of an ad, in the order of its page.
    ad_id text not null references ad (id),
    sha256 text not null references picture (sha256),
    ordinal bigint not null,
    primary key (ad_id, sha256)
);
create index ad_picture_by_picture on ad_picture (sha256);

create table picture_address (
    -- Which picture an address gave, so that it is fetched once however many pages show it. url_sha256 names the
    -- address, which may be longer than an index entry can be.
    url_sha256 text not null primary key,
    sha256 text,                    -- null: it gave no picture
    fetched_at bigint not null
);

create index capture_by_body on capture (body_sha256);
