//! One server for each data directory.

use store::lock::{DirectoryLock, LockError};

#[test]
fn a_directory_has_one_holder_who_is_named_until_it_lets_go() {
    let directory = tempfile::tempdir().unwrap();
    let held = DirectoryLock::acquire(directory.path()).unwrap();
    match DirectoryLock::acquire(directory.path()) {
        Err(LockError::Held { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    drop(held);
    drop(DirectoryLock::acquire(directory.path()).unwrap());
    let missing = directory.path().join("missing");
    assert!(matches!(
        DirectoryLock::acquire(&missing),
        Err(LockError::Io { .. })
    ));
}
