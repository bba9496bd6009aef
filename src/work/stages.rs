//! How long the stages of a run take, for those who ask (`--verbose`).

use std::time::Instant;

/// A stopwatch that logs the end of each stage.
#[derive(Debug)]
pub(super) struct Stages(Instant);

impl Stages {
    /// The first stage begins.
    pub(super) fn begin() -> Self {
        Self(Instant::now())
    }

    /// A stage has ended and the next one begins.
    pub(super) fn ended(&mut self, stage: &str) {
        tracing::info!(took = ?self.0.elapsed(), "{stage}");
        self.0 = Instant::now();
    }
}
