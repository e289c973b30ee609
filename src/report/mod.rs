//! Reads a run, writes words.
