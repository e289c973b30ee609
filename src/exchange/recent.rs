//! What is kept of the targets that were asked last.
//!
//! The table has a fixed size: a target takes the place of another of the same row, and what is
//! forgotten is only found out anew.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Rows of the table.
const ROWS: usize = 256;
/// Answers with larger bodies are not worth their memory.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// The table, by numbers that stand for targets: another target nearly always has another.
#[derive(Debug)]
pub struct Recent<T>(Vec<Option<(u64, T)>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Recent<T> {
    /// What was kept of that target.
    pub fn of(&self, target: &str) -> Option<&T> {
        let number = number(target);
        let (known, kept) = self.0.get(row(number))?.as_ref()?;
        (*known == number).then_some(kept)
    }

    /// Keeps this of that target.
    pub fn keep(&mut self, target: &str, kept: T) {
        if self.0.is_empty() {
            self.0.resize_with(ROWS, || None);
        }
        let number = number(target);
        self.0[row(number)] = Some((number, kept));
    }
}

fn number(target: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    target.hash(&mut hasher);
    hasher.finish()
}

fn row(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX) % ROWS
}
