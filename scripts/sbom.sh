#!/usr/bin/env bash
# Writes what the binary is made of, as CycloneDX, to target/sbom: the crates that are in it (by Cargo.lock, for this platform, without
# what only builds and tests use), and the packages of the console. Asks no registry but to install cargo-cyclonedx once.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${CARGO_TARGET_DIR:-target}/sbom
mkdir -p "$out"
out=$(realpath "$out")

command -v cargo-cyclonedx >/dev/null || cargo install --locked cargo-cyclonedx
[ -d console/node_modules ] || make console

# It writes beside each Cargo.toml of the workspace; only that of the binary is kept.
name=claviger-sbom-$$
trap 'find . -name "$name.json" -not -path "./target/*" -delete' EXIT
target=$(rustc -vV | sed -n 's/^host: //p')
CARGO_NET_OFFLINE=true cargo cyclonedx --quiet --manifest-path crates/claviger/Cargo.toml --format json --spec-version 1.5 \
    --no-build-deps --target "$target" --override-filename "$name"
mv "crates/claviger/$name.json" "$out/claviger.cdx.json"
(cd console && npm sbom --sbom-format cyclonedx --omit dev) >"$out/console.cdx.json"

for file in claviger console; do
    python3 - "$out/$file.cdx.json" <<'END'
import json, sys
bom = json.load(open(sys.argv[1]))
assert bom["bomFormat"] == "CycloneDX" and bom["components"], "no CycloneDX document with components"
print(f'{sys.argv[1]}: {len(bom["components"])} components, CycloneDX {bom["specVersion"]}')
END
done
