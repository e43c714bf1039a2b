-- What a browser made of a captured page. The record is JSON in the vault, beside the page's bytes; here is what is
-- searched and what belongs together.

create table rendering (
    -- One look at a page with a browser; the capture is the document that it loaded.
    capture_id text not null primary key references capture (id),
    profile text not null,          -- desktop or mobile
    record_sha256 text not null references blob (sha256),
    n_ads bigint not null,
    n_refused bigint not null       -- requests that the address guard refused
);

create table rendering_part (
    -- Bytes that belong to it, in the order of the record.
    capture_id text not null references rendering (capture_id),
    nth bigint not null,
    role text not null,             -- dom, frame, screenshot, ad, body
    name text not null,             -- address of a frame or body, place of an ad
    ad_id text,                     -- of which ad it is the picture
    sha256 text not null references blob (sha256),
    primary key (capture_id, nth)
);
create index rendering_part_by_ad on rendering_part (ad_id, capture_id) where ad_id is not null;
