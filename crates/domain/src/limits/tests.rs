//! What is promised of limits, held against a bucket that is counted another way.

use proptest::prelude::*;

use super::*;
use crate::clock::Timestamp;

fn rate(limit: u64, seconds: u32, burst: u64) -> Rate {
    Rate::new(limit, crate::span::Span::seconds(seconds), Some(burst)).expect("a rate")
}

/// A bucket of tokens, told the naive way: what is in it, as a fraction, filled up before each request.
struct Bucket {
    /// In parts of a token, `window` microseconds to one.
    tokens: i128,
    at: i128,
}

impl Bucket {
    fn admits(&mut self, rate: &Rate, now: i128, cost: u64) -> bool {
        let per_token = i128::from(rate.window_micros());
        let full = i128::from(rate.burst()) * per_token;
        // A clock that goes back fills nothing.
        let passed = (now - self.at).max(0);
        self.at = self.at.max(now);
        self.tokens = full.min(self.tokens + passed * i128::from(rate.limit()));
        let needed = i128::from(cost) * per_token;
        let admits = self.tokens >= needed;
        if admits {
            self.tokens -= needed;
        }
        admits
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]
    #[test]
    fn a_gauge_agrees_with_a_naive_bucket(
        limit in prop::sample::select(vec![1_u64, 2, 3, 7, 60, 100, 999_983, MAX_RATE]),
        window in prop::sample::select(vec![1_u32, 7, 60, 3_600, 366 * 86_400]),
        burst in 1_u64..40,
        steps in prop::collection::vec((-2_000_000_i64..90_000_000, 1_u64..6), 1..60),
    ) {
        let rate = rate(limit, window, burst);
        let mut gauge = Gauge::default();
        let mut bucket = Bucket { tokens: i128::from(burst) * i128::from(rate.window_micros()), at: 0 };
        let mut now = 10_000_000_i64;
        for (step, cost) in steps {
            now = (now + step).max(0);
            let time = Duration::from_micros(now as u64);
            let expected = bucket.admits(&rate, i128::from(now), cost);
            let mut charges = [Charge { rate, gauge: &mut gauge, cost }];
            let admission = admit(&mut charges, Allowance::Unlimited, cost, time);
            prop_assert_eq!(admission == Admission::Admitted, expected);
            prop_assert_eq!(i128::from(gauge.remaining(&rate)), bucket.tokens / i128::from(rate.window_micros()));
            if let Admission::RateLimited(refusal) = admission {
                prop_assert_eq!(refusal.wait.is_none(), cost > burst);
                // A microsecond before the time that is told it is refused, and then it is not.
                if let Some(wait) = refusal.wait {
                    let settled = time.max(Duration::from_micros(bucket.at as u64));
                    let mut early = gauge;
                    early.settle(&rate, settled + wait - Duration::from_micros(1));
                    prop_assert!(!early.admits(&rate, cost));
                    let mut then = gauge;
                    then.settle(&rate, settled + wait);
                    prop_assert!(then.admits(&rate, cost));
                }
            }
            let full = Duration::from_micros(bucket.at as u64) + gauge.full_in(&rate);
            prop_assert!(gauge.is_full(&rate, full));
        }
    }

    #[test]
    fn limits_are_counted_all_or_none_and_the_quota_last(
        bursts in prop::collection::vec(1_u64..6, 0..4),
        used in prop::collection::vec(0_u64..6, 4),
        cost in 1_u64..5,
        left in prop::option::of((0_u64..6, any::<bool>())),
    ) {
        let rates: Vec<Rate> = bursts.iter().map(|burst| rate(1, 3_600, *burst)).collect();
        let mut gauges = vec![Gauge::default(); rates.len()];
        for ((rate, gauge), used) in rates.iter().zip(&mut gauges).zip(&used) {
            gauge.settle(rate, Duration::ZERO);
            gauge.charge(rate, *used.min(&rate.burst()));
        }
        let room: Vec<u64> = rates.iter().zip(&gauges).map(|(rate, gauge)| gauge.remaining(rate)).collect();
        let before = gauges.clone();
        let mut charges: Vec<Charge<'_>> = rates
            .iter()
            .zip(&mut gauges)
            .map(|(rate, gauge)| Charge { rate: *rate, gauge, cost })
            .collect();
        let allowance = match left {
            None => Allowance::Unlimited,
            Some((units, true)) => Allowance::Last(units),
            Some((units, false)) => Allowance::AtHand(units),
        };
        let admission = admit(&mut charges, allowance, cost, Duration::ZERO);
        let refused: Vec<usize> = (0..rates.len()).filter(|i| room[*i] < cost).collect();
        match (refused.first(), left) {
            (Some(first), _) => {
                prop_assert_eq!(admission.code(), Some(Code::RateLimited));
                let Admission::RateLimited(refusal) = admission else { unreachable!() };
                prop_assert_eq!(refusal.place, *first);
                prop_assert_eq!(refusal.wait.is_none(), rates.iter().any(|rate| rate.burst() < cost));
            }
            (None, Some((units, true))) if units < cost => prop_assert_eq!(admission, Admission::QuotaExceeded),
            (None, Some((units, false))) if units < cost => prop_assert_eq!(admission, Admission::Wait),
            (None, _) => prop_assert_eq!(admission, Admission::Admitted),
        }
        for ((rate, gauge), (before, room)) in rates.iter().zip(&gauges).zip(before.iter().zip(&room)) {
            if admission == Admission::Admitted {
                prop_assert_eq!(gauge.remaining(rate), room - cost);
            } else {
                prop_assert_eq!(gauge, before);
            }
        }
    }

