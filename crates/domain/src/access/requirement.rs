//! Requirements ask: `customers:view`, `a:b AND c:d`, `a:b OR (c:d AND e:f)`.
//!
//! The text is evaluated while it is read, so that a verification builds no tree and allocates nothing. AND binds tighter
//! than OR. The whole text is always read, so that an ill-formed requirement is an error whatever is granted.

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;

use super::pattern::check_name;
use super::{Grants, MAX_PERMISSION};

/// The longest requirement, in bytes.
const MAX_LENGTH: usize = 4096;
/// The deepest nesting of parentheses.
const MAX_DEPTH: u32 = 32;

/// Why a text is not a requirement; `at` counts bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// Nothing where a permission was expected.
    #[error("expected a permission or '(' at position {at}")]
    Expected {
        /// Where.
        at: usize,
    },
    /// A permission that is none.
    #[error("expected a permission such as customers:view at position {at} (no wildcards in a requirement)")]
    Permission {
        /// Where.
        at: usize,
    },
    /// A parenthesis without its partner, or words after the end.
    #[error("expected AND, OR, ')' or the end at position {at}")]
    Trailing {
        /// Where.
        at: usize,
    },
    /// Too long or nested too deeply.
    #[error("a requirement has at most {MAX_LENGTH} characters and {MAX_DEPTH} levels of parentheses")]
    TooLarge,
}

/// Whether grants meet a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// They do.
    Met,
    /// They do not; the smallest clause that decides so.
    Missing(&'a str),
}

/// Whoever holds permissions.
pub trait Holder {
    /// Whether the permission `resource:action` is held.
    fn holds(&self, resource: &str, action: &str) -> bool;
}

impl Holder for Grants {
    fn holds(&self, resource: &str, action: &str) -> bool {
        self.allow(resource, action)
    }
}

/// A well-formed requirement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Requirement(Box<str>);

impl Requirement {
    /// Evaluates `text` for `holder` without keeping anything.
    ///
    /// # Errors
    /// When the text is not a requirement.
    pub fn check<'a>(text: &'a str, holder: &impl Holder) -> Result<Verdict<'a>, RequirementError> {
        if text.len() > MAX_LENGTH {
            return Err(RequirementError::TooLarge);
        }
        let mut reader = Reader { text, at: 0, holder };
        let verdict = reader.any(0)?;
        reader.skip_space();
        if reader.at < text.len() {
            return Err(RequirementError::Trailing { at: reader.at });
        }
        Ok(verdict)
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Every permission that it names, in the order of the text, without repeats.
    pub fn permissions(&self) -> Vec<String> {
        let names = Names::default();
        // It was well-formed when it was made.
        let _ = Self::check(&self.0, &names);
        names.0.into_inner()
    }
}

/// A requirement that was read and not yet held against anybody: what can be done of a decision while one waits to learn whose
/// it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Required<'a> {
    text: &'a str,
    /// Where the colon is of a single permission, which is what nearly all requirements are.
    colon: Option<usize>,
}

impl<'a> Required<'a> {
    /// Reads it without keeping anything.
    ///
    /// # Errors
    /// When the text is not a requirement.
    #[inline]
    pub fn read(text: &'a str) -> Result<Self, RequirementError> {
        let colon = single(text);
        if colon.is_none() {
            Requirement::check(text, &Grants::default())?;
        }
        Ok(Self { text, colon })
    }

    /// Whether `holder` meets it.
    #[inline]
    pub fn verdict(&self, holder: &impl Holder) -> Verdict<'a> {
        let Some(colon) = self.colon else {
            // It was well-formed when it was read.
            return Requirement::check(self.text, holder).unwrap_or(Verdict::Missing(self.text));
        };
        if holder.holds(&self.text[..colon], &self.text[colon + 1..]) {
            Verdict::Met
        } else {
            Verdict::Missing(self.text)
        }
    }
}

/// Where the colon is, if the text is one permission and nothing else. What is none is left to the reader, which knows why.
#[inline]
fn single(text: &str) -> Option<usize> {
    if text.len() > MAX_PERMISSION {
        return None;
    }
    let (resource, action) = text.split_once(':')?;
    let good = check_name(resource).is_ok() && check_name(action).is_ok();
    good.then_some(resource.len())
}

