-- 封存后的保管: packages of other offices, what was handed over to whom and acknowledged, what must not be disposed of.

create table imported_package (
    -- A package that another office sealed, verified when it was taken in.
    id text not null primary key,
    from_office text not null,
    location text not null,
    seal_sha256 text not null,
    seal_sm3 text not null,
    key_fingerprint text not null,
    sealed_at bigint not null,
    imported_at bigint not null,
    imported_by text not null
);

create table handover (
    -- A copy that was handed over, and its receipt.
    id text not null primary key,
    package_id text not null references evidence_package (id),
    recipient text not null,
    copy_sha256 text not null,
    is_masked bigint not null constraint handover_masked_is_a_flag check (is_masked in (0, 1)),
    handed_at bigint not null,
    handed_by text not null,
    received_at bigint,             -- when the recipient says that it was received; null: not acknowledged
    receipt text                    -- by whom, and the number of the receipt
);
create index handover_by_package on handover (package_id, handed_at);
create index handover_open on handover (handed_at) where received_at is null;

create table evidence_hold (
    -- 保留令: while one stands, nothing of the package is disposed of.
    package_id text not null references evidence_package (id),
    placed_at bigint not null,
    placed_by text not null,
    reason text not null,
    released_at bigint,
    released_by text,
    primary key (package_id, placed_at)
);

create table evidence_disposal (
    -- A package whose file was disposed of when its time was over; its row and custody stay.
    package_id text not null primary key references evidence_package (id),
    disposed_at bigint not null,
    disposed_by text not null,
    rule text not null              -- by which rule of retention
);
