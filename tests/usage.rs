//! Charts of usage tell every answer once, in the days and months of whoever looks at them; and the credential report tells
//! an auditor of every key.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock as _, SystemClock, Timestamp};
use domain::decide::Code;
use domain::id::{KeyId, OrganisationId};
use domain::latency::Histogram;
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::usage::Answers;

use crate::organisations::second;
use crate::support::{Answer, ENGINES, Engine, Server, text};
use crate::tenants::with;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const BERLIN: &str = "Europe/Berlin";

struct House {
    server: Server,
    organisation: OrganisationId,
    key: KeyId,
    /// Of no account.
    other: KeyId,
    account: String,
    api: String,
}

async fn house(engine: Engine) -> House {
    let server = Server::start(engine).await;
    let made = async |path: &str, body: Value| {
        let (status, made) = server.call(Method::POST, path, Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        text(&made, "id").to_owned()
    };
    let account = made(
        "/v1/service-accounts",
        json!({"name": "ColdTrace", "username": "coldtrace", "partner": "=ColdTrace",
        "purpose": "Reads temperatures"}),
    )
    .await;
    let api = made(
        "/v1/apis",
        json!({"slug": "orders", "name": "Orders", "permissions": [{"name": "orders:view"}]}),
    )
    .await;
    let key = made("/v1/keys", json!({"name": "Fridge", "owner": account})).await;
    let other = made("/v1/keys", json!({"name": "Other"})).await;
    let (_, own) = server.call(Method::GET, "/v1/organisations", None).await;
    House {
        organisation: text(&own["items"][0], "id").parse().expect("an id"),
        key: key.parse().expect("an id"),
        other: other.parse().expect("an id"),
        server,
        account,
        api,
    }
}

impl House {
    /// Counts answers as the journal does, while the server is stopped.
    async fn count(&mut self, answers: Vec<Answers>) {
        self.server.stop();
        self.server
            .write(async move |tx| tx.add_answers(&answers).await)
            .await;
        self.server.serve().await;
    }

    fn answers(&self, key: KeyId, at: Timestamp, code: Code, count: i64, api: Option<&str>) -> Answers {
        let mut latency = Histogram::default();
        (0..count).for_each(|_| latency.add(4));
        Answers {
            organisation: self.organisation,
            key,
            at,
            api: api.map(Arc::from),
            code,
            count,
            latency,
        }
    }

    async fn ask(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let (status, chart) = self.server.call(Method::GET, &with(path, query), None).await;
        assert_eq!(status, StatusCode::OK, "{path} {query:?}: {chart}");
        chart
    }
}

/// The beginning of each day of Berlin's around the two last changes of its clocks: three days each.
fn days_around_changes(now: Timestamp) -> Vec<[Timestamp; 4]> {
    let zone = TimeZone::get(BERLIN).expect("a zone");
    let now = jiff::Timestamp::from_microsecond(now.as_micros()).expect("an instant");
    // Not one whose days are not over yet.
    let before = now - 72.hours();
    let changes: Vec<_> = zone
        .preceding(before)
        .take(2)
        .map(|change| change.timestamp())
        .collect();
    let start = |date: jiff::civil::Date| {
        let start = date
            .to_zoned(zone.clone())
            .expect("a day")
            .start_of_day()
            .expect("a day");
        Timestamp::from_micros(start.timestamp().as_microsecond())
    };
    let around = |change: &jiff::Timestamp| {
        let date = zone.to_datetime(*change).date();
        [-1, 0, 1, 2].map(|days| start(date.checked_add(days.days()).expect("a day")))
    };
    changes.iter().map(around).collect()
}

fn totals(chart: &Value) -> Vec<i64> {
    let buckets = chart["buckets"].as_array().expect("buckets");
    let total = |bucket: &Value| {
        let codes = bucket["by_code"].as_object().expect("codes").values();
        codes.map(|count| count.as_i64().expect("a count")).sum()
    };
    buckets.iter().map(total).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_23_and_25_hours_hold_their_own_answers_and_no_others() {
    for engine in ENGINES {
        let mut house = house(engine).await;
        let around = days_around_changes(SystemClock.now());
        let mut answers = Vec::new();
        for days in &around {
            // One answer in each hour of three days, and a refusal.
            let mut hour = days[0];
            while hour < days[3] {
                answers.push(house.answers(house.key, hour, Code::Valid, 1, Some("orders")));
                hour = hour.plus(HOUR);
            }
            answers.push(house.answers(house.key, days[1], Code::Expired, 2, Some("orders")));
            answers.push(house.answers(house.other, days[2], Code::Valid, 5, None));
        }
        house.count(answers).await;
        let mut lengths = Vec::new();
        for days in &around {
            let (since, until) = (days[0].to_string(), days[3].to_string());
            let query = [
                ("since", &*since),
                ("until", &*until),
                ("step", "day"),
                ("timezone", BERLIN),
            ];
            let hours: Vec<i64> = days
                .windows(2)
                .map(|day| day[1].since(day[0]).as_secs() as i64 / 3_600)
                .collect();
            lengths.push(hours[1]);
            let own = vec![hours[0], hours[1] + 2, hours[2]];
            let key = format!("/v1/keys/{}/usage", house.key);
            let account = format!("/v1/service-accounts/{}/usage", house.account);
            let api = format!("/v1/apis/{}/usage", house.api);
            for path in [&key, &account, &api] {
                let chart = house.ask(path, &query).await;
                assert_eq!(totals(&chart), own, "{path}");
                assert_eq!(chart["total"], own.iter().sum::<i64>());
                assert_eq!(
                    chart["errors"],
                    json!([{"code": "EXPIRED", "count": 2}]),
                    "{path}"
                );
                assert_eq!(chart["buckets"][1]["start"], json!(days[1]));
                assert_eq!(chart["buckets"][1]["end"], json!(days[2]));
                assert_eq!(chart["buckets"][0]["latency"]["p95_us"], 5, "{chart}");
                assert_eq!(chart["latency"]["count"], chart["total"]);
            }
            let whole = house.ask("/v1/usage", &query).await;
            assert_eq!(totals(&whole), [own[0], own[1], own[2] + 5]);
            assert_eq!(whole["timezone"], BERLIN);
            let name = |n: usize| text(&whole["keys"][n], "name").to_owned();
            assert_eq!((name(0), name(1)), ("Fridge".to_owned(), "Other".to_owned()));
            assert_eq!(house.ask(&key, &query).await.get("keys"), None);
            // The same by the hour: an answer in each, wherever its day ends.
            let query = [("since", &*since), ("until", &*until), ("step", "hour")];
            let by_hour = totals(&house.ask(&key, &query).await);
            assert_eq!(by_hour.len() as i64, hours.iter().sum::<i64>());
            assert_eq!(by_hour.iter().filter(|count| **count == 3).count(), 1);
        }
        lengths.sort_unstable();
        assert_eq!(lengths, [23, 25]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn months_end_with_the_zone_and_charts_begin_and_end_in_the_middle_of_nothing() {
    for engine in ENGINES {
        let mut house = house(engine).await;
        let zone: domain::policy::Zone = BERLIN.parse().expect("a zone");
        // Not today: calls of the management API are counted like any others.
        let now = SystemClock.now().floor_to(DAY).minus(DAY);
        let months = domain::usage::Step::Month
            .between(now.minus(150 * DAY), now, &zone)
            .expect("months");
        let mut answers = Vec::new();
        for (start, end) in months.iter() {
            // The first hour of each, and the last.
            answers.push(house.answers(house.key, start, Code::Valid, 3, None));
            answers.push(house.answers(house.key, end.minus(HOUR).floor_to(HOUR), Code::Revoked, 1, None));
        }
        house.count(answers).await;
        let (since, until) = (now.minus(150 * DAY).to_string(), now.to_string());
        let query = [
            ("since", &*since),
            ("until", &*until),
            ("step", "month"),
            ("timezone", BERLIN),
        ];
        for path in ["/v1/usage".to_owned(), format!("/v1/keys/{}/usage", house.key)] {
            let chart = house.ask(&path, &query).await;
            assert_eq!(totals(&chart), vec![4; months.len()], "{path}");
            assert_eq!(chart["success_rate"], 0.75);
            assert_eq!(chart["buckets"][0]["success_rate"], 0.75);
            // In UTC, the first hours of Berlin's months belong to the month before.
            let utc = house.ask(&path, &[query[0], query[1], query[2]]).await;
            assert_ne!(totals(&utc), totals(&chart));
        }
        // Half a day: what lies beside it is not told, although its day is stored as one.
        let first = months.iter().next().expect("a month").0;
        let (noon, evening) = (
            first.plus(12 * HOUR).to_string(),
            first.plus(18 * HOUR).to_string(),
        );
        let query = [("since", &*noon), ("until", &*evening), ("step", "hour")];
        let chart = house.ask("/v1/usage", &query).await;
        assert_eq!((totals(&chart), &chart["total"]), (vec![0; 6], &json!(0)));
        assert_eq!(chart["success_rate"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_without_usage_has_empty_charts_and_another_has_none_of_ours() {
    for engine in ENGINES {
        let mut house = house(engine).await;
        let at = SystemClock.now().floor_to(DAY).minus(DAY);
        let answers = vec![house.answers(house.key, at, Code::Valid, 7, Some("orders"))];
        house.count(answers).await;
        let (_, theirs) = second(&house.server, "Another Ltd").await;
        let theirs = text(&theirs, "secret");
        // Not today: their own calls of the management API are counted like any others.
        let (since, until) = (at.to_string(), at.plus(2 * HOUR).to_string());
        for step in ["minute", "hour", "day", "month"] {
            let query = [("since", &*since), ("until", &*until), ("step", step)];
            let ours = house.ask("/v1/usage", &query).await;
            assert_eq!(ours["total"], 7, "{ours}");
            let path = with("/v1/usage", &query);
            let (status, chart) = house.server.call_as(theirs, Method::GET, &path, None).await;
            assert_eq!((status, &chart["total"]), (StatusCode::OK, &json!(0)), "{chart}");
            assert_eq!((&chart["keys"], &chart["errors"]), (&json!([]), &json!([])));
            assert!(totals(&chart).iter().all(|total| *total == 0));
        }
        for path in [
            format!("/v1/keys/{}/usage", house.key),
            format!("/v1/service-accounts/{}/usage", house.account),
            format!("/v1/apis/{}/usage", house.api),
            "/v1/keys/nonsense/usage".to_owned(),
            "/v1/apis/nonsense/usage".to_owned(),
        ] {
            let (status, answer) = house.server.call_as(theirs, Method::GET, &path, None).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_stretch_no_step_and_no_zone_is_refused_by_its_name() {
    let server = Server::start(Engine::Sqlite).await;
    for (query, named) in [
        (
            vec![
                ("since", "2026-01-02T00:00:00Z"),
                ("until", "2026-01-01T00:00:00Z"),
            ],
            "since",
        ),
        (vec![("since", "1000-01-01T00:00:00Z")], "since"),
        (
            vec![
                ("since", "2026-01-01T00:00:00Z"),
                ("until", "2026-01-09T00:00:00Z"),
                ("step", "minute"),
            ],
            "step",
        ),
        (vec![("until", "9999-12-30T21:00:00Z"), ("step", "day")], "until"),
        (
            vec![
                ("until", "9999-12-30T21:00:00Z"),
                ("step", "month"),
                ("timezone", "Pacific/Kiritimati"),
            ],
            "until",
        ),
        (vec![("step", "second")], "step"),
        (vec![("step", "")], "step"),
        (vec![("timezone", "Mars/Olympus")], "time zone"),
        (vec![("timezone", "../../etc/passwd")], "time zone"),
        (vec![("timezone", "")], "time zone"),
        (vec![("top", "51")], "top"),
        (vec![("top", "-1")], "top"),
        (vec![("since", "yesterday")], "RFC 3339"),
        (vec![("nonsense", "1")], "nonsense"),
    ] {
        let answer = Answer::of(server.request(Method::GET, &with("/v1/usage", &query))).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{query:?}: {}",
            answer.text
        );
        assert!(answer.text.contains(named), "{query:?}: {}", answer.text);
    }
    for usage in ["0d", "91d", "36h", "7", "-7d", ""] {
        let answer = Answer::of(server.request(Method::GET, &with("/v1/keys", &[("usage", usage)]))).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{usage}: {}", answer.text);
    }
    // What is odd and right.
    for query in [
        vec![("step", "day"), ("timezone", "Asia/Kathmandu"), ("top", "0")],
        vec![
            ("since", "1970-01-01T00:00:00Z"),
            ("until", "1970-02-01T00:00:00Z"),
            ("step", "day"),
            ("timezone", "Pacific/Apia"),
        ],
    ] {
        let answer = Answer::of(server.request(Method::GET, &with("/v1/usage", &query))).await;
        assert_eq!(answer.status, StatusCode::OK, "{query:?}: {}", answer.text);
    }
    let limited = server
        .create(json!({"permissions": ["claviger:keys.read"]}))
        .await;
    for path in ["/v1/usage", "/v1/keys?usage=7d"] {
        let (status, answer) = server
            .call_as(text(&limited, "secret"), Method::GET, path, None)
            .await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{answer}");
        assert!(answer.to_string().contains("claviger:usage.read"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_keys_tells_the_days_of_each() {
    for engine in ENGINES {
        let mut house = house(engine).await;
        let today = SystemClock.now().floor_to(DAY);
        let answers = vec![
            house.answers(house.key, today.minus(6 * DAY), Code::Valid, 3, None),
            house.answers(house.key, today.minus(6 * DAY), Code::Expired, 2, Some("orders")),
            house.answers(house.key, today.minus(DAY), Code::Valid, 4, Some("orders")),
            // Too long ago.
            house.answers(house.key, today.minus(7 * DAY), Code::Valid, 9, None),
        ];
        house.count(answers).await;
        let list = house.ask("/v1/keys", &[("usage", "7d")]).await;
        if SystemClock.now().floor_to(DAY) != today {
            // Midnight came between, and the days are others.
            return;
        }
        let of = |id: KeyId| {
            let items = list["items"].as_array().expect("items");
            items
                .iter()
                .find(|item| item["id"] == json!(id))
                .expect("the key")["usage"]
                .clone()
        };
        assert_eq!(
            of(house.key),
            json!({"since": today.minus(6 * DAY), "admitted": [3, 0, 0, 0, 0, 4, 0], "refused": [2, 0, 0, 0, 0, 0, 0]})
        );
        assert_eq!(of(house.other)["admitted"], json!([0, 0, 0, 0, 0, 0, 0]));
        let plain = house.ask("/v1/keys", &[]).await;
        assert!(plain["items"][0].get("usage").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_credential_report_has_a_line_for_each_key_and_no_formula() {
    for engine in ENGINES {
        let house = house(engine).await;
        let ended = house
            .server
            .create(json!({"name": "@SUM(A1)", "description": "a, \"b\""}))
            .await;
        let secret = text(&ended, "secret");
        assert_eq!(house.server.verify(secret).await["code"], "VALID");
        let path = format!("/v1/keys/{}/revoke", text(&ended, "id"));
        assert_eq!(
            house.server.call(Method::POST, &path, None).await.0,
            StatusCode::OK
        );
        let request = house.server.request(Method::GET, "/v1/keys/report");
        let response = request.send().await.expect("an answer");
        assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
        let report = response.text().await.expect("a report");
        let lines: Vec<&str> = report.split_terminator("\r\n").collect();
        assert!(lines[0].starts_with("number,id,name,"), "{report}");
        for column in [
            "owner",
            "partner",
            "owner_purpose",
            "created_at",
            "last_used_at",
            "rotated_at",
            "expires_at",
            "permissions",
            "status",
        ] {
            assert!(lines[0].split(',').any(|name| name == column), "{column}");
        }
        let line = |mark: &str| *lines.iter().find(|line| line.contains(mark)).expect("a line");
        let fridge = line("Fridge");
        for cell in [
            "coldtrace",
            "ColdTrace",
            "'=ColdTrace",
            "Reads temperatures",
            "active",
        ] {
            assert!(fridge.contains(&format!(",{cell},")), "{cell}: {fridge}");
        }
        let over = line("'@SUM(A1)");
        assert!(
            over.contains(",\"a, \"\"b\"\"\",") && over.contains(",revoked,"),
            "{over}"
        );
        assert!(!report.contains(secret));
        let (_, theirs) = second(&house.server, "Another Ltd").await;
        let request = house
            .server
            .anonymous(Method::GET, "/v1/keys/report")
            .bearer_auth(text(&theirs, "secret"));
        let other = Answer::of(request).await;
        assert!(
            !other.text.contains("Fridge") && other.text.contains("Its own key"),
            "{}",
            other.text
        );
        let output = house
            .server
            .claviger(&["--organisation", "sample-ltd", "keys", "report"])
            .output()
            .expect("the command line runs");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            told.starts_with("number,id,name,") && told.contains("Fridge"),
            "{told}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_tells_usage_of_everything_that_has_any() {
    let mut house = house(Engine::Sqlite).await;
    let yesterday = SystemClock.now().floor_to(DAY).minus(DAY);
    let answers = vec![
        house.answers(house.key, yesterday, Code::Valid, 7, Some("orders")),
        house.answers(house.key, yesterday, Code::Expired, 1, Some("orders")),
    ];
    house.count(answers).await;
    let run = |arguments: &[&str]| {
        let output = house
            .server
            .claviger(arguments)
            .output()
            .expect("the command line runs");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{arguments:?}: {told}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        told
    };
    let key = house.key.to_string();
    for arguments in [
        vec!["usage"],
        vec!["usage", "--key-id", &key],
        vec!["usage", "--account", &house.account],
        vec!["usage", "--api", "orders"],
        vec!["usage", "--api", &house.api, "--since", "3d"],
        vec!["keys", "usage", &key],
        vec!["accounts", "usage", &house.account],
    ] {
        let told = run(&arguments);
        let day = &yesterday.to_string()[..10];
        let row = told
            .lines()
            .find(|line| line.starts_with(day))
            .unwrap_or_default();
        assert_eq!(row, format!("{day}\t7\t1\t87.5 %\t5"), "{arguments:?}: {told}");
        assert!(told.starts_with("DAY (UTC)\tADMITTED\t"), "{told}");
    }
    let json: Value = serde_json::from_str(&run(&["usage", "--json", "--step", "month"])).expect("JSON");
    assert_eq!(json["step"], "month");
}
