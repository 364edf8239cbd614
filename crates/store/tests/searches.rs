//! A search finds what a reader of every key would find: no less, no more, and the same on both engines.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use domain::clock::Timestamp;
use domain::id::KeyId;
use domain::key::Key;
use domain::page::Cursor;
use domain::span::Span;
use store::keys::{KeyQuery, KeySort, StatusFilter};
use store::testkit::{TestStore, sample_key, stores};

fn query(q: &str) -> KeyQuery {
    KeyQuery {
        now: Timestamp::from_micros(1_770_000_000_000_000),
        window: Span::days(14),
        status: StatusFilter::All,
        q: Some(q.to_owned()),
        sort: KeySort::Name,
        limit: 500,
        ..KeyQuery::default()
    }
}

const TEXTS: [(&str, &str); 22] = [
    ("SAP-ERP-Integration", "Moves orders to the ERP every night"),
    ("Billing Sync - QuickBooks", "for 90 days"),
    ("Monitoring - Grafana", "100% of all probes_and_checks!"),
    ("50% off!", "under_score and per%cent"),
    ("O'Reilly \"quoted\"", "it's \"both\" kinds"),
    ("OR AND NOT NEAR", "a NEAR/2 b OR c* ^d"),
    ("Ärzte Öffnung Über", "ÄÖÜ äöü ẞß"),
    ("İstanbul ISPARTA ıspanak", "Türkçe"),
    ("ΟΔΟΣ οδός", "Ελληνικά"),
    ("東京都 キー", "日本語の説明"),
    ("🔑🔑🔑 emoji", "👩‍👩‍👧‍👦"),
    ("a", "b"),
    ("ab", "cd"),
    ("abc", ""),
    ("back\\slash", "\\n \\% \\_"),
    ("semi; DROP TABLE keys; --", "/* comment */"),
    ("{curly} [square] (round)", "$1 $2 ?1 :name @x"),
    ("tab\tless", "line one\nline two"),
    ("col:umn -minus +plus", "text:abc"),
    ("aaaaaaa", "aaa"),
    ("café", "cafe\u{301}"),
    ("key_search", "text MATCH"),
];

const QUERIES: [&str; 74] = [
    "",
    " ",
    "a",
    "b",
    "z",
    "ab",
    "er",
    "abc",
    "erp",
    "sap",
    "SAP-ERP",
    "sap-erp-integration",
    "integration",
    "ntegratio",
    "orders",
    "night erp",
    "erp night missing",
    "billing quickbooks",
    "billing sync - quickbooks",
    "90",
    "%",
    "_",
    "!",
    "%%",
    "100%",
    "50% off!",
    "!!",
    "r_s",
    "r%c",
    "per%cent",
    "under_score",
    "checks!",
    "'",
    "\"",
    "\"\"",
    "\"quoted\"",
    "o'reilly",
    "it's \"both\"",
    "OR",
    "AND",
    "NOT",
    "NEAR",
    "NEAR/2",
    "NEAR(a b)",
    "c*",
    "^d",
    "abc*",
    "abc OR xyz",
    "*",
    "-minus",
    "col:umn",
    "text:abc",
    "{curly}",
    "[square]",
    "$1",
    "?1",
    ":name",
    "\\",
    "\\%",
    "back\\slash",
    "ÄÖÜ",
    "äöü",
    "ärzte öff",
    "ẞ",
    "ß",
    "東京",
    "東京都",
    "キー",
    "🔑",
    "🔑🔑🔑",
    "drop table",
    "/*",
    "aaaa",
    "caf",
];

async fn fill(stores: &[TestStore]) -> Vec<Key> {
    let organisation = stores[0].organisation;
    let keys: Vec<Key> = (1..)
        .zip(TEXTS)
        .map(|(number, (name, description))| Key {
            name: name.to_owned(),
            description: description.to_owned(),
            display: format!("sk_live_A{number:02}z…Yx{number:02}"),
            ..sample_key(organisation, number)
        })
        .collect();
    for store in stores {
        let own: Vec<Key> = keys
            .iter()
            .map(|key| Key {
                organisation: store.organisation,
                ..key.clone()
            })
            .collect();
        store.insert_all(&own).await;
    }
    keys
}

