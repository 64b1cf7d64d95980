# What one does every day; `just` lists it. Everything also works without just: the commands are plain.

musl := "x86_64-unknown-linux-musl"

_list:
    @just --list --unsorted

# The static release binary
build:
    cargo build --release --target {{musl}} --bin workshop-edge

# The Debian package of the static release binary
deb: build
    packaging/deb/build {{musl}}

# The OCI image of the static release binary
oci: build
    packaging/oci/build {{musl}}

# Before each commit: format, clippy, unit tests, and of tests/it what waits for no network, disk or deadline
check:
    cargo fmt --check
    cargo clippy --all-targets --features release --quiet -- --deny warnings
    cargo test --quiet --features release --lib --bins
    cargo test --quiet --features release --test it -- --test-threads=6 admin:: architecture:: cli:: config:: conformance:: \
        console:: documents:: guides:: orders:: rebinding:: repository:: routes:: serving:: spanish:: tls::

# Every test, as the pipeline runs them
test *STAGES:
    tests/run {{STAGES}}

# Side by side with nginx, static-web-server and Caddy
bench *OPTIONS:
    tests/benches/http/run {{OPTIONS}}

# What slow and malformed clients can do
attack *OPTIONS:
    tests/benches/attackers/run {{OPTIONS}}

# Rebuild what is committed of the display and of the screen agent
display:
    cd assets/workshop-monitor && npm ci && npm run build
    cd assets/screen-agent && npm ci && npm run build

# Write the lists of messages of the guides again, after texts for technicians have changed
messages:
    WORKSHOP_RENEW_MESSAGES=1 cargo test --quiet --features release --test it -- guides::every_message

# Format everything
fmt:
    cargo fmt
    cargo fmt --manifest-path tests/fuzz/Cargo.toml

# Serve the embedded display on port 8080
serve *OPTIONS:
    cargo run --release -- serve {{OPTIONS}}
