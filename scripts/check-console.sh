#!/usr/bin/env bash
# Holds the web console to its promises: types and lints, units, and every flow in a real browser against the server just built.
set -euo pipefail
cd "$(dirname "$0")/../console"
npm run --silent lint
npm test --silent
npm run --silent e2e
