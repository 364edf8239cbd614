//! What is sent again and again: one request, with a token of many in it.

/// Requests that differ in their token alone. They are put together as they are sent, so that a million of them need no memory.
pub struct Requests {
    head: String,
    /// Before and after the token, in the body or in the head.
    around: (String, String),
    in_body: bool,
    tokens: Vec<String>,
    /// What the body of an answer begins with that was wanted.
    wanted: &'static str,
}

/// They hold tokens.
impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Requests")
            .field("tokens", &self.tokens.len())
            .finish_non_exhaustive()
    }
}

impl Requests {
    /// `POST path` with a JSON body: `before`, a token, `after`. An answer is wanted if it is 200 and its body begins with `wanted`.
    pub fn post(
        host: &str,
        path: &str,
        around: (&str, &str),
        wanted: &'static str,
        tokens: Vec<String>,
    ) -> Self {
        Self {
            head: format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"),
            around: (around.0.to_owned(), around.1.to_owned()),
            in_body: true,
            tokens,
            wanted,
        }
    }

    /// `GET path` with these headers, and a token in the header `name`. An answer is wanted if it is 200.
    pub fn get(host: &str, path: &str, headers: &[(&str, &str)], name: &str, tokens: Vec<String>) -> Self {
        let mut head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        Self {
            head,
            around: (format!("{name}: "), "\r\n\r\n".to_owned()),
            in_body: false,
            tokens,
            wanted: "",
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    pub(crate) fn write(&self, number: usize, out: &mut Vec<u8>) {
        use std::io::Write as _;
        let token = self.tokens[number].as_bytes();
        let (before, after) = (self.around.0.as_bytes(), self.around.1.as_bytes());
        out.clear();
        out.extend_from_slice(self.head.as_bytes());
        if self.in_body {
            let length = before.len() + token.len() + after.len();
            // Writing to a Vec cannot fail.
            let _ = write!(out, "Content-Length: {length}\r\n\r\n");
        }
        out.extend_from_slice(before);
        out.extend_from_slice(token);
        out.extend_from_slice(after);
    }

    pub(crate) fn wants(&self, status: u16, body: &[u8]) -> bool {
        status == 200 && body.starts_with(self.wanted.as_bytes())
    }
}
