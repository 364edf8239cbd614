# Two commands do all the set-up on a fresh machine with Rust, Node and make: `make start` and `make test`.

DATA ?= data

.PHONY: start test console lint bench bench-verify soak clean

## Build Claviger and start it on the embedded database in ./data.
start: console
	cargo build --release --bin claviger
	target/release/claviger serve --data $(DATA)

## Install what the tests need, and run every one of them: the API against its description, the tests, the console in a browser.
test: tools console
	@failed=0; ./scripts/check-deploy.sh || failed=1; ./scripts/check-api.sh || failed=1; \
	./scripts/with-services.sh cargo nextest run --workspace --no-fail-fast || failed=1; \
	./scripts/check-console.sh || failed=1; exit $$failed

## The web console, which the next build embeds; without npm the binary goes without it. (`npm ci` will not do: one package names
## optional others, for other systems, that were never published, and `ci` wants them in the lock file.)
console:
	@if command -v npm >/dev/null; then cd console && npm install --silent --no-save --no-audit --no-fund && npm run --silent build; \
	else echo "npm is missing: building without the web console" >&2; fi

## Formatting, lints, licences and sources.
lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny --offline check bans licenses sources

## The benchmarks that the documentation quotes; each prints its figures as ratios of the same run.
bench: tools
	./scripts/with-services.sh cargo bench -p benches -p claviger --bench '*'

## Claviger beside what a user would pick instead, in one run of some minutes; NAMES="claviger nginx" for a part of it.
bench-verify: tools
	cargo bench -p benches -p claviger --bench bench_verify -- $(NAMES)

## What takes long: a thousand rounds of kill -9, longer races.
soak: tools
	./scripts/with-services.sh env CLAVIGER_SOAK=1 cargo nextest run --workspace --run-ignored all --profile soak

.PHONY: tools
tools:
	./scripts/tools.sh

clean:
	cargo clean
