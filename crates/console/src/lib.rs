//! The web console's files, as they were built, in the binary. A crate of its own, so that a new console compiles little else.

/// A file of the console.
#[derive(Debug)]
pub struct File {
    /// Where it lies, without a slash in front.
    pub path: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// A strong validator of what is in it, quoted.
    pub tag: &'static str,
    /// Whether its name changes with what is in it.
    pub immutable: bool,
    /// What is in it.
    pub plain: &'static [u8],
    /// The same in gzip, where that is smaller.
    pub gzip: Option<&'static [u8]>,
    /// The same in Brotli, where that is smaller.
    pub brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The file at a path, without a slash in front.
#[must_use]
pub fn find(path: &str) -> Option<&'static File> {
    let at = FILES.binary_search_by(|file| file.path.cmp(path)).ok()?;
    FILES.get(at)
}

/// The page that starts the console; none where the binary was built without it.
#[must_use]
pub fn index() -> Option<&'static File> {
    find("index.html")
}
