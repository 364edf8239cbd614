#!/usr/bin/env bash
# Installs what the tests use and this machine lacks: cargo-nextest, PostgreSQL, curl, wrk and strace. Does nothing where they are.
set -euo pipefail

apt_packages=()
need() { # command package
    command -v "$1" >/dev/null || apt_packages+=("$2")
}
need curl curl
need wrk wrk
need strace strace
need cc build-essential
if ! command -v psql >/dev/null && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    apt_packages+=(postgresql)
fi
if [ ${#apt_packages[@]} -gt 0 ]; then
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    echo "installing ${apt_packages[*]}"
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${apt_packages[@]}" >/dev/null
fi
cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest
