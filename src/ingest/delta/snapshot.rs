//! The log → what a table is at a version.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::checkpoint::read_checkpoint;
use super::{Action, Add, DeltaFault, LOG, Metadata, Protocol, Remove, Storage, commit_path};

/// The file that names the last checkpoint: a hint.
pub(super) const LAST_CHECKPOINT: &str = "_delta_log/_last_checkpoint";

/// A table at a version.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The version.
    pub version: u64,
    /// What readers and writers must know.
    pub protocol: Protocol,
    /// What the table is.
    pub metadata: Metadata,
    /// The files that belong to it, by path.
    pub files: BTreeMap<String, Add>,
    /// The files that do not any more, by path.
    pub tombstones: BTreeMap<String, Remove>,
    /// How far applications have come.
    pub transactions: BTreeMap<String, super::Transaction>,
    /// How many commits were read after the last checkpoint.
    pub commits_since_checkpoint: u64,
}

/// What a log amounts to so far.
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub(super) protocol: Option<Protocol>,
    pub(super) metadata: Option<Metadata>,
    pub(super) files: BTreeMap<String, Add>,
    pub(super) tombstones: BTreeMap<String, Remove>,
    pub(super) transactions: BTreeMap<String, super::Transaction>,
}

impl Replay {
    /// Applies an action, which comes after all before it.
    pub(super) fn apply(&mut self, action: Action) {
        match action {
            Action::Protocol(protocol) => self.protocol = Some(protocol),
            Action::Metadata(metadata) => self.metadata = Some(*metadata),
            Action::Add(add) => {
                self.tombstones.remove(&add.path);
                self.files.insert(add.path.clone(), add);
            }
            Action::Remove(remove) => {
                self.files.remove(&remove.path);
                self.tombstones.insert(remove.path.clone(), remove);
            }
            Action::Transaction(transaction) => {
                self.transactions.insert(transaction.app_id.clone(), transaction);
            }
            Action::Info(_) => {}
        }
    }
}

/// What the names in the log's folder say there is.
#[derive(Debug, Default)]
struct Names {
    commits: Vec<u64>,
    /// The parts of checkpoints, by version, newest last.
    checkpoints: BTreeMap<u64, Vec<String>>,
    /// Checkpoints of a form that is not read.
    others: Vec<String>,
}

impl Names {
    fn of(storage: &dyn Storage, after: &str) -> Result<Self, DeltaFault> {
        let files = storage.list(LOG, after).map_err(|source| DeltaFault::Io { path: LOG.to_owned(), source })?;
        let mut names = Self::default();
        for file in files {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            let mut parts = name.split('.');
            let version = parts.next().filter(|digits| digits.len() == 20).and_then(|digits| digits.parse().ok());
            let (Some(version), rest) = (version, parts.collect::<Vec<_>>()) else { continue };
            match rest[..] {
                ["json"] => names.commits.push(version),
                ["checkpoint", "parquet"] => {
                    names.checkpoints.insert(version, vec![file.path]);
                }
                ["checkpoint", part, of, "parquet"] if part.len() == 10 && of.len() == 10 => {
                    names.checkpoints.entry(version).or_default().push(file.path);
                }
                ["checkpoint", ..] => names.others.push(file.path),
                _ => {}
            }
        }
        Ok(names)
    }
}

impl Snapshot {
    /// The newest version of a table; none where there is no log.
    ///
    /// # Errors
    /// If the log has gaps or damage that matter, or the table asks for more than this can do.
    pub fn load(storage: &dyn Storage) -> Result<Option<Self>, DeltaFault> {
        // The hint saves listing what is older; nothing rests on it.
        #[derive(Deserialize)]
        struct Hint {
            version: u64,
        }
        let hint = storage.read(LAST_CHECKPOINT).ok().flatten();
        let hint = hint.and_then(|bytes| serde_json::from_slice::<Hint>(&bytes).ok()).map(|hint| hint.version);
        if let Some(version) = hint {
            // `.` sorts before every digit, so the checkpoint itself is listed.
            let names = Names::of(storage, &format!("{version:020}"))?;
            if names.checkpoints.contains_key(&version)
                && let Some(snapshot) = Self::of(storage, &names)?
            {
                return Ok(Some(snapshot));
            }
        }
        let names = Names::of(storage, "")?;
        if names.commits.is_empty() && names.checkpoints.is_empty() {
            return match names.others.first() {
                Some(path) => Err(DeltaFault::Unsupported(format!("{path}: a checkpoint of a form that is not read"))),
                None => Ok(None),
            };
        }
        match Self::of(storage, &names)? {
            Some(snapshot) => Ok(Some(snapshot)),
            None => Err(DeltaFault::Missing { path: commit_path(0) }),
        }
    }

