//! One of several machines that share a load: which part of the population is its own.

use std::fmt;
use std::str::FromStr;

/// A deterministic share: the objects whose index leaves that remainder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which share, from 1.
    index: usize,
    /// How many shares there are.
    of: usize,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { index: 1, of: 1 };

    /// Whether the object of that index belongs to the share.
    pub fn has(self, index: usize) -> bool {
        index % self.of == self.index - 1
    }

    /// Whether there are other shares.
    pub fn is_part(self) -> bool {
        self.of > 1
    }

    /// How many of so many objects belong to the share.
    pub fn count(self, all: usize) -> usize {
        (all + self.of - self.index) / self.of
    }

    /// Which share, from 1, and how many there are.
    pub fn place(self) -> (usize, usize) {
        (self.index, self.of)
    }
}

impl fmt::Display for Shard {
    /// As it is typed: `3/10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    /// Reads `3/10`.
    fn from_str(text: &str) -> Result<Self, String> {
        let refusal = || "accepted is I/N, such as 3/10, with I from 1 to N".to_owned();
        let (index, of) = text.split_once('/').ok_or_else(refusal)?;
        let (index, of) = (index.parse().ok(), of.parse().ok());
        match (index, of) {
            (Some(index), Some(of)) if (1..=of).contains(&index) => Ok(Self { index, of }),
            _ => Err(refusal()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_belongs_to_one_share() {
        for of in [1, 2, 3, 10] {
            let shards: Vec<Shard> =
                (1..=of).map(|index| format!("{index}/{of}").parse().unwrap()).collect();
            for all in [0, 1, 7, 100] {
                let counts = shards.iter().map(|shard| shard.count(all));
                assert_eq!(counts.sum::<usize>(), all, "{all} over {of}");
                for shard in &shards {
                    let own = (0..all).filter(|index| shard.has(*index)).count();
                    assert_eq!(own, shard.count(all));
                }
            }
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["", "1", "0/3", "4/3", "a/b", "1/0", "-1/2"] {
            assert!(text.parse::<Shard>().unwrap_err().contains("I/N"), "{text}");
        }
    }
}
