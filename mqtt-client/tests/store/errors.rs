//! A store that can't be used says why, and is left as it is.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use mqtt_client::store::{Change, Damage, Disk, DiskError, Store, StoreError};
use mqtt_client::{Error, QoS, connect};
use mqtt_codec::PacketId;

use crate::broker::Folder;
use crate::{message, nowhere, options, store};

/// The error of a client on this store.
async fn refused(client_id: &str, directory: &Path) -> Error {
    connect(options(client_id, directory, nowhere)).await.unwrap_err()
}

#[track_caller]
fn cause(error: &StoreError) -> &DiskError {
    error.get_ref().downcast_ref().unwrap()
}

/// A store with one message, and where its log has it.
fn filled() -> (Folder, u64) {
    let folder = Folder::new();
    let mut disk = Disk::open(store(&folder)).unwrap();
    disk.load("a").unwrap();
    let begin = std::fs::metadata(store(&folder).join("session.log")).unwrap().len();
    let message = message(0, QoS::ExactlyOnce);
    disk.commit(&[Change::Accepted { number: 0, packet_id: None, message }]).unwrap();
    (folder, begin)
}

#[test]
fn one_that_is_in_use_says_so() {
    let (folder, _) = filled();
    let first = Disk::open(store(&folder)).unwrap();
    let error = Disk::open(store(&folder)).unwrap_err();
    assert!(matches!(&error, DiskError::Locked { directory } if *directory == store(&folder)), "{error:?}");
    assert!(error.to_string().ends_with("store is in use by another client"), "{error}");
    drop(first);
    assert_eq!(Disk::open(store(&folder)).unwrap().load("a").unwrap().outgoing.len(), 1);
}

const DIRECTORY: &str = "MQTT_TEST_LOCKED";

/// The process that has the store in the test below.
#[test]
#[ignore = "the test below runs it"]
fn another_process_has_it() {
    let _store = Disk::open(std::env::var_os(DIRECTORY).unwrap()).unwrap();
    eprintln!("open");
    std::io::stdin().read_exact(&mut [0]).unwrap();
}

#[test]
fn one_that_another_process_has_is_free_when_that_is_killed() {
    let (folder, _) = filled();
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "errors::another_process_has_it", "--ignored", "--nocapture"])
        .env(DIRECTORY, store(&folder))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "open\n");
    let error = Disk::open(store(&folder)).unwrap_err();
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(matches!(error, DiskError::Locked { .. }), "{error:?}");
    assert_eq!(Disk::open(store(&folder)).unwrap().load("a").unwrap().outgoing.len(), 1);
}

