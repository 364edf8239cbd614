//! Limits that cannot be are refused, and change nothing.

use super::*;

#[tokio::test]
async fn hostile_limits_are_refused_and_named() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server.create(json!({"quota": {"limit": 5, "per": "day"}})).await;
    let limit = |name: &str, limit: Value, window: &str, burst: Value| json!({"rate_limits": [{"name": name, "limit": limit, "window": window, "burst": burst}]});
    let long = "x".repeat(65);
    let many: Vec<Value> = (0..10_000)
        .map(|i| json!({"name": format!("n{i}"), "limit": 1, "window": "1s"}))
        .collect();
    let twice = json!({"name": "a", "limit": 1, "window": "1s"});
    let cases = [
        ("rate_limits[0].limit", limit("a", json!(0), "1m", Value::Null)),
        (
            "rate_limits[0].limit",
            limit("a", json!(u64::MAX), "1m", Value::Null),
        ),
        ("rate_limits[0].limit", limit("a", json!(-1), "1m", Value::Null)),
        ("rate_limits[0].limit", limit("a", json!(1.5), "1m", Value::Null)),
        ("rate_limits[0].limit", limit("a", json!("1"), "1m", Value::Null)),
        ("rate_limits[0].window", limit("a", json!(1), "0s", Value::Null)),
        (
            "rate_limits[0].window",
            limit("a", json!(1), "36525d", Value::Null),
        ),
        (
            "rate_limits[0].window",
            limit("a", json!(1), "minute", Value::Null),
        ),
        ("rate_limits[0].burst", limit("a", json!(1), "1m", json!(0))),
        (
            "rate_limits[0].name",
            limit("quo\"te", json!(1), "1m", Value::Null),
        ),
        (
            "rate_limits[0].name",
            limit("new\r\nline: x", json!(1), "1m", Value::Null),
        ),
        ("rate_limits[0].name", limit("\u{0}", json!(1), "1m", Value::Null)),
        ("rate_limits[0].name", limit("", json!(1), "1m", Value::Null)),
        ("rate_limits[0].name", limit(&long, json!(1), "1m", Value::Null)),
        ("rate_limits[1].name", json!({"rate_limits": [twice, twice]})),
        ("rate_limits", json!({"rate_limits": many})),
        ("rate_limits", json!({"rate_limits": {}})),
        ("quota.limit", json!({"quota": {"limit": 0, "per": "day"}})),
        ("quota.limit", json!({"quota": {"limit": u64::MAX, "per": "day"}})),
        ("quota.per", json!({"quota": {"limit": 1, "per": "week"}})),
        (
            "quota.timezone",
            json!({"quota": {"limit": 1, "per": "day", "timezone": "Middle/Earth"}}),
        ),
        ("quota", json!({"quota": 7})),
    ];
    for (field, body) in cases {
        let case = format!("{body:.120}");
        let create = server.request(Method::POST, "/v1/keys");
        let mut whole = json!({"name": "Sample key"});
        if let (Value::Object(whole), Value::Object(body)) = (&mut whole, body.clone()) {
            whole.extend(body);
        }
        let edit = server.request(Method::PATCH, &path_of(&key, "")).json(&body);
        for request in [create.json(&whole), edit] {
            let answer = Answer::of(request).await;
            refused(&answer, &case);
            assert!(answer.text.contains(field), "{case}: {}", answer.text);
        }
    }
    let shown = show(&server, &key).await;
    assert_eq!(
        (&shown["quota"]["limit"], &shown["version"]),
        (&json!(5), &json!(1)),
        "{shown}"
    );
    for body in [
        json!({}),
        json!({"used": -1}),
        json!({"used": u64::MAX}),
        json!({"used": 1, "credit": 1}),
        json!({"credit": 1.5}),
        json!({"used": null}),
        json!({"reset": true}),
        json!([]),
    ] {
        let request = server.request(Method::POST, &path_of(&key, "quota")).json(&body);
        refused(&Answer::of(request).await, &body.to_string());
    }
    for body in [
        json!({"cost": 0}),
        json!({"cost": -1}),
        json!({"cost": u64::MAX}),
        json!({"cost": "1"}),
        json!({"rate_limits": [{"name": "a\u{7}", "limit": 1, "window": "1s"}]}),
        json!({"rate_limits": [{"name": "a", "limit": 1}]}),
        json!({"rate_limits": vec![json!({"name": "a", "limit": 1, "window": "1s"}); 2]}),
        json!({"rate_limits": many_named(17)}),
    ] {
        let mut whole = json!({"key": text(&key, "secret")});
        if let (Value::Object(whole), Value::Object(body)) = (&mut whole, body.clone()) {
            whole.extend(body);
        }
        let asked = server.door(Method::POST, "/v1/verify").json(&whole);
        refused(&Answer::of(asked).await, &body.to_string());
    }
    assert_eq!(show(&server, &key).await["quota"]["used"], 0);
    // A policy that cannot be is no policy.
    for limits in [
        json!({"default_rate": "0/1m"}),
        json!({"default_rate": "often"}),
        json!({"default_quota": "1/week"}),
    ] {
        let request = server
            .local(Method::PATCH, "/v1/policy")
            .json(&json!({"limits": limits}));
        Answer::of(request)
            .await
            .refused(400, "invalid_request", &limits.to_string());
    }
}

/// It could not be read, or what was read cannot be.
fn refused(answer: &Answer, case: &str) {
    let faults = ["invalid_json", "invalid_request"].map(|code| answer.fault(400, code));
    if let [Some(fault), Some(_)] = faults {
        panic!("{case}: {fault}");
    }
}

fn many_named(count: usize) -> Vec<Value> {
    (0..count)
        .map(|i| json!({"name": format!("n{i}"), "limit": 1, "window": "1s"}))
        .collect()
}
