//! Databases that are none, are damaged, or are not there.

use super::refused;
use crate::support::program::{Desk, SETTINGS};

const STORE: &str = "streamgauge.db";
const READS: &[&[&str]] =
    &[&["map"], &["signals"], &["digest"], &["explain", "P1"], &["export", "--out", "out"]];
const WRITES: &[&[&str]] = &[
    &["reading", "refund-contacts", "1"],
    &["decide", "stop", "portfolio", "--why", "x"],
    &["sync"],
];

#[track_caller]
fn nobody_can_use_it(desk: &Desk, expected: &str) {
    for args in READS.iter().chain(WRITES).chain([&["check", "--offline"][..]].iter()) {
        refused(desk, args, 2, expected);
    }
}

fn with_store(url: &str) -> Desk {
    Desk::new().edit(SETTINGS, "url = \"sqlite:streamgauge.db\"", &format!("url = \"{url}\""))
}

#[test]
fn before_the_first_sync_there_is_nothing_to_read() {
    for args in READS {
        let told =
            "streamgauge.db does not exist; run `streamgauge sync` first, or correct store.url";
        refused(&Desk::new(), args, 2, told);
    }
}

#[test]
fn a_text_file_is_not_a_database_and_stays_as_it_is() {
    let desk = Desk::new().write(STORE, "Notes about the move\n");
    nobody_can_use_it(
        &desk,
        "streamgauge.db is not a SQLite database; move it away, or point store.url to another file",
    );
}

#[test]
fn a_folder_is_not_a_database() {
    nobody_can_use_it(
        &with_store("sqlite:config"),
        "config is a folder; point store.url to a file, such as sqlite:config/streamgauge.db",
    );
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let desk = Desk::new();
    let other = rusqlite::Connection::open(desk.path(STORE)).unwrap();
    other.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    drop(other);
    for args in READS {
        let told =
            "streamgauge.db is a database of another program; point store.url to another file";
        refused(&desk, args, 2, told);
    }
    let before = std::fs::read(desk.path(STORE)).unwrap();
    let ran = desk.run(WRITES[0]);
    assert_eq!((ran.code, ran.err.lines().count()), (2, 1), "{}", ran.err);
    assert!(std::fs::read(desk.path(STORE)).unwrap() == before);
}

#[test]
fn a_damaged_database_is_told_from_a_foreign_one() {
    let desk = Desk::new();
    desk.done(&["reading", "refund-contacts", "1"]);
    let db = rusqlite::Connection::open(desk.path(STORE)).unwrap();
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(db);
    let mut bytes = std::fs::read(desk.path(STORE)).unwrap();
    assert!(bytes.len() > 8192, "the whole database is in the file");
    // The header page stays; what it leads to is gone.
    bytes[4096..].fill(0xff);
    let desk = desk.write(STORE, &bytes);
    let told = "streamgauge.db is damaged; put a backup in its place with `streamgauge restore FILE`, or \
         move it away and run `streamgauge sync`";
    for args in [&["map"][..], &["signals"]] {
        let ran = desk.run(args);
        assert_eq!((ran.code, ran.err), (2, format!("streamgauge: {told}\n")), "{args:?}");
        assert!(std::fs::read(desk.path(STORE)).unwrap() == bytes, "{args:?}");
    }
}

#[test]
fn an_address_that_means_no_store_is_refused() {
    nobody_can_use_it(
        &with_store("mysql://gauge@db/gauge"),
        "store.url is neither sqlite:PATH nor postgres://USER@HOST/DATABASE; correct it",
    );
    let told = "the folder data does not exist; create it, or correct store.url";
    refused(&with_store("sqlite:data/gauge.db"), WRITES[0], 2, told);
}

#[test]
fn a_server_that_is_away_is_a_failure_of_the_outside() {
    let desk = with_store("postgres://gauge@127.0.0.1:1/gauge");
    for args in [READS[0], WRITES[0]] {
        let told = "the database does not answer: PostgreSQL at 127.0.0.1 cannot be reached \
                    (Connection refused (os error 111)); try again, as a running daemon does by \
                    itself";
        refused(&desk, args, 1, told);
    }
}
