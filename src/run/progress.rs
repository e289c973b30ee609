//! How the runner tells what it is doing, without knowing who listens.
//!
//! The runner calls [`Telling`]; a terminal, a log or nobody is on the other side. What is told is
//! for a person who waits, never for a verdict.

/// Listens to the progress of a run. Calls are cheap and may come from many workers at once.
pub trait Telling: Send + Sync {
    /// A stage begins: its name, and how many steps it will have where that is known.
    fn stage(&self, name: &str, total: Option<u64>);

    /// One more step of the stage is done; the text says what it was about.
    fn step(&self, text: &str);

    /// The stage is over; the line says what came of it.
    fn done(&self, line: &str);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Telling for Silent {
    fn stage(&self, _name: &str, _total: Option<u64>) {}
    fn step(&self, _text: &str) {}
    fn done(&self, _line: &str) {}
}
