//! Memory limit of a run: `--memory`, or half of the free memory.

use std::sync::Arc;

use clap::Args;

use crate::error::Error;
use crate::group::Overflow;
use crate::units::size;
use crate::work::TemporaryFile;

/// The least that can be requested: below, tables of a few rows each would be spilled again and again.
const MEMORY_BYTES_MIN: u64 = 1 << 20;
/// Where Linux reports free memory and container limits (cgroup v2, then v1).
const MEMORY_INFORMATION: &str = "/proc/meminfo";
const MEMORY_LIMITS: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// How much memory a run may take, as typed.
#[derive(Debug, Args)]
pub(in crate::cli) struct MemoryFlags {
    /// Memory limit; sums beyond it are spilled to a temporary file [default: half of the free memory]
    #[arg(long, value_name = "SIZE", help_heading = "Reading")]
    memory: Option<String>,
}

impl MemoryFlags {
    /// The limit, and where the rest goes.
    pub(in crate::cli) fn overflow(&self) -> Result<Option<Overflow>, Error> {
        overflow(self.memory.as_deref())
    }
}

/// The limit and the temporary file beyond it. No limit if none is given and free memory is unknown.
fn overflow(flag: Option<&str>) -> Result<Option<Overflow>, Error> {
    let memory_bytes = match flag {
        Some(text) => Some(parse(text)?),
        None => free_bytes().map(|free| free / 2),
    };
    let overflow = |bytes: u64| {
        let spill = TemporaryFile::new(std::env::temp_dir());
        Overflow::new(usize::try_from(bytes).unwrap_or(usize::MAX), Arc::new(spill))
    };
    Ok(memory_bytes.map(overflow))
}

fn parse(text: &str) -> Result<u64, Error> {
    let bytes = size::parse(text).map_err(|error| Error::usage(format!("--memory: {error}")))?;
    if bytes < MEMORY_BYTES_MIN {
        return Err(
            Error::usage(format!("--memory {text}: at least 1MiB is required")).hint("for example --memory 2GiB")
        );
    }
    Ok(bytes)
}

/// What is free on this machine, or may be taken in this container if that is less.
fn free_bytes() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let free = read(MEMORY_INFORMATION).and_then(|text| available_bytes(&text));
    let limits = MEMORY_LIMITS.iter().filter_map(|path| read(path)?.trim().parse().ok());
    limits.chain(free).min()
}

/// What may be taken without swapping: `MemAvailable: 123 kB`, see proc(5).
fn available_bytes(information: &str) -> Option<u64> {
    let line = information.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_size_and_not_too_small() {
        assert_eq!(overflow(Some("2GiB")).unwrap().unwrap().memory.limit_bytes(), 2 << 30);
        for wrong in ["much", "1000", "1023KiB", "-1"] {
            let error = overflow(Some(wrong)).unwrap_err();
            assert!(error.to_string().starts_with("--memory"), "{error}");
        }
    }

    #[test]
    fn what_is_free_is_read_as_linux_writes_it() {
        let text = "MemTotal:       24605516 kB\nMemFree:         1000000 kB\nMemAvailable:   17000001 kB\n";
        assert_eq!(available_bytes(text), Some(17_000_001 << 10));
        assert_eq!(available_bytes("MemTotal: 1 kB\n"), None);
        assert_eq!(available_bytes("MemAvailable: much\n"), None);
    }
}