/// Holds nothing, and notes what it is asked for.
#[derive(Default)]
struct Names(RefCell<Vec<String>>);

impl Holder for Names {
    fn holds(&self, resource: &str, action: &str) -> bool {
        let name = format!("{resource}:{action}");
        let mut names = self.0.borrow_mut();
        if !names.contains(&name) {
            names.push(name);
        }
        false
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, RequirementError> {
        let text = text.trim();
        Self::check(text, &Grants::default())?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

struct Reader<'a, 'h, H> {
    text: &'a str,
    at: usize,
    holder: &'h H,
}

impl<'a, H: Holder> Reader<'a, '_, H> {
    /// `all (OR all)*`; what is missing from an OR is the whole of it.
    fn any(&mut self, depth: u32) -> Result<Verdict<'a>, RequirementError> {
        self.skip_space();
        let start = self.at;
        let mut verdict = self.all(depth)?;
        while self.word("OR") {
            let other = self.all(depth)?;
            verdict = match (verdict, other) {
                (Verdict::Met, _) | (_, Verdict::Met) => Verdict::Met,
                _ => Verdict::Missing(&self.text[start..self.at]),
            };
        }
        Ok(verdict)
    }

    /// `one (AND one)*`; what is missing from an AND is its first clause that fails.
    fn all(&mut self, depth: u32) -> Result<Verdict<'a>, RequirementError> {
        let mut verdict = self.one(depth)?;
        while self.word("AND") {
            let other = self.one(depth)?;
            if verdict == Verdict::Met {
                verdict = other;
            }
        }
        Ok(verdict)
    }

