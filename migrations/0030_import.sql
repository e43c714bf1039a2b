-- What people bring as files, and who reported what is in them.

create table imported_file (
    -- A file that was brought for a source; bringing it again changes nothing.
    source_id text not null references source (id),
    sha256 text not null,           -- of the whole file; its bytes are in the vault when is_kept = 1
    sm3 text not null,
    size_bytes bigint not null,
    name text not null,
    format text not null,
    is_kept bigint not null constraint imported_file_is_kept_is_a_flag check (is_kept in (0, 1)),
    imported_at bigint not null,
    primary key (source_id, sha256)
);

create table reporter (
    -- Who reported what is in a capture. Apart on purpose: nothing that is judged, searched, logged or sealed
    -- reads this table.
    capture_id text not null primary key references capture (id),
    identity text not null          -- JSON array of [heading, value]
);
