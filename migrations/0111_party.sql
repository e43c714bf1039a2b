-- 当事人 of flagged ads, as the ads themselves name them.

create table ad_party (
    ad_id text not null references ad (id),
    ordinal bigint not null,
    role text not null,
    name text not null,             -- as companies are compared: simplified, without brackets and blanks
    credit_code text,               -- 统一社会信用代码 printed beside the name
    primary key (ad_id, ordinal)
);
create index ad_party_by_name on ad_party (name, ad_id);
