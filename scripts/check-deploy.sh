#!/usr/bin/env bash
# Holds the files of deploy/ against what they are for, with whatever tools are there: promtool, systemd-analyze, helm. Needs Python 3.
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0 failed=0
check() { # a name, and a command
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "passed: $name"
        passed=$((passed + 1))
    else
        printf 'failed: %s\n%s\n' "$name" "$said"
        failed=$((failed + 1))
    fi
}
has() { command -v "$1" >/dev/null || { echo "not there, so not asked: $1"; return 1; }; }

# Each figure that is asked for is one of docs/observability.md; the dashboard's expressions come as rules for promtool.
figures() {
    python3 - <<'PYTHON'
import json, pathlib, re, sys
page = pathlib.Path("docs/observability.md").read_text()
known = set(re.findall(r"^\| `([a-z_]+)", page, re.M))
known |= {name + end for name in known for end in ("_bucket", "_count", "_sum")}
dashboard = json.loads(pathlib.Path("deploy/grafana/claviger.json").read_text())
asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
asked.append(pathlib.Path("deploy/prometheus/alerts.yml").read_text())
used = set(re.findall(r"\b((?:claviger|process)_[a-z_]+)\b", " ".join(asked)))
unknown = sorted(used - known)
sys.exit(f"not in docs/observability.md: {unknown}" if unknown else 0)
PYTHON
}
expressions() {
    python3 - <<'PYTHON' >"$dir/dashboard.yml" || return
import json, pathlib
dashboard = json.loads(pathlib.Path("deploy/grafana/claviger.json").read_text())
rules = [
    {"record": f"panel_{panel['id']}_{target['refId']}", "expr": target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")}
    for panel in dashboard["panels"] for target in panel.get("targets", [])
]
print(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
PYTHON
    promtool check rules "$dir/dashboard.yml"
}
unit() {
    # The binary is not where it will be.
    sed "s|^ExecStart=.*|ExecStart=$(command -v true)|" deploy/systemd/claviger.service >"$dir/claviger.service"
    systemd-analyze verify "$dir/claviger.service" && systemd-analyze security --offline=true --threshold=20 deploy/systemd/claviger.service
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
check "each figure that is asked for is documented" figures
if has promtool; then
    check "alerts" promtool check rules deploy/prometheus/alerts.yml
    check "alerts ring when they should" promtool test rules deploy/prometheus/alerts_test.yml
    check "the dashboard's expressions" expressions
fi
if has systemd-analyze; then
    check "the unit, and its walls" unit
fi
if has helm; then
    for values in deploy/helm/claviger/ci/*.yaml; do
        check "the chart with $(basename "$values")" helm lint --strict deploy/helm/claviger --values "$values"
    done
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
