#!/usr/bin/env bash
# Checks everything: format, lints, documentation, tests. Installs what it needs on Debian and its
# relatives; elsewhere it says what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

# Debian packages. Asks for nothing, and needs root or sudo only when something is missing.
install() {
    if ! command -v apt-get >/dev/null; then
        echo "run.sh: install $* with your package manager, then run this again" >&2
        exit 2
    fi
    local root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@"
}

# The toolchain that Cargo.toml names, when there is none or an older one.
rust() {
    local wanted have
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    [ ! -f "$HOME/.cargo/env" ] || . "$HOME/.cargo/env"
    have=$(cargo --version 2>/dev/null | cut -d' ' -f2 || true)
    if [ -z "$have" ] && ! command -v rustup >/dev/null; then
        command -v curl >/dev/null || install ca-certificates curl
        curl --proto '=https' --tlsv1.2 -fsSL https://sh.rustup.rs |
            sh -s -- -y --no-modify-path --profile minimal --default-toolchain "$wanted"
        . "$HOME/.cargo/env"
    elif [ "$(printf '%s\n' "$wanted" "${have:-0}" | sort -V | head -n 1)" != "$wanted" ]; then
        if ! command -v rustup >/dev/null; then
            echo "run.sh: Rust $wanted or newer is needed, and cargo is ${have:-missing}" >&2
            exit 2
        fi
        rustup toolchain install --profile minimal "$wanted"
        export RUSTUP_TOOLCHAIN=$wanted
    fi
    if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        rustup component add rustfmt clippy
    fi
}

# SQLite and the TLS library are built from C.
command -v cc >/dev/null || install gcc libc6-dev make
rust
# The store is tested on a real server: one of its own, unless DATABASE_URL names another.
if [ -z "${DATABASE_URL:-}" ] && ! command -v initdb >/dev/null &&
    ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
    install postgresql
fi

# The pages are looked at in a real browser, by the rules of axe-core.
command -v chromium >/dev/null && command -v chromedriver >/dev/null ||
    install chromium chromium-driver
command -v npm >/dev/null || install npm
npm ci --prefix tests/browser --no-audit --no-fund

# A snapshot that differs is a failure, never a file to be accepted later.
export INSTA_UPDATE=no

cargo fmt --check
cargo clippy --locked --all-targets -- -D warnings
# Never in a release unless asked for; its test is in nightly.sh, for it is a build of its own.
cargo clippy --locked --features otel --lib --bins --test otel -- -D warnings
RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items
cargo test --locked
