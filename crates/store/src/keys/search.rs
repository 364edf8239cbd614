//! Searching by words inside a name, a description or a display form, quick at a million keys.
//!
//! Every word must be part of the text: LIKE says so on both engines. Trigram indexes find the keys that can match:
//! PostgreSQL's on its own, SQLite's by an expression made here.

/// Words that are searched for at the most; more are ignored.
const MAX_WORDS: usize = 8;
/// Trigrams of a word that are looked up at the most; they are rare enough together.
const MAX_TRIGRAMS: usize = 16;
/// Bytes of a word at the most: more than any name, description or display form has.
const LONGEST: usize = 10_000;

/// The words of a query in lower case. U+0000, which PostgreSQL refuses and no text holds, parts words as a space does.
pub(crate) fn words(query: &str) -> Vec<String> {
    query
        .to_lowercase()
        .split(|c: char| c.is_whitespace() || c == '\0')
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(str::to_owned)
        .collect()
}

/// A LIKE pattern for a text that holds `word`, escaped with `!`.
pub(crate) fn like(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len() + 2);
    pattern.push('%');
    for c in word.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The words as an FTS5 expression: trigrams that cover every word of three characters and more; none when there is no
/// such word. Those that overlap would find hardly fewer keys and cost three times as much.
pub(super) fn trigrams(words: &[String]) -> Option<String> {
    let mut terms = Vec::new();
    for word in words {
        let chars: Vec<char> = word.chars().collect();
        let last = chars.len().saturating_sub(3);
        for three in chars
            .windows(3)
            .enumerate()
            .filter(|(at, _)| at % 3 == 0 || *at == last)
            .map(|(_, three)| three)
            .take(MAX_TRIGRAMS)
        {
            let text: String = three.iter().collect();
            terms.push(format!("\"{}\"", text.replace('"', "\"\"")));
        }
    }
    terms.sort();
    terms.dedup();
    (!terms.is_empty()).then(|| terms.join(" AND "))
}

/// Whether any key can hold all the words: none is longer than the longest text, which also keeps within the engines'
/// limits for patterns.
pub(crate) fn can_match(words: &[String]) -> bool {
    words.iter().all(|word| word.len() <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_writes_is_never_a_pattern_or_an_expression() {
        assert_eq!(like("50%_off!"), "%50!%!_off!!%");
        assert_eq!(
            trigrams(&words("a\"b\" OR")),
            Some("\"\"\"b\"\"\" AND \"a\"\"b\"".to_owned())
        );
        assert_eq!(trigrams(&words("ab c")), None);
    }
}
