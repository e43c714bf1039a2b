-- What a connector wanted of a page, kept with its capture, so that a better connector can read it again.

create table capture_target (
    capture_id text not null primary key references capture (id),
    target text not null            -- JSON, as in frontier
);
