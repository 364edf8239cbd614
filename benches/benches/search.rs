//! What a search and a list cost at a million keys, for words of every frequency and for those that are awkward: the
//! first page, in an order that the words have nothing to do with, on both engines.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

mod million;

use std::process::ExitCode;

use benches::report::{Report, median};
use benches::stopwatch::Stopwatch;
use benches::{Error, Result};
use domain::clock::Timestamp;
use domain::key::{Key, Status};
use domain::page::{Cursor, Page};
use domain::span::Span;
use million::words::{KEYS, NOW, display, ticket};
use million::{ORGANISATION, failed};
use store::Store;
use store::db::Engine;
use store::keys::{KeyQuery, KeySort, StatusFilter};

/// Each case is measured this often, after two that warm up.
const ROUNDS: usize = 15;
/// The most that a first page may cost, in milliseconds.
const CEILING: f64 = 50.0;
/// The orders in which words are searched.
const ORDERS: [(&str, KeySort, bool); 2] = [
    ("created_at desc", KeySort::CreatedAt, true),
    ("name asc", KeySort::Name, false),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measure().await {
        Ok(report) => report.finish(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn query() -> KeyQuery {
    KeyQuery {
        now: Timestamp::from_micros(NOW),
        window: Span::days(14),
        descending: true,
        limit: 50,
        ..KeyQuery::default()
    }
}

/// What is searched for, and how many keys hold it.
fn words() -> Vec<(&'static str, String)> {
    let shown = display(123_456).replace("sk_live_", "");
    vec![
        ("in one key", ticket(765_432).to_lowercase()),
        ("part of a display form", shown),
        ("0.1 %", "coldtrace".to_owned()),
        ("0.5 %", "ferncombe".to_owned()),
        ("0.7 %", "monitoring kafka".to_owned()),
        ("2 %, unevenly: only old keys", "predecessor".to_owned()),
        ("2.5 %, unevenly: names late in the alphabet", "sierra".to_owned()),
        ("6 %, names of one letter", "sap".to_owned()),
        ("10 %", "invoices".to_owned()),
        ("50 %", "production".to_owned()),
        ("two words, 0.05 %", "coldtrace production".to_owned()),
        ("two words, 5 %", "invoices production".to_owned()),
        ("in none", "quetzalcoatl".to_owned()),
        ("in none, of common trigrams", "productionops-123".to_owned()),
    ]
}

async fn measure() -> Result<Report> {
    let only = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let mut report = Report::begin("search: first pages among 1,000,000 keys; median and worst in ms");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if only
            .as_ref()
            .is_some_and(|only| !format!("{engine:?}").eq_ignore_ascii_case(only))
        {
            continue;
        }
        let store = million::store(engine).await?;
        for (kind, word) in words() {
            for (order, sort, descending) in ORDERS {
                let query = KeyQuery {
                    q: Some(word.clone()),
                    sort,
                    descending,
                    ..query()
                };
                time(
                    &store,
                    &mut report,
                    &format!("{engine:?}: '{word}' {kind}, {order}"),
                    query,
                )
                .await?;
            }
        }
        lists(&store, engine, &mut report).await?;
    }
    Ok(report)
}

async fn lists(store: &Store, engine: Engine, report: &mut Report) -> Result<()> {
    for (name, sort) in KeySort::ALL {
        for descending in [false, true] {
            let order = if descending { "desc" } else { "asc" };
            let first = KeyQuery {
                sort,
                descending,
                ..query()
            };
            let page = time(
                store,
                report,
                &format!("{engine:?}: list, {name} {order}"),
                first.clone(),
            )
            .await?;
            let after = page
                .next_cursor
                .and_then(|cursor| Cursor::decode(&cursor, "bench").ok());
            let second = KeyQuery { after, ..first };
            time(
                store,
                report,
                &format!("{engine:?}: list, {name} {order}, second page"),
                second,
            )
            .await?;
        }
    }
    // With the clock a few hours on, a handful have just expired.
    let now = Timestamp::from_micros(NOW + 3_600_000_000 + 20_000_000);
    for (kind, now) in [("few", now), ("none", Timestamp::from_micros(NOW))] {
        for (order, sort, descending) in ORDERS {
            let status = StatusFilter::In(vec![Status::Expired]);
            let query = KeyQuery {
                now,
                status,
                sort,
                descending,
                ..query()
            };
            time(
                store,
                report,
                &format!("{engine:?}: expired, {kind}, {order}"),
                query,
            )
            .await?;
        }
    }
    for status in [
        Status::Revoked,
        Status::Disabled,
        Status::ExpiringSoon,
        Status::Deleted,
    ] {
        let query = KeyQuery {
            status: StatusFilter::In(vec![status]),
            ..query()
        };
        time(
            store,
            report,
            &format!("{engine:?}: {}, created_at desc", status.as_str()),
            query,
        )
        .await?;
    }
    let tagged = KeyQuery {
        tag: Some("billing".to_owned()),
        ..query()
    };
    time(
        store,
        report,
        &format!("{engine:?}: tag of 6 %, created_at desc"),
        tagged,
    )
    .await?;
    let watch = Stopwatch::start();
    let summary = store
        .key_summary(ORGANISATION, Timestamp::from_micros(NOW), Span::days(14))
        .await
        .map_err(failed)?;
    report.information(
        &format!("{engine:?}: summary of all keys"),
        watch.elapsed().as_secs_f64() * 1e3,
        None,
    );
    if summary.total != KEYS as i64 {
        return Err(Error::Unexpected(format!(
            "{} keys of {KEYS} were counted",
            summary.total
        )));
    }
    Ok(())
}

/// Reports the worst of the rounds beside their median.
async fn time(store: &Store, report: &mut Report, figure: &str, query: KeyQuery) -> Result<Page<Key>> {
    let mut times = Vec::new();
    let mut page = Page {
        items: Vec::new(),
        next_cursor: None,
    };
    for round in 0..ROUNDS + 2 {
        let watch = Stopwatch::start();
        page = store
            .keys(ORGANISATION, query.clone(), "bench")
            .await
            .map_err(failed)?;
        let ms = watch.elapsed().as_secs_f64() * 1e3;
        if round >= 2 {
            times.push(ms);
        }
        // What is hopeless is not waited for.
        if round >= 2 && ms > 10.0 * CEILING {
            times.push(ms);
            break;
        }
    }
    let worst = times.iter().copied().fold(0.0, f64::max);
    eprintln!(
        "{figure} ({}): median {:.1}, worst {worst:.1} ms",
        page.items.len(),
        median(times.clone())
    );
    let figure = format!("{figure} ({})", page.items.len());
    // Nothing that is known beforehand tells that all matches are at the far end of the order: shown, not promised.
    match figure.contains("unevenly") {
        true => report.information(&figure, worst, Some(median(times))),
        false => report.at_most(&figure, worst, Some(median(times)), CEILING),
    }
    Ok(page)
}
