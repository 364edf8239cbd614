//! A requirement comes from routes that people write: what is parsed must mean the same when it is written out and read again.
#![no_main]

use domain::access::Requirement;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(read) = text.parse::<Requirement>() else {
        return;
    };
    let written = read.to_string();
    let Ok(again) = written.parse::<Requirement>() else {
        panic!("{text:?} was written as {written:?}, which cannot be read");
    };
    assert_eq!(again.to_string(), written);
});