    /// The table by the newest checkpoint that can be read, and the commits after it; none if there is nothing to begin
    /// with.
    fn of(storage: &dyn Storage, names: &Names) -> Result<Option<Self>, DeltaFault> {
        for (version, parts) in names.checkpoints.iter().rev() {
            // A damaged checkpoint is not needed where an older one or the commits are.
            if let Ok(replay) = read_checkpoint(storage, parts) {
                return Self::replayed(storage, replay, Some(*version), &names.commits).map(Some);
            }
        }
        if names.commits.first() == Some(&0) {
            return Self::replayed(storage, Replay::default(), None, &names.commits).map(Some);
        }
        Ok(None)
    }

    fn replayed(
        storage: &dyn Storage,
        mut replay: Replay,
        checkpoint: Option<u64>,
        commits: &[u64],
    ) -> Result<Self, DeltaFault> {
        let first = checkpoint.map_or(0, |version| version + 1);
        let mut next = first;
        for version in commits.iter().copied().filter(|version| *version >= first) {
            if version != next {
                return Err(DeltaFault::Missing { path: commit_path(next) });
            }
            read_commit(storage, version)?.into_iter().for_each(|action| replay.apply(action));
            next += 1;
        }
        let Replay { protocol, metadata, files, tombstones, transactions } = replay;
        let version = next.checked_sub(1).ok_or_else(|| DeltaFault::Missing { path: commit_path(0) })?;
        let lacks = |what: &str| DeltaFault::Damaged {
            path: LOG.to_owned(),
            line: None,
            cause: format!("{what} is missing up to version {version}"),
        };
        let protocol = protocol.ok_or_else(|| lacks("the protocol"))?;
        protocol.check()?;
        let metadata = metadata.ok_or_else(|| lacks("the metadata"))?;
        let commits_since_checkpoint = next - first;
        Ok(Self { version, protocol, metadata, files, tombstones, transactions, commits_since_checkpoint })
    }

    /// Reads newer commits; says whether there were any.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn refresh(&mut self, storage: &dyn Storage) -> Result<bool, DeltaFault> {
        let before = self.version;
        loop {
            let path = commit_path(self.version + 1);
            let bytes = storage.read(&path).map_err(|source| DeltaFault::Io { path: path.clone(), source })?;
            let Some(bytes) = bytes else { return Ok(self.version > before) };
            let mut replay = Replay {
                protocol: Some(self.protocol.clone()),
                metadata: Some(self.metadata.clone()),
                files: std::mem::take(&mut self.files),
                tombstones: std::mem::take(&mut self.tombstones),
                transactions: std::mem::take(&mut self.transactions),
            };
            let actions = actions(&path, &bytes);
            if let Ok(actions) = &actions {
                actions.iter().cloned().for_each(|action| replay.apply(action));
            }
            let Replay { protocol, metadata, files, tombstones, transactions } = replay;
            (self.files, self.tombstones, self.transactions) = (files, tombstones, transactions);
            actions?;
            (self.protocol, self.metadata) =
                (protocol.unwrap_or_else(|| self.protocol.clone()), metadata.unwrap_or_else(|| self.metadata.clone()));
            self.protocol.check()?;
            self.version += 1;
            self.commits_since_checkpoint += 1;
        }
    }
}

/// The actions of a commit that is there.
fn read_commit(storage: &dyn Storage, version: u64) -> Result<Vec<Action>, DeltaFault> {
    let path = commit_path(version);
    let bytes = storage.read(&path).map_err(|source| DeltaFault::Io { path: path.clone(), source })?;
    actions(&path, &bytes.ok_or_else(|| DeltaFault::Missing { path: path.clone() })?)
}

/// The actions of a commit's bytes.
pub(super) fn actions(path: &str, bytes: &[u8]) -> Result<Vec<Action>, DeltaFault> {
    let damaged = |line: Option<usize>, cause: String| DeltaFault::Damaged { path: path.to_owned(), line, cause };
    let text = str::from_utf8(bytes).map_err(|error| damaged(None, error.to_string()))?;
    let mut actions = Vec::new();
    for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        actions.extend(Action::read(line).map_err(|cause| damaged(Some(place + 1), cause))?);
    }
    if actions.is_empty() {
        return Err(damaged(None, "it has no action".to_owned()));
    }
    Ok(actions)
}
