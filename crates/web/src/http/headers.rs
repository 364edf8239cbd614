//! The headers of a request, however they were read: by hyper into a map, or on the lean path, where they stand one after the
//! other as they came.

use ::http::HeaderMap;
use ::http::header::{HeaderName, HeaderValue};

/// Where a request's headers stand.
pub trait Headers {
    /// The values of a header, in the order in which they came.
    fn all(&self, name: &'static HeaderName) -> impl DoubleEndedIterator<Item = &[u8]>;

    /// The first of them.
    fn first(&self, name: &'static HeaderName) -> Option<&[u8]> {
        self.all(name).next()
    }
}

impl Headers for HeaderMap {
    fn all(&self, name: &'static HeaderName) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.get_all(name).iter().map(HeaderValue::as_bytes)
    }
}

impl Headers for [httparse::Header<'_>] {
    fn all(&self, name: &'static HeaderName) -> impl DoubleEndedIterator<Item = &[u8]> {
        let name = name.as_str();
        let named = move |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case(name);
        self.iter().filter(named).map(|header| header.value)
    }
}

/// A value as text, if it is visible ASCII.
pub fn readable(value: &[u8]) -> Option<&str> {
    let visible = |byte: &u8| (b' '..0x7f).contains(byte) || *byte == b'\t';
    value
        .iter()
        .all(visible)
        .then(|| std::str::from_utf8(value).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    static NAME: HeaderName = HeaderName::from_static("x-sample");

    #[test]
    fn a_list_and_a_map_say_the_same() {
        let said: [(&str, &[u8]); 4] = [
            ("X-Sample", b"one"),
            ("x-other", b"two"),
            ("x-sample", b"\xffthree"),
            ("X-SAMPLE", b""),
        ];
        let list = said.map(|(name, value)| httparse::Header { name, value });
        let map_of = |map: HeaderMap| -> Vec<Vec<u8>> { map.all(&NAME).map(<[u8]>::to_vec).collect() };
        let mut map = HeaderMap::new();
        for (name, value) in said {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            map.append(name, HeaderValue::from_bytes(value).expect("a value"));
        }
        let listed: Vec<Vec<u8>> = list.as_slice().all(&NAME).map(<[u8]>::to_vec).collect();
        assert_eq!(listed, map_of(map));
        assert_eq!(listed.len(), 3);
    }

    #[test]
    fn what_a_map_reads_as_text_is_readable() {
        for value in [&b"a b"[..], b"a\tb", b"\xff", b"\x7f", "é".as_bytes(), b""] {
            let told = HeaderValue::from_bytes(value)
                .ok()
                .and_then(|value| value.to_str().map(str::to_owned).ok());
            assert_eq!(readable(value), told.as_deref(), "{value:?}");
        }
    }
}
