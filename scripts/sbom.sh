#!/usr/bin/env bash
# What the binary is made of, as CycloneDX: target/sbom/claviger.cdx.json for the Rust crates, console.cdx.json for the console.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo-cyclonedx >/dev/null || cargo install --locked cargo-cyclonedx
out=${CARGO_TARGET_DIR:-target}/sbom
mkdir -p "$out"
# It writes beside each manifest; only the binary's own is kept.
cargo cyclonedx --quiet --format json --manifest-path crates/claviger/Cargo.toml --override-filename claviger.cdx
mv crates/claviger/claviger.cdx.json "$out/"
find crates benches -name 'claviger.cdx.json' -delete
(cd console && npm sbom --package-lock-only --omit dev --sbom-format cyclonedx) >"$out/console.cdx.json"
ls -l "$out"