    fn one(&mut self, depth: u32) -> Result<Verdict<'a>, RequirementError> {
        self.skip_space();
        if self.text[self.at..].starts_with('(') {
            if depth == MAX_DEPTH {
                return Err(RequirementError::TooLarge);
            }
            self.at += 1;
            let verdict = self.any(depth + 1)?;
            self.skip_space();
            if !self.text[self.at..].starts_with(')') {
                return Err(RequirementError::Trailing { at: self.at });
            }
            self.at += 1;
            return Ok(verdict);
        }
        self.permission()
    }

    fn permission(&mut self) -> Result<Verdict<'a>, RequirementError> {
        let at = self.at;
        let rest = &self.text[at..];
        let end = rest.find([' ', '\t', '(', ')']).unwrap_or(rest.len());
        if end == 0 {
            return Err(RequirementError::Expected { at });
        }
        let word = &rest[..end];
        let (resource, action) = word.split_once(':').ok_or(RequirementError::Permission { at })?;
        if word.len() > MAX_PERMISSION || check_name(resource).is_err() || check_name(action).is_err() {
            return Err(RequirementError::Permission { at });
        }
        self.at += end;
        if self.holder.holds(resource, action) {
            Ok(Verdict::Met)
        } else {
            Ok(Verdict::Missing(word))
        }
    }

    /// Eats `AND` or `OR`, in any case, where it stands next as a word of its own.
    fn word(&mut self, word: &str) -> bool {
        self.skip_space();
        let rest = &self.text.as_bytes()[self.at..];
        let stands_alone = rest
            .get(word.len())
            .is_none_or(|next| matches!(next, b' ' | b'\t' | b'('));
        if stands_alone
            && rest
                .get(..word.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
        {
            self.at += word.len();
            return true;
        }
        false
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grants(patterns: &[&str]) -> Grants {
        patterns
            .iter()
            .map(|p| p.parse().unwrap_or_else(|e| panic!("{p}: {e}")))
            .collect()
    }

    #[test]
    fn a_refusal_names_the_clause_that_failed() {
        let held = grants(&["a:view"]);
        let missing = |text| Requirement::check(text, &held);
        assert_eq!(missing("a:view AND b:edit"), Ok(Verdict::Missing("b:edit")));
        assert_eq!(
            missing("a:view AND (b:edit OR c:edit)"),
            Ok(Verdict::Missing("b:edit OR c:edit"))
        );
        assert_eq!(missing("b:edit OR a:view"), Ok(Verdict::Met));
        assert_eq!(
            missing("x:y OR a:view AND b:edit"),
            Ok(Verdict::Missing("x:y OR a:view AND b:edit"))
        );
    }

    #[test]
    fn an_ill_formed_requirement_is_an_error_whatever_is_granted() {
        let held = Grants::everything();
        let deep = format!("{}a:b{}", "(".repeat(40), ")".repeat(40));
        let long = "a:b OR ".repeat(700) + "a:b";
        for text in [
            "",
            " ",
            "()",
            "a",
            "a:b AND",
            "AND a:b",
            "a:b OR OR c:d",
            "(a:b",
            "a:b)",
            "a:b c:d",
            "a:*",
            "*",
            "A:b",
            "a:b;c:d",
            "a:b\nAND c:d",
            "ä:b",
            "a:b AND(",
            "a:b\0",
            &deep,
            &long,
        ] {
            assert!(Requirement::check(text, &held).is_err(), "{text:?}");
        }
    }

    /// A tree to compare the reader with.
    #[derive(Debug, Clone)]
    enum Tree {
        Leaf(u8),
        And(Vec<Tree>),
        Or(Vec<Tree>),
    }

    impl Tree {
        fn text(&self) -> String {
            let join = |parts: &[Tree], word: &str| {
                let inner: Vec<String> = parts.iter().map(Tree::text).collect();
                format!("({})", inner.join(word))
            };
            match self {
                Self::Leaf(n) => format!("r{n}:act"),
                Self::And(parts) => join(parts, " AND "),
                Self::Or(parts) => join(parts, " or "),
            }
        }

        fn met(&self, held: u8) -> bool {
            match self {
                Self::Leaf(n) => held & (1 << n) != 0,
                Self::And(parts) => parts.iter().all(|p| p.met(held)),
                Self::Or(parts) => parts.iter().any(|p| p.met(held)),
            }
        }
    }

    fn tree() -> impl Strategy<Value = Tree> {
        (0_u8..8).prop_map(Tree::Leaf).prop_recursive(5, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::And),
                prop::collection::vec(inner, 1..4).prop_map(Tree::Or),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_reader_agrees_with_a_tree(tree in tree(), held: u8) {
            let patterns: Vec<String> = (0..8).filter(|n| held & (1 << n) != 0).map(|n| format!("r{n}:*")).collect();
            let held_patterns = grants(&patterns.iter().map(String::as_str).collect::<Vec<_>>());
            let text = tree.text();
            let verdict = Requirement::check(&text, &held_patterns).map(|v| v == Verdict::Met);
            prop_assert_eq!(verdict, Ok(tree.met(held)));
        }

        #[test]
        fn what_is_read_first_and_judged_later_is_judged_alike(
            tree in tree(), held: u8, noise in "[r0-7:act. ()ANDOR*]{0,12}",
        ) {
            let patterns: Vec<String> = (0..8).filter(|n| held & (1 << n) != 0).map(|n| format!("r{n}:*")).collect();
            let held = grants(&patterns.iter().map(String::as_str).collect::<Vec<_>>());
            for text in [tree.text(), noise.clone(), format!("r1:{noise}")] {
                let later = Required::read(&text).map(|required| required.verdict(&held));
                prop_assert_eq!(later, Requirement::check(&text, &held));
            }
        }

        #[test]
        fn the_clause_that_is_missing_is_itself_a_requirement_that_fails(tree in tree(), held: u8) {
            let patterns: Vec<String> = (0..8).filter(|n| held & (1 << n) != 0).map(|n| format!("r{n}:*")).collect();
            let held_patterns = grants(&patterns.iter().map(String::as_str).collect::<Vec<_>>());
            let text = tree.text();
            if let Ok(Verdict::Missing(clause)) = Requirement::check(&text, &held_patterns) {
                prop_assert!(matches!(Requirement::check(clause, &held_patterns), Ok(Verdict::Missing(_))), "{}", clause);
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[a-c:. ()ANDOR\t*\\PC]{0,60}") {
            if let Ok(requirement) = text.parse::<Requirement>() {
                prop_assert_eq!(requirement.to_string().parse::<Requirement>(), Ok(requirement));
            }
        }
    }
}
