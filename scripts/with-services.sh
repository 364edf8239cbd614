#!/usr/bin/env bash
# Runs a command with a PostgreSQL at hand: the one that answers on the standard port, or one of its own that is started
# in a temporary directory, on a free port, and removed afterwards.
set -euo pipefail

if [ -n "${CLAVIGER_TEST_POSTGRES:-}" ]; then
    exec "$@"
fi
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
PATH="$PATH${bin:+:$bin}"
url=postgres://postgres@127.0.0.1:5432/postgres
# Without a password, allowed to make databases, and not too old.
fit="SELECT (rolcreatedb OR rolsuper) AND current_setting('server_version_num')::int >= 150000 FROM pg_roles WHERE rolname = current_user"
if [ "$(psql -w -At -c "$fit" "$url" 2>/dev/null)" = t ]; then
    export CLAVIGER_TEST_POSTGRES=$url
    exec "$@"
fi

dir=$(mktemp -d)
run_as=()
if [ "$(id -u)" = 0 ]; then
    # PostgreSQL refuses to run as root.
    chown postgres "$dir"
    run_as=(runuser -u postgres --)
fi
"${run_as[@]}" "$bin/initdb" -D "$dir/data" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 >/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null || echo 54329)
"${run_as[@]}" "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir" start >/dev/null
finish() {
    "${run_as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap finish EXIT
export CLAVIGER_TEST_POSTGRES=postgres://postgres@127.0.0.1:$port/postgres
"$@"
