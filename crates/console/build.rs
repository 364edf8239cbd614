//! Embeds what `npm run build` left in `console/dist`: each file as it is, and as `.br` and `.gz` where they lie beside it. Without
//! it the binary goes without a console and says so, unless `CONSOLE_REQUIRED=1` makes that an error.

use std::error::Error;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const HOW: &str = "build it with `npm install --no-save && npm run build` in the directory `console`";

fn main() -> Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../console/dist");
    println!("cargo::rerun-if-changed={}", root.display());
    println!("cargo::rerun-if-env-changed=CONSOLE_REQUIRED");
    let mut paths = Vec::new();
    if root.join("index.html").exists() {
        collect(&root, &root, &mut paths)?;
    } else if env::var("CONSOLE_REQUIRED").is_ok_and(|value| value == "1") {
        return Err(format!("there is no console to embed: {HOW}").into());
    } else {
        println!("cargo::warning=the binary goes without the web console; {HOW}");
    }
    paths.sort();
    let mut code = String::from("/// All files, by path.\npub static FILES: &[File] = &[\n");
    for path in &paths {
        entry(&root, path, &mut code)?;
    }
    code.push_str("];\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("files.rs"), code)?;
    Ok(())
}

/// The files that are asked for by name: not the compressed ones beside them, nor hidden ones.
fn collect(root: &Path, directory: &Path, paths: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, paths)?;
        } else if !name.ends_with(".br") && !name.ends_with(".gz") {
            let relative = path
                .strip_prefix(root)?
                .to_str()
                .ok_or("a name that is not UTF-8")?;
            paths.push(relative.replace('\\', "/"));
        }
    }
    Ok(())
}

fn entry(root: &Path, path: &str, code: &mut String) -> Result<()> {
    let file = root.join(path).canonicalize()?;
    let mut hasher = DefaultHasher::new();
    fs::read(&file)?.hash(&mut hasher);
    let beside = |end: &str| {
        let other = PathBuf::from(format!("{}{end}", file.display()));
        match other.exists() {
            true => format!("Some(include_bytes!({other:?}))"),
            false => "None".to_owned(),
        }
    };
    writeln!(
        code,
        "    File {{ path: {path:?}, kind: {kind:?}, tag: \"\\\"{tag:016x}\\\"\", immutable: {immutable}, plain: include_bytes!({file:?}), \
         gzip: {gzip}, brotli: {brotli} }},",
        kind = kind(path),
        tag = hasher.finish(),
        // Names under `assets/` hold a hash of what is in them.
        immutable = path.starts_with("assets/"),
        gzip = beside(".gz"),
        brotli = beside(".br"),
    )?;
    Ok(())
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