/// The rule once more, as a plain reading of every key.
fn holds(key: &Key, q: &str) -> bool {
    let text = format!("{}\n{}\n{}", key.name, key.description, key.display).to_lowercase();
    q.to_lowercase()
        .split_whitespace()
        .all(|word| text.contains(word))
}

async fn found(store: &TestStore, query: KeyQuery) -> Vec<KeyId> {
    let page = store.keys(store.organisation, query, "t").await.unwrap();
    page.items.iter().map(|key| key.id).collect()
}

async fn check(stores: &[TestStore], keys: &[Key], q: &str) {
    let mut wanted: Vec<&Key> = keys.iter().filter(|key| holds(key, q)).collect();
    wanted.sort_by_key(|key| (key.name.to_lowercase(), key.id));
    let wanted: Vec<KeyId> = wanted.iter().map(|key| key.id).collect();
    for store in stores {
        assert_eq!(found(store, query(q)).await, wanted, "{:?} {q:?}", store.engine());
    }
}

#[tokio::test]
async fn every_query_finds_what_a_plain_reading_finds() {
    let stores = stores().await;
    let keys = fill(&stores).await;
    for q in QUERIES {
        check(&stores, &keys, q).await;
    }
    // Every piece of every text, of one to five characters, finds its text.
    for (name, _) in TEXTS {
        let lower: Vec<char> = name.to_lowercase().chars().collect();
        for length in 1..=5 {
            for piece in lower.windows(length).step_by(3) {
                check(&stores, &keys, &piece.iter().collect::<String>()).await;
            }
        }
    }
}

#[tokio::test]
async fn a_display_form_is_found_by_any_part_of_it() {
    let stores = stores().await;
    let keys = fill(&stores).await;
    for q in [
        "sk_live_A07z…Yx07",
        "sk_live_a07",
        "A07z…",
        "…Yx07",
        "z…y",
        "…",
        "yx07",
        "sk_live_ yx07",
    ] {
        check(&stores, &keys, q).await;
        assert!(keys.iter().any(|key| holds(key, q)), "{q}");
    }
}

#[tokio::test]
async fn what_no_text_can_hold_is_found_nowhere_and_breaks_nothing() {
    let stores = stores().await;
    let keys = fill(&stores).await;
    let long = "x".repeat(60_000);
    let longest_word = "integration".repeat(300);
    let many_words = "a ".repeat(5_000);
    for store in &stores {
        for q in [
            &*long,
            &longest_word,
            "\0",
            "abc\0",
            "\0\0\0\0",
            "\u{1}\u{7f}",
            "\u{feff}",
        ] {
            assert_eq!(
                found(store, query(q)).await.len(),
                if q.contains('\0') { expected(&keys, q) } else { 0 },
                "{:?}",
                q.len()
            );
        }
        assert!(!found(store, query(&many_words)).await.is_empty());
        // Whose case is a matter of language: no promise but that it is an answer.
        for q in ["ıspanak", "İstanbul", "istanbul", "ISPARTA", "ΟΔΌΣ", "ﬀ", "ǅ"] {
            store.keys(store.organisation, query(q), "t").await.unwrap();
        }
    }
}

/// U+0000 parts words, as a space does.
fn expected(keys: &[Key], q: &str) -> usize {
    keys.iter()
        .filter(|key| holds(key, &q.replace('\0', " ")))
        .count()
}

#[tokio::test]
async fn a_search_pages_through_all_that_it_finds() {
    for store in stores().await {
        let keys: Vec<Key> = (1..=50)
            .map(|number| Key {
                name: format!("Shared name {}", number % 7),
                ..sample_key(store.organisation, number)
            })
            .collect();
        store.insert_all(&keys).await;
        for (_, sort) in KeySort::ALL {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let query = KeyQuery {
                    sort,
                    limit: 8,
                    after,
                    ..query("shared name")
                };
                let page = store.keys(store.organisation, query, "t").await.unwrap();
                seen.extend(page.items.iter().map(|key| key.id));
                let Some(cursor) = page.next_cursor else { break };
                after = Some(Cursor::decode(&cursor, "t").unwrap());
            }
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), 50);
        }
    }
}