    #[test]
    fn every_instant_lies_in_its_period_and_the_next_begins_where_it_ends(
        at in 0_i64..4_000_000_000_000_000,
        zone in prop::sample::select(vec![
            "UTC", "Europe/Berlin", "America/St_Johns", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia",
            "America/Havana", "Australia/Lord_Howe",
        ]),
        per in prop::sample::select(vec![Period::Day, Period::Month, Period::Total]),
    ) {
        let quota = Quota::new(1, per, zone.parse().expect("a zone")).expect("a quota");
        let at = Timestamp::from_micros(at);
        let bounds = quota.bounds(at);
        prop_assert!(bounds.contains(at), "{at} in {bounds:?}");
        match bounds.end {
            None => prop_assert_eq!(per, Period::Total),
            Some(end) => {
                prop_assert_eq!(quota.bounds(end).start, end);
                let last = Timestamp::from_micros(end.as_micros() - 1);
                prop_assert_eq!(quota.bounds(last), bounds);
            }
        }
    }
}

#[test]
fn days_and_months_are_those_of_the_zone() {
    let bounds = |text: &str, at: &str| {
        let quota: Quota = text.parse().expect("a quota");
        let bounds = quota.bounds(Timestamp::parse(at).expect("an instant"));
        let end = bounds.end.map_or_else(|| "-".to_owned(), |end| end.to_string());
        (bounds.start.to_string(), end)
    };
    let pair = |start: &str, end: &str| (start.to_owned(), end.to_owned());
    assert_eq!(
        bounds("1/month", "2026-02-28T23:59:59Z"),
        pair("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")
    );
    // Clocks go forward on 29 March 2026: the day has 23 hours, and the month begins and ends under different offsets.
    assert_eq!(
        bounds("1/day Europe/Berlin", "2026-03-29T12:00:00Z"),
        pair("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
    );
    assert_eq!(
        bounds("1/month Europe/Berlin", "2026-03-29T12:00:00Z"),
        pair("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")
    );
    assert_eq!(
        bounds("1/total", "2026-03-29T12:00:00Z"),
        pair("1970-01-01T00:00:00Z", "-")
    );
}

#[test]
fn an_edited_limit_keeps_what_is_owed() {
    let hour = rate(10, 3_600, 10);
    let mut gauge = Gauge::default();
    gauge.settle(&hour, Duration::from_secs(1));
    gauge.charge(&hour, 6);
    for (edited, remaining) in [
        (rate(20, 3_600, 20), 14),
        (rate(10, 60, 10), 4),
        (rate(3, 60, 3), 0),
        (rate(10, 3_600, 8), 2),
    ] {
        let mut after = gauge;
        after.settle(&edited, Duration::from_secs(1));
        assert_eq!(after.remaining(&edited), remaining, "{edited}");
    }
}

#[test]
fn what_is_told_of_limits_is_exact() {
    let hundred = rate(100, 60, 100);
    let mut gauge = Gauge::default();
    gauge.settle(&hundred, Duration::ZERO);
    gauge.charge(&hundred, 50);
    let burst = Standing {
        name: "burst",
        limit: hundred.limit(),
        window: Some(hundred.window().duration()),
        remaining: gauge.remaining(&hundred),
        full_in: Some(gauge.full_in(&hundred)),
    };
    let quota = Standing {
        name: "quota",
        limit: 10_000,
        window: None,
        remaining: 3,
        full_in: None,
    };
    let both = || [burst, quota].into_iter();
    assert_eq!(
        rate_limit_policy(both()),
        r#""burst";q=100;w=60, "quota";q=10000"#
    );
    assert_eq!(rate_limit(both()), r#""burst";r=50;t=30, "quota";r=3"#);
    assert_eq!(rate_limit(std::iter::empty()), "");
    gauge.charge(&hundred, 50);
    let wait = gauge.wait(&hundred, 1).expect("a time");
    assert_eq!((wait, retry_after(wait)), (Duration::from_millis(600), 1));
    assert_eq!(retry_after(Duration::from_micros(1_000_001)), 2);
    assert_eq!(gauge.wait(&hundred, 101), None);
}

#[test]
fn a_rate_and_a_quota_are_read_as_they_are_written() {
    for text in ["100/1m", "100/1m burst 20", "1000000000/366d"] {
        let rate: Rate = text.parse().expect("a rate");
        assert_eq!(rate.to_string(), text);
        let json = serde_json::to_string(&rate).expect("JSON");
        assert_eq!(serde_json::from_str::<Rate>(&json).expect("a rate"), rate);
        assert_eq!(
            serde_json::from_str::<Rate>(&format!("\"{text}\"")).expect("a rate"),
            rate
        );
    }
    for text in [
        "",
        "/",
        "100",
        "100/",
        "/1m",
        "0/1m",
        "1/0s",
        "1/367d",
        "1/1m burst 0",
        "1/1m burst",
        "1/1m burst x",
        "-1/1m",
        "+1/1m",
        "1.5/1m",
        "1000000001/1m",
        "18446744073709551615/1m",
        "99999999999999999999/1m",
        "1/1m burst 1000000001",
        "1/1m\u{0}",
        "١/1m",
    ] {
        assert!(text.parse::<Rate>().is_err(), "{text:?}");
    }
    for text in [
        "10000/month UTC",
        "1/day Europe/Berlin",
        "9007199254740991/total UTC",
    ] {
        let quota: Quota = text.parse().expect("a quota");
        assert_eq!(quota.to_string(), text);
        let json = serde_json::to_string(&quota).expect("JSON");
        assert_eq!(serde_json::from_str::<Quota>(&json).expect("a quota"), quota);
    }
    for text in [
        "",
        "10",
        "0/day",
        "9007199254740992/day",
        "1/week",
        "1/day Middle/Earth",
        "-1/day",
        "1/Day",
    ] {
        assert!(text.parse::<Quota>().is_err(), "{text:?}");
    }
}

#[test]
fn hostile_limits_are_refused_field_by_field() {
    let draft = |name: &str, limit: u64, window: &str, burst: Option<u64>| RateLimitDraft {
        name: name.to_owned(),
        limit,
        window: window.parse().expect("a span"),
        burst,
    };
    let fields = |all: Vec<RateLimitDraft>| {
        let mut faults = Vec::new();
        check_rate_limits(all, &mut faults);
        faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>()
    };
    assert_eq!(
        fields(vec![
            draft("a", 1, "1s", None),
            draft("b.c:/@-_9", 1, "366d", Some(1))
        ]),
        [""; 0]
    );
    assert_eq!(
        fields(vec![
            draft("quo\"te", 1, "1s", None),
            draft("new\nline", 1, "1s", None),
            draft("", 1, "1s", None),
            draft("quota", 1, "1s", None),
            draft(&"x".repeat(65), 1, "1s", None),
            draft("ä", 1, "1s", None),
            draft("back\\slash", 1, "1s", None),
        ]),
        (0..7)
            .map(|i| format!("rate_limits[{i}].name"))
            .collect::<Vec<_>>()
    );
    assert_eq!(
        fields(vec![
            draft("a", 0, "1s", None),
            draft("b", u64::MAX, "1s", None),
            draft("c", 1, "0s", None),
            draft("d", 1, "367d", None),
            draft("e", 1, "1s", Some(0)),
            draft("a", 1, "1s", None),
        ]),
        [
            "rate_limits[0].limit",
            "rate_limits[1].limit",
            "rate_limits[2].window",
            "rate_limits[3].window",
            "rate_limits[4].burst",
            "rate_limits[5].name",
        ]
    );
    let many = (0..10_000)
        .map(|i| draft(&format!("n{i}"), 1, "1s", None))
        .collect();
    assert_eq!(fields(many), ["rate_limits"]);
}

#[test]
fn a_request_that_names_limits_is_read_or_refused() {
    let read = |json: &str| {
        let mut reader = serde_json::Deserializer::from_str(json);
        let read = wishes(&mut reader).map_err(|error| error.to_string());
        read.map(|wishes| wishes.len())
    };
    assert_eq!(read(r#"[]"#), Ok(0));
    assert_eq!(read(r#"null"#), Ok(0));
    assert_eq!(
        read(r#"[{"name":"a"},{"name":"b","limit":5,"window":"1m","burst":2,"cost":3}]"#),
        Ok(2)
    );
    for json in [
        r#"[{"name":"a","limit":5}]"#,
        r#"[{"name":"a","window":"1m"}]"#,
        r#"[{"name":"a","burst":1}]"#,
        r#"[{"name":"a","limit":0,"window":"1m"}]"#,
        r#"[{"name":"a","cost":0}]"#,
        r#"[{"name":"a\u0000"}]"#,
        r#"[{"name":"a\"b"}]"#,
        r#"[{"name":"a"},{"name":"a"}]"#,
        r#"[{"limit":5,"window":"1m"}]"#,
        r#"[{"name":"a","extra":1}]"#,
        r#"{}"#,
    ] {
        assert!(read(json).is_err(), "{json}");
    }
    let many: Vec<String> = (0..17).map(|i| format!(r#"{{"name":"n{i}"}}"#)).collect();
    assert!(read(&format!("[{}]", many.join(","))).is_err());
}
