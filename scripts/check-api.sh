#!/usr/bin/env bash
# Holds the description of the API against a real server: it is a valid one, its examples are of the form that they stand
# for, schemathesis finds no request that is answered otherwise than described, and /docs works in a browser.
# CLAVIGER_API_EXAMPLES says how many made-up requests each route is asked (25 when not said), CLAVIGER_API_PHASES in which ways.
set -euo pipefail
cd "$(dirname "$0")/.."

# The same requests in every run: a number of them and not a time, which would let a quick machine ask more than a slow one.
# `stateful` follows links with what it was answered, so that no two runs are alike.
examples=${CLAVIGER_API_EXAMPLES:-25}
phases=${CLAVIGER_API_PHASES:-examples,coverage,fuzzing}
target=${CARGO_TARGET_DIR:-target}
tools=$(realpath "$target")/tools
scripts=$PWD/scripts/api
cargo build --quiet --bin claviger
binary=$(realpath "$target/debug/claviger")

dir=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" || true
    fi
    rm -rf "$dir"
}
trap finish EXIT

"$binary" init --data "$dir/data" --json --organisation "Described Ltd" >"$dir/made.json"
key=$("$tools/python/bin/python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["management_key"])' "$dir/made.json")
"$binary" serve --data "$dir/data" --management 127.0.0.1:0 --verify 127.0.0.1:0 --grpc 127.0.0.1:0 >"$dir/log" 2>&1 &
server=$!
for _ in $(seq 200); do
    [ ! -e "$dir/data/listen.json" ] || break
    sleep 0.1
done
url=http://$("$tools/python/bin/python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["management"])' "$dir/data/listen.json")

echo "the description is a valid one"
"$tools/python/bin/openapi-spec-validator" docs/openapi.json
"$tools/python/bin/python" "$scripts/examples.py" docs/openapi.json

echo "the page at /docs works in a browser"
NODE_PATH="$tools/node/node_modules" timeout 240 node "$scripts/docs.mjs" "$url" "$key" "$tools/docs.png"

# Something to be found: paths with an id are asked for these now and then.
for name in one two three; do
    for what in "keys {\"name\": \"$name\"}" "roles {\"name\": \"$name\"}" "apis {\"name\": \"$name\", \"slug\": \"$name\"}" \
        "service-accounts {\"name\": \"$name\", \"username\": \"$name\"}"; do
        curl --silent --fail --output /dev/null --header "Authorization: Bearer $key" \
            --header 'Content-Type: application/json' --data "${what#* }" "$url/v1/${what%% *}"
    done
done
export CLAVIGER_API_URL=$url CLAVIGER_API_KEY=$key

# A dialect that is off is not there.
curl --silent --fail --output /dev/null --request PATCH --header "Authorization: Bearer $key" \
    --header 'Content-Type: application/json' --data '{"dialects": ["omnicrm", "openlmis", "maximo"]}' "$url/v1/policy"

echo "schemathesis looks for answers that are not described, with $examples requests to a route"
run() { # further arguments
    SCHEMATHESIS_HOOKS=hooks PYTHONPATH=$scripts "$tools/python/bin/schemathesis" --config-file "$scripts/schemathesis.toml" \
        run "$url/openapi.json" --header "Authorization: Bearer $key" --continue-on-failure --no-color \
        --warnings off --phases "$phases" --max-examples "$examples" "$@"
}
# A changed policy would stand in the way of all that follows, and so would a key that has revoked itself: they come last.
cd "$dir"
run --exclude-operation-id edit_policy --exclude-operation-id maximo_set_property --exclude-operation-id revoke_self \
    || { tail -n 40 "$dir/log"; exit 1; }
run --include-operation-id maximo_set_property || { tail -n 40 "$dir/log"; exit 1; }
run --include-operation-id edit_policy || { tail -n 40 "$dir/log"; exit 1; }
run --include-operation-id revoke_self || { tail -n 40 "$dir/log"; exit 1; }
