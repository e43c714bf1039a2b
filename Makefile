# Two commands do everything on a fresh Debian machine with Rust, gcc, make and git: `make demo` and `make test`.

CARGO ?= cargo

.PHONY: demo test build check docs bench clean

## Build the release binary and watch it do the whole job on a small internet of our own.
demo: build
	target/release/adwatch demo $(DEMO)

build:
	$(CARGO) build --release --locked

## Install what the tests need when it is absent, and run every check.
test:
	bash .ci/test

## The quick part of `make test`: format, lints, rules.
check:
	$(CARGO) fmt --check
	$(CARGO) clippy --release --locked --all-targets -- -D warnings
	$(CARGO) run --release --locked --quiet -- rules check

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --locked --no-deps --document-private-items

bench:
	$(CARGO) bench --locked

clean:
	$(CARGO) clean
