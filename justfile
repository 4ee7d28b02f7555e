# Lists the recipes.
default:
    @just --list

# The fast loop: every integration test except real clients.
test:
    cargo test --locked --test it -- --skip clients::

# All tests, with real clients (the first run downloads them).
test-all:
    cargo test --locked

# Formatting and lints.
lint:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings

# The documentation of the library, where a broken link is an error.
doc $RUSTDOCFLAGS="-D warnings":
    cargo doc --no-deps --locked

# Licences, duplicate versions, sources and advisories of dependencies.
deny:
    cargo deny --config .deny.toml check

# Speed beside a bare axum server, time to ready, memory.
bench:
    cargo bench --locked --bench emulator

# Rewrite the golden fact files after an intended change of the format.
golden $SPECULARITE_GOLDEN="write":
    cargo test --locked golden

# Run the tests, then review changed snapshots (needs cargo-insta).
snapshots:
    cargo insta test --test it --review -- --skip clients::

# Everything that CI runs.
ci:
    .ci/run
