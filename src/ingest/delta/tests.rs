//! The log as its lines, as a model of it, under damage, and with two writers.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;

fn table() -> Metadata {
    let field = |name: &str, data_type| Field { name: name.to_owned(), data_type };
    let fields = [field("day", DataType::Date), field("bytes", DataType::Long), field("hour", DataType::Timestamp)];
    Metadata::new("11111111-2222-4333-a444-555555555555", "outflow", &fields, &["day"], 5)
}

fn file(name: &str) -> Add {
    Add {
        path: format!("day=2026-03-01/{name}.parquet"),
        partition_values: BTreeMap::from([("day".to_owned(), Some("2026-03-01".to_owned()))]),
        size: 7,
        modification_time: 6,
        data_change: true,
        stats: Some(r#"{"numRecords":3}"#.to_owned()),
        tags: None,
    }
}

fn local() -> (tempfile::TempDir, Local) {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::new(folder.path().join("table"));
    (folder, local)
}

fn made(storage: &dyn Storage) -> Snapshot {
    assert_eq!(create_table(storage, table(), "a", 5).unwrap(), Committed::Done(0));
    Snapshot::load(storage).unwrap().unwrap()
}

fn added(storage: &dyn Storage, snapshot: &Snapshot, name: &str) -> Committed {
    commit(storage, snapshot, &Commit::new(vec![Action::Add(file(name))], "WRITE", name, 6)).unwrap()
}

#[test]
fn lines_are_as_the_protocol_has_them() {
    let (_folder, local) = local();
    let mut snapshot = made(&local);
    let odd = Add { path: "day=__HIVE_DEFAULT_PARTITION__/a b%.parquet".to_owned(), ..file("x") };
    let odd = Add { partition_values: BTreeMap::from([("day".to_owned(), None)]), ..odd };
    let transaction = Transaction { app_id: "app".to_owned(), version: 4, last_updated: None };
    let actions = vec![
        Action::Add(odd.clone()),
        Action::Remove(Remove::of(&file("y"), 9, true)),
        Action::Transaction(transaction),
    ];
    commit(&local, &snapshot, &Commit::new(actions, "WRITE", "b", 6)).unwrap();
    let text = String::from_utf8(local.read("_delta_log/00000000000000000001.json").unwrap().unwrap()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with(r#"{"commitInfo":{"#), "{}", lines[0]);
    assert_eq!(
        lines[1..],
        [
            r#"{"add":{"path":"day=__HIVE_DEFAULT_PARTITION__/a%20b%25.parquet","partitionValues":{"day":null},"size":7,"modificationTime":6,"dataChange":true,"stats":"{\"numRecords\":3}"}}"#,
            r#"{"remove":{"path":"day=2026-03-01/y.parquet","deletionTimestamp":9,"dataChange":true,"extendedFileMetadata":true,"partitionValues":{"day":"2026-03-01"},"size":7}}"#,
            r#"{"txn":{"appId":"app","version":4}}"#,
        ]
    );
    assert!(snapshot.refresh(&local).unwrap());
    assert_eq!(snapshot.files, BTreeMap::from([(odd.path.clone(), odd)]));
    assert_eq!(snapshot.files.values().next().unwrap().rows(), Some(3));
}

#[test]
fn what_asks_for_more_is_refused_and_what_need_not_be_known_is_not() {
    let (_folder, local) = local();
    made(&local);
    let put = |version: u64, lines: &str| local.put(&commit_path(version), lines.as_bytes()).unwrap();
    put(1, "{\"domainMetadata\":{\"domain\":\"x\"}}\n{\"txn\":{\"appId\":\"b\",\"version\":1,\"later\":2}}\n");
    assert_eq!(Snapshot::load(&local).unwrap().unwrap().transactions.len(), 1);
    put(
        2,
        r#"{"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true,"deletionVector":{"x":1}}}"#,
    );
    let fault = Snapshot::load(&local).unwrap_err().to_string();
    assert!(
        fault.ends_with(
            "00000000000000000002.json: damaged, line 1: it has a deletion vector, which outflow does not read"
        ),
        "{fault}"
    );
    put(
        2,
        r#"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["columnMapping"],"writerFeatures":[]}}"#,
    );
    let fault = Snapshot::load(&local).unwrap_err().to_string();
    assert!(fault.starts_with("the table asks for version 3 of Delta's readers and 7 of its writers"), "{fault}");
}

#[test]
fn a_cut_or_missing_commit_is_named_and_a_missing_log_is_none() {
    let (_folder, local) = local();
    assert_eq!(Snapshot::load(&local).unwrap(), None);
    let mut snapshot = made(&local);
    for name in ["a", "b", "c"] {
        added(&local, &snapshot, name);
        snapshot.refresh(&local).unwrap();
    }
    let whole = local.read(&commit_path(2)).unwrap().unwrap();
    local.put(&commit_path(2), &whole[..whole.len() - 9]).unwrap();
    let fault = Snapshot::load(&local).unwrap_err().to_string();
    assert!(fault.starts_with("_delta_log/00000000000000000002.json: damaged, line 2: "), "{fault}");
    local.delete(&commit_path(2)).unwrap();
    let fault = Snapshot::load(&local).unwrap_err().to_string();
    assert_eq!(fault, "_delta_log/00000000000000000002.json: is missing");
    local.put(&commit_path(2), b"").unwrap();
    assert!(Snapshot::load(&local).unwrap_err().to_string().ends_with("it has no action"));
}

#[test]
fn a_checkpoint_that_is_damaged_or_gone_is_done_without() {
    let (_folder, local) = local();
    let mut snapshot = made(&local);
    for name in ["a", "b", "c"] {
        added(&local, &snapshot, name);
        snapshot.refresh(&local).unwrap();
        write_checkpoint(&local, &snapshot, 0).unwrap();
    }
    let files = |snapshot: &Snapshot| snapshot.files.keys().cloned().collect::<Vec<_>>();
    let loaded = Snapshot::load(&local).unwrap().unwrap();
    assert_eq!((files(&loaded), loaded.commits_since_checkpoint), (files(&snapshot), 0));
    let newest = "_delta_log/00000000000000000003.checkpoint.parquet";
    let whole = local.read(newest).unwrap().unwrap();
    for damage in [whole[..whole.len() / 2].to_vec(), Vec::new(), b"PAR1".to_vec()] {
        local.put(newest, &damage).unwrap();
        let loaded = Snapshot::load(&local).unwrap().unwrap();
        assert_eq!((files(&loaded), loaded.commits_since_checkpoint), (files(&snapshot), 1));
    }
    local.delete(newest).unwrap();
    for hint in ["{", "{\"version\":77}", "{\"version\":1}"] {
        local.put("_delta_log/_last_checkpoint", hint.as_bytes()).unwrap();
        assert_eq!(files(&Snapshot::load(&local).unwrap().unwrap()), files(&snapshot), "{hint}");
    }
    // The oldest commits may be gone, as long as a checkpoint has what they said.
    (0..2).for_each(|version| local.delete(&commit_path(version)).unwrap());
    assert_eq!(files(&Snapshot::load(&local).unwrap().unwrap()), files(&snapshot));
    local.delete("_delta_log/00000000000000000002.checkpoint.parquet").unwrap();
    local.delete("_delta_log/00000000000000000001.checkpoint.parquet").unwrap();
    let fault = Snapshot::load(&local).unwrap_err().to_string();
    assert_eq!(fault, "_delta_log/00000000000000000000.json: is missing");
}

#[test]
fn of_writers_that_race_for_a_version_one_wins() {
    let (_folder, local) = local();
    let snapshot = made(&local);
    let won: Vec<Committed> = std::thread::scope(|scope| {
        let writers = (0..8).map(|name| {
            scope.spawn({
                let (local, snapshot) = (&local, &snapshot);
                move || added(local, snapshot, &name.to_string())
            })
        });
        writers.collect::<Vec<_>>().into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(won.iter().filter(|won| **won == Committed::Done(1)).count(), 1);
    assert_eq!(won.iter().filter(|won| **won == Committed::Conflict).count(), 7);
    assert_eq!(Snapshot::load(&local).unwrap().unwrap().files.len(), 1);
    let all = local.list_all().unwrap();
    assert_eq!(all.len(), 2, "nothing unfinished is listed: {all:?}");
}

/// Answers with an error, whether the file was written or not.
#[derive(Debug)]
struct Unsure(Local, Mutex<Option<bool>>);

impl Storage for Unsure {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        self.0.read(path)
    }
    fn list(&self, folder: &str, after: &str) -> io::Result<Vec<StoredFile>> {
        self.0.list(folder, after)
    }
    fn list_all(&self) -> io::Result<Vec<StoredFile>> {
        self.0.list_all()
    }
    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.0.put(path, bytes)
    }
    fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool> {
        match self.1.lock().unwrap().take() {
            None => self.0.create(path, bytes),
            Some(writes) => {
                if writes {
                    self.0.create(path, bytes)?;
                }
                Err(io::ErrorKind::TimedOut.into())
            }
        }
    }
    fn delete(&self, path: &str) -> io::Result<()> {
        self.0.delete(path)
    }
}

#[test]
fn where_nobody_can_say_whether_a_commit_was_written_the_log_is_asked() {
    let (_folder, local) = local();
    let snapshot = made(&local);
    let unsure = Unsure(local, Mutex::new(Some(true)));
    assert_eq!(added(&unsure, &snapshot, "mine"), Committed::Done(1));
    *unsure.1.lock().unwrap() = Some(true);
    assert_eq!(added(&unsure, &snapshot, "other"), Committed::Conflict, "the version is another's");
    // A repeated request of our own finds what the first one wrote.
    assert_eq!(added(&unsure, &snapshot, "mine"), Committed::Done(1));
    let next = Snapshot::load(&unsure).unwrap().unwrap();
    *unsure.1.lock().unwrap() = Some(false);
    let change = Commit::new(vec![Action::Add(file("lost"))], "WRITE", "lost", 6);
    assert!(commit(&unsure, &next, &change).unwrap_err().to_string().contains("00000000000000000002.json: "));
    assert_eq!(Snapshot::load(&unsure).unwrap().unwrap().version, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Adds and removes of eight files in commits of any size, with checkpoints anywhere, read at once or one by one.
    #[test]
    fn a_log_amounts_to_what_a_model_of_it_does(
        commits in prop::collection::vec((prop::collection::vec((0u8..8, any::<bool>()), 1..5), any::<bool>()), 1..12),
    ) {
        let (_folder, local) = local();
        let mut followed = made(&local);
        let mut model: BTreeSet<String> = BTreeSet::new();
        for (number, (changes, checkpoints)) in commits.iter().enumerate() {
            let mut actions: Vec<Action> = Vec::new();
            for (name, adds) in changes {
                let add = file(&name.to_string());
                if *adds {
                    model.insert(add.path.clone());
                    actions.push(Action::Add(add));
                } else {
                    model.remove(&add.path);
                    actions.push(Action::Remove(Remove::of(&add, 9, true)));
                }
            }
            let version = i64::try_from(number).unwrap();
            actions.push(Action::Transaction(Transaction { app_id: "app".to_owned(), version, last_updated: None }));
            commit(&local, &followed, &Commit::new(actions, "WRITE", &number.to_string(), 6)).unwrap();
            prop_assert!(followed.refresh(&local).unwrap());
            if *checkpoints {
                write_checkpoint(&local, &followed, 0).unwrap();
            }
            let loaded = Snapshot::load(&local).unwrap().unwrap();
            for snapshot in [&followed, &loaded] {
                prop_assert_eq!(snapshot.files.keys().cloned().collect::<BTreeSet<_>>(), model.clone());
                prop_assert_eq!(snapshot.version, number as u64 + 1);
                prop_assert_eq!(snapshot.transactions["app"].version, version);
                prop_assert_eq!(&snapshot.metadata, &table());
            }
            prop_assert_eq!(
                loaded.tombstones.keys().collect::<Vec<_>>(),
                followed.tombstones.keys().collect::<Vec<_>>()
            );
        }
    }
}