/// More than the plans walk through before they give up, and more matches than they would fetch at once.
#[tokio::test]
async fn many_keys_that_are_all_at_the_other_end_are_found_in_order() {
    for store in stores().await {
        let key = |number: i64| Key {
            name: if number <= 13_000 {
                format!("Plain {number:06}")
            } else {
                format!("Zebra crossing {number:06}")
            },
            ..sample_key(store.organisation, number)
        };
        let keys: Vec<Key> = (1..=20_500).map(key).collect();
        for some in keys.chunks(2_000) {
            store.insert_all(some).await;
        }
        let names = async |descending: bool, q: &str| {
            let query = KeyQuery {
                limit: 20,
                descending,
                ..query(q)
            };
            let page = store.keys(store.organisation, query, "t").await.unwrap();
            page.items.into_iter().map(|key| key.name).collect::<Vec<_>>()
        };
        let expected: Vec<String> = (13_001..=13_020)
            .map(|number| format!("Zebra crossing {number:06}"))
            .collect();
        assert_eq!(names(false, "crossing").await, expected, "{:?}", store.engine());
        let expected: Vec<String> = (20_481..=20_500)
            .rev()
            .map(|number| format!("Zebra crossing {number:06}"))
            .collect();
        assert_eq!(names(true, "crossing").await, expected);
        let expected: Vec<String> = (12_981..=13_000)
            .rev()
            .map(|number| format!("Plain {number:06}"))
            .collect();
        assert_eq!(names(true, "plain").await, expected);
    }
}

#[tokio::test]
async fn a_search_follows_edits_and_erasures() {
    for store in stores().await {
        let organisation = store.organisation;
        let named = |name: &str, number| Key {
            name: name.to_owned(),
            ..sample_key(organisation, number)
        };
        let key = store.insert(&named("Northwind export", 1)).await;
        let other = store.insert(&named("Northwind import", 2)).await;
        assert_eq!(found(&store, query("northwind")).await.len(), 2);

        let mut edited = Key {
            name: "Southgate".to_owned(),
            description: "export of reports".to_owned(),
            ..key.clone()
        };
        let edited = store
            .change(async move |tx| {
                tx.update_key(&key, &mut edited).await?;
                Ok(edited)
            })
            .await;
        assert_eq!(found(&store, query("northwind")).await, [other.id]);
        assert_eq!(found(&store, query("southgate")).await, [edited.id]);
        assert_eq!(found(&store, query("southgate reports")).await, [edited.id]);

        let mut rotated = Key {
            display: "sk_live_newA…newB".to_owned(),
            ..edited.clone()
        };
        let rotated = store
            .change(async move |tx| {
                tx.update_key(&edited, &mut rotated).await?;
                Ok(rotated)
            })
            .await;
        assert!(found(&store, query("live_0001")).await.is_empty());
        assert_eq!(found(&store, query("newa…newb")).await, [rotated.id]);

        let gone = rotated.id;
        store
            .change(async move |tx| tx.erase_key(organisation, gone).await)
            .await;
        assert!(found(&store, query("southgate")).await.is_empty());
        // A key that takes the place of the erased one in the table does not take over its words.
        store.insert(&named("Fresh", 3)).await;
        assert!(found(&store, query("southgate")).await.is_empty());
        assert_eq!(found(&store, query("fresh")).await.len(), 1);
    }
}

#[tokio::test]
async fn a_search_that_failed_half_way_is_not_in_the_index() {
    for store in stores().await {
        let key = Key {
            name: "Phantom".to_owned(),
            ..sample_key(store.organisation, 1)
        };
        let failed = store
            .write::<(), store::StoreError, _>(async move |tx| {
                tx.insert_key(&key).await?;
                Err(store::StoreError::RowMissing)
            })
            .await;
        failed.unwrap_err();
        store.insert(&sample_key(store.organisation, 1)).await;
        assert!(found(&store, query("phantom")).await.is_empty());
    }
}
