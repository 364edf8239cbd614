//! Text from a server is not trusted with the terminal: whoever names a key must not move the cursor of whoever lists it.

use std::borrow::Cow;
use std::time::Duration;

use domain::clock::Timestamp;

/// Whether a character acts on a terminal or hides or reorders what stands beside it: C0 and C1 controls, DEL, bidi marks
/// and overrides (<https://trojansource.codes>), zero-width and tag characters, line separators.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with such characters written as `\u{1b}`, `\n`, `\t`; all others as they are.
pub(crate) fn neutral(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) {
            out.extend(c.escape_default())
        } else {
            out.push(c)
        }
    }
    Cow::Owned(out)
}

/// JSON text with such characters as JSON's own escapes, so that it reads back the same. Line breaks between the values stay.
pub(crate) fn neutral_json(json: &str) -> Cow<'_, str> {
    let unsafe_here = |c: char| acts(c) && c != '\n';
    if !json.contains(unsafe_here) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if !unsafe_here(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    Cow::Owned(out)
}

/// An instant in words as seen from `now`: `3 min ago`, `in 30 d`, `just now`.
pub(crate) fn relative(now: Timestamp, then: Timestamp) -> String {
    let (span, future) = if then > now {
        (then.since(now), true)
    } else {
        (now.since(then), false)
    };
    // An end is named as it was given: what is 90 days from its making is 90 days off a minute later still.
    let span = if future {
        span + Duration::from_secs(60)
    } else {
        span
    };
    let Some(span) = rounded(span).filter(|_| span.as_secs() >= 120 || !future) else {
        return if future { "in a moment" } else { "just now" }.to_owned();
    };
    if future {
        format!("in {span}")
    } else {
        format!("{span} ago")
    }
}

/// The largest unit of which there is one; months are left out because they differ.
fn rounded(span: Duration) -> Option<String> {
    const UNITS: [(u64, &str); 4] = [(365 * 86_400, "y"), (86_400, "d"), (3_600, "h"), (60, "min")];
    let seconds = span.as_secs();
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| seconds >= *unit)?;
    // A year and a half is 547 days: years only where they are told apart well enough.
    if name == "y" && seconds < 2 * unit {
        return Some(format!("{} d", seconds / 86_400));
    }
    Some(format!("{} {name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_bidi_overrides_are_shown_not_obeyed() {
        assert_eq!(neutral("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(
            neutral("x\u{9b}31m\u{202e}y\u{7f}"),
            "x\\u{9b}31m\\u{202e}y\\u{7f}"
        );
        assert_eq!(neutral("one\ttwo\nthree"), "one\\ttwo\\nthree");
    }

    #[test]
    fn ordinary_text_of_any_script_is_untouched() {
        for text in ["Zürich – Köln", "日本語", "ключ", "👍🏽", "مفتاح"] {
            assert_eq!(neutral(text), text);
        }
    }

    #[test]
    fn neutral_json_reads_back_the_same() {
        let value = serde_json::json!({"name": "a\u{9b}31m\u{202e}\u{e0041}\u{7f}\u{1b}", "ok": "é"});
        let json = serde_json::to_string_pretty(&value).unwrap();
        let safe = neutral_json(&json);
        assert!(!safe.contains(|c| acts(c) && c != '\n'), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    #[test]
    fn times_are_words_seen_from_now() {
        let now = Timestamp::from_micros(1_000_000_000_000_000);
        let minutes = |n: u64| Duration::from_secs(60 * n);
        assert_eq!(relative(now, now), "just now");
        assert_eq!(relative(now, now.minus(minutes(3))), "3 min ago");
        assert_eq!(relative(now, now.plus(minutes(90))), "in 1 h");
        assert_eq!(relative(now, now.plus(minutes(60 * 24 * 366))), "in 366 d");
        assert_eq!(relative(now, now.minus(minutes(60 * 24 * 800))), "2 y ago");
    }
}
