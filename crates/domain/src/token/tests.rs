//! The promises of tokens as a whole: made, shown, presented, refused.

use proptest::prelude::*;

use super::*;
use crate::secret::Digest;

/// A seeded generator (SplitMix64, Steele et al. 2014), so that a failing run can be repeated.
struct Seeded(std::sync::atomic::AtomicU64);

impl Seeded {
    fn new(seed: u64) -> Self {
        Self(std::sync::atomic::AtomicU64::new(seed))
    }
}

impl Random for Seeded {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let step = 0x9e37_79b9_7f4a_7c15;
            let state = self.0.fetch_add(step, std::sync::atomic::Ordering::Relaxed);
            let mut z = state.wrapping_add(step);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

fn shapes() -> impl Strategy<Value = TokenShape> {
    ("[a-z0-9][a-z0-9_]{0,22}[a-z0-9]", 40_u16..=128)
        .prop_filter_map("too little entropy", |(prefix, length)| {
            TokenShape::new(Prefix::new(prefix).ok()?, length).ok()
        })
}

proptest! {
    #[test]
    fn every_generated_token_is_presented_whole_and_checks(shape in shapes(), seed: u64) {
        let token = Token::generate(&shape, &Seeded::new(seed));
        let seen = Presented::parse(token.expose().as_bytes()).unwrap();
        prop_assert_eq!(seen.expose(), token.expose());
        prop_assert_eq!(seen.expose().len(), usize::from(shape.length()));
        prop_assert_eq!(seen.prefix(), shape.prefix().as_str());
        prop_assert!(seen.is_claviger_shaped() && seen.has_valid_checksum());
        prop_assert!(token.as_presented().has_valid_checksum());

        let body = seen.expose().strip_prefix(shape.prefix().as_str()).unwrap().strip_prefix('_').unwrap();
        let expected = format!("{}_{}…{}", shape.prefix(), &body[..4], &body[body.len() - 4..]);
        let shown = seen.display();
        prop_assert_eq!(shown.as_str(), expected);
    }

    #[test]
    fn any_single_changed_character_breaks_the_checksum(seed: u64, at in 0_usize..46, with in 0x21_u8..0x7f) {
        let token = Token::generate(&TokenShape::default(), &Seeded::new(seed));
        let mut bytes = token.expose().as_bytes().to_vec();
        prop_assume!(bytes[at] != with);
        bytes[at] = with;
        prop_assert!(!Presented::parse(&bytes).unwrap().has_valid_checksum());
    }

    #[test]
    fn no_bytes_break_the_parser_and_only_plain_text_passes(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        promise(&bytes);
    }

    #[test]
    fn nearly_good_bytes_pass_only_when_good(text in "[ \\t]{0,2}[a-zA-Z0-9_\\x00\\x7f é]{0,60}[ \\n]{0,2}") {
        promise(text.as_bytes());
    }

    #[test]
    fn the_prefix_ends_at_the_last_underscore(text in "[!-~_^`]{1,40}", more in "[_`^a]{1,40}") {
        for text in [text, more] {
            let expected = text.rsplit_once('_').map_or("", |(before, _)| before);
            prop_assert_eq!(Presented::parse(text.as_bytes()).unwrap().prefix(), expected);
        }
    }

    #[test]
    fn a_foreign_token_shows_at_most_what_leaves_24_characters_hidden(text in "[!-~]{1,512}") {
        let shown = Presented::parse(text.as_bytes()).unwrap().display();
        let visible = shown.as_str().chars().count() - 1;
        prop_assert!(visible == 0 || text.len() - visible >= 24, "{} of {}", visible, text.len());
    }
}

/// What holds of any input whatever.
fn promise(bytes: &[u8]) {
    let trimmed = bytes.trim_ascii();
    let good = (1..=MAX_PRESENTED).contains(&trimmed.len()) && trimmed.iter().all(u8::is_ascii_graphic);
    match Presented::parse(bytes) {
        Ok(seen) => {
            assert!(good);
            assert_eq!(seen.expose().as_bytes(), trimmed);
            assert_eq!(seen.to_token().expose(), seen.expose());
            assert!(seen.expose().starts_with(seen.prefix()));
            let _ = (seen.has_valid_checksum(), seen.display());
        }
        Err(_) => assert!(!good),
    }
}

#[test]
fn hostile_input_is_refused_with_the_right_reason() {
    let megabyte = vec![b'a'; 1 << 20];
    let long = vec![b'a'; 513];
    let cases: [(&[u8], TokenError); 14] = [
        (b"", TokenError::Empty),
        (b" \t\r\n", TokenError::Empty),
        (&megabyte, TokenError::TooLong),
        (&long, TokenError::TooLong),
        (b"sk_live_\0abc", TokenError::Control),
        (b"\0", TokenError::Control),
        (b"sk_live_abc\x7f", TokenError::Control),
        (b"sk_live_\x0babc", TokenError::Control),
        (b"sk_live\tabc", TokenError::InnerSpace),
        (b"sk_live abc", TokenError::InnerSpace),
        (b"sk_live\r\nX-Admin:1", TokenError::InnerSpace),
        ("sk_live_\u{430}bc".as_bytes(), TokenError::NotAscii),
        ("sk\u{ff3f}live".as_bytes(), TokenError::NotAscii),
        (b"\xff\xfe", TokenError::NotAscii),
    ];
    for (bytes, expected) in cases {
        assert_eq!(Presented::parse(bytes).err(), Some(expected));
    }
}

#[test]
fn a_longest_token_passes_with_white_space_round_it() {
    let padded = [b"  ".as_slice(), &[b'a'; 512], b"\r\n"].concat();
    assert_eq!(Presented::parse(&padded).unwrap().expose().len(), 512);
}

#[test]
fn what_we_did_not_make_is_not_taken_for_ours() {
    let token = Token::generate(&TokenShape::default(), &Seeded::new(1));
    let body = token.as_presented().body().to_owned();
    for text in [
        "_".to_owned(),
        "___".to_owned(),
        body.clone(),
        format!("_{body}"),
        format!("sk_test_{body}"),
        format!("SK_LIVE_{body}"),
        format!("sk-live_{body}"),
        format!("sk_live__{body}"),
        format!("sk_live_{}", body.replace(|c: char| c.is_ascii_digit(), "-")),
        token.expose().to_ascii_lowercase(),
        format!("{}x", token.expose()),
        token.expose()[..45].to_owned(),
    ] {
        assert!(
            !Presented::parse(text.as_bytes()).unwrap().has_valid_checksum(),
            "{text}"
        );
    }
    assert_eq!(Presented::parse(b"_").unwrap().prefix(), "");
    assert_eq!(Presented::parse(b"plain").unwrap().prefix(), "");
}

#[test]
fn a_token_worked_out_elsewhere_checks() {
    let seen = Presented::parse(b"sk_live_k3J9f0aZQw7RtY2uBn5Lx8VcMd1Hs6Pe3DiCom").unwrap();
    assert!(seen.has_valid_checksum());
    assert_eq!(seen.display().as_str(), "sk_live_k3J9…iCom");
}

#[test]
fn short_foreign_tokens_show_less() {
    let shown = |length: usize| {
        let text = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"[..length].to_owned();
        Presented::parse(text.as_bytes())
            .unwrap()
            .display()
            .as_str()
            .to_owned()
    };
    assert_eq!(shown(36), "abcd…GHIJ");
    assert_eq!(shown(32), "abcd…CDEF");
    assert_eq!(shown(31), "abc…CDE");
    assert_eq!(shown(26), "a…z");
    assert_eq!(shown(25), "…");
    assert_eq!(shown(1), "…");
    assert_eq!(
        DisplayForm::of_hash(&Digest::from_bytes([0xab; 32])).as_str(),
        "sha256:abababab"
    );
}

/// Pearson's chi-square over a million digits. With 61 degrees of freedom 120.6 is passed once in 100 000 fair runs;
/// wrapping 62 and 63 round to 0 and 1 would score about 30 000.
#[test]
fn base62_digits_are_uniform() {
    let random = Seeded::new(42);
    let mut text = String::new();
    push_entropy(&mut text, 1_000_000, &random);
    let expected = text.len() as f64 / 62.0;
    let score: f64 = base62::ALPHABET
        .iter()
        .map(|digit| text.bytes().filter(|byte| byte == digit).count() as f64 - expected)
        .map(|difference| difference * difference / expected)
        .sum();
    assert!(score < 120.6, "chi-square {score}");
}

#[test]
fn nothing_that_prints_a_token_type_prints_the_token() {
    let token = Token::generate(&TokenShape::default(), &Seeded::new(7));
    let seen = token.as_presented();
    for printed in [
        format!("{token:?}"),
        format!("{token}"),
        format!("{seen:?}"),
        format!("{token:#?}"),
    ] {
        assert!(printed.contains("redacted"));
        assert!(!printed.contains(&token.expose()[8..14]), "{printed}");
    }
}