#[tokio::test]
async fn one_of_another_client_says_whose_it_is() {
    let (folder, _) = filled();
    let error = refused("b", &store(&folder)).await;
    assert!(error.is_permanent());
    let Error::Store(cause_of) = &error else { panic!("{error:?}") };
    let DiskError::OtherClient { stored, asked, .. } = cause(cause_of) else { panic!("{error:?}") };
    assert_eq!((&**stored, &**asked), ("a", "b"));
    assert!(error.to_string().contains(r#"keeps the session of client "a", not of "b""#), "{error}");
    assert_eq!(Disk::open(store(&folder)).unwrap().load("a").unwrap().outgoing.len(), 1);
}

#[tokio::test]
async fn one_that_is_damaged_says_where_and_is_not_touched() {
    let (folder, begin) = filled();
    let path = store(&folder).join("session.log");
    let good = std::fs::read(&path).unwrap();
    for (at, expected) in [
        (0, Damage::NoLog),
        (11, Damage::Header),
        (14, Damage::Header),
        (good.len() - 10, Damage::Changed { at: begin }),
    ] {
        let mut damaged = good.clone();
        damaged[at] ^= 2;
        std::fs::write(&path, &damaged).unwrap();
        let error = refused("a", &store(&folder)).await;
        let Error::Store(cause_of) = &error else { panic!("{error:?}") };
        let DiskError::Damaged { damage, path: named } = cause(cause_of) else { panic!("{error:?}") };
        assert_eq!((*damage, named), (expected, &path));
        assert!(error.to_string().contains("session.log is damaged"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), damaged);
    }
    std::fs::write(&path, &good).unwrap();
    assert_eq!(Disk::open(store(&folder)).unwrap().load("a").unwrap().outgoing.len(), 1);
}

/// The same log with this version in its header, and the checksum that it has then.
fn with_version(log: &[u8], version: u8) -> Vec<u8> {
    // Behind a Client Identifier of one byte.
    const END: usize = 15;
    let mut changed = log.to_vec();
    changed[11] = version;
    let checksum = crc32fast::hash(&changed[..END]);
    changed[END..END + 4].copy_from_slice(&checksum.to_be_bytes());
    changed
}

#[tokio::test]
async fn one_of_a_later_version_says_so_and_is_not_touched() {
    let (folder, _) = filled();
    let path = store(&folder).join("session.log");
    let good = std::fs::read(&path).unwrap();
    assert_eq!(with_version(&good, good[11]), good, "this is where they are");
    for version in [good[11] + 1, 255] {
        let newer = with_version(&good, version);
        std::fs::write(&path, &newer).unwrap();
        let error = refused("a", &store(&folder)).await;
        let Error::Store(cause_of) = &error else { panic!("{error:?}") };
        let DiskError::Newer { version: told, known: 2, path: named } = cause(cause_of) else {
            panic!("{error:?}")
        };
        assert_eq!((*told, named), (u32::from(version), &path));
        let text = error.to_string();
        assert!(text.contains("a later one wrote it") && !text.contains("damaged"), "{text}");
        assert_eq!(std::fs::read(&path).unwrap(), newer);
    }
}

#[test]
fn one_of_the_version_before_is_read_and_goes_on_as_one_of_this() {
    let (folder, _) = filled();
    let path = store(&folder).join("session.log");
    let good = std::fs::read(&path).unwrap();
    // The message was not completely written, or was.
    for (len, messages) in [(good.len() - 1, 0), (good.len(), 1)] {
        std::fs::write(&path, with_version(&good[..len], 1)).unwrap();
        let mut disk = Disk::open(store(&folder)).unwrap();
        assert_eq!(disk.load("a").unwrap().outgoing.len(), messages);
        assert_eq!(std::fs::read(&path).unwrap()[11], 2);
        disk.commit(&[Change::Established]).unwrap();
        drop(disk);
        let saved = Disk::open(store(&folder)).unwrap().load("a").unwrap();
        assert_eq!((saved.outgoing.len(), saved.established), (messages, true));
    }
}

#[test]
fn one_that_cannot_be_made_says_where() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("file"), "no directory").unwrap();
    let error = Disk::open(folder.path().join("file").join("store")).unwrap_err();
    let DiskError::Io { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::NotADirectory);
    assert!(error.to_string().contains("file/store: Not a directory"), "{error}");
}

/// Nobody can write there, root neither.
#[cfg(target_os = "linux")]
#[test]
fn one_that_is_read_only_says_so() {
    let error = Disk::open("/sys/mqtt-store").unwrap_err();
    let DiskError::Io { source, action: "creating", .. } = &error else { panic!("{error:?}") };
    assert!(matches!(source.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem), "{error}");
}

#[test]
fn one_that_was_not_loaded_or_is_misused_stores_nothing() {
    let (folder, _) = filled();
    let mut disk = Disk::open(store(&folder)).unwrap();
    let error = disk.commit(&[Change::Held(PacketId::MIN)]).unwrap_err();
    assert!(matches!(cause(&error), DiskError::NotLoaded));
    drop(disk);
    let mut disk = Disk::open(store(&folder)).unwrap();
    disk.load("a").unwrap();
    let error = disk.commit(&[Change::Held(PacketId::MIN), Change::Finished { number: 77 }]).unwrap_err();
    assert!(matches!(cause(&error), DiskError::Misfit));
    let error = disk.commit(&[]).unwrap_err();
    assert!(matches!(cause(&error), DiskError::FailedBefore));
    drop(disk);
    let saved = Disk::open(store(&folder)).unwrap().load("a").unwrap();
    assert_eq!((saved.outgoing.len(), saved.held.len()), (1, 0));
}
