//! One attribute that several clients write and read at the same time: can what they saw have
//! happened one after the other?
//!
//! The question is that of linearizability (Herlihy and Wing, 1990), answered as Wing and Gong did:
//! by a search for an order that respects what was over before something else began. It is asked
//! after the fact, of times taken at the door; nothing here sends anything.

use std::collections::HashSet;
use std::time::Duration;

/// One read or write of the attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Who.
    pub worker: usize,
    /// When the request was sent.
    pub began: Duration,
    /// When the answer was there; none where none came: a write may then happen at any time, or
    /// never.
    pub ended: Option<Duration>,
    /// What was done or seen.
    pub what: Accessed,
}

/// What an access did or saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accessed {
    /// This value was written.
    Wrote(String),
    /// This value was read.
    Read(String),
}

/// Accesses that one search can take: one bit each.
pub const ACCESSES_MAX: usize = 128;
/// Places of the search that are looked at before it gives up.
const PLACES_MAX: usize = 500_000;

/// Looks for an order of the accesses in which each read sees the write before it. The error names
/// the first access that fits into none; none is the answer where the search was given up.
pub fn in_one_order(initial: &str, accesses: &[Access]) -> Option<Result<(), Access>> {
    if accesses.len() > ACCESSES_MAX {
        return None;
    }
    if has_order(initial, accesses)? {
        return Some(Ok(()));
    }
    let mut by_end: Vec<Access> = accesses.to_vec();
    by_end.sort_by_key(|it| (it.ended.is_none(), it.ended, it.began));
    // Whatever had begun may have had its effect: later writes count as those without an answer.
    for length in 1..=by_end.len() {
        let (over, later) = by_end.split_at(length);
        let until = over[length - 1].ended;
        let under_way = later.iter().filter(|it| {
            matches!(it.what, Accessed::Wrote(_)) && until.is_none_or(|until| it.began <= until)
        });
        let under_way = under_way.map(|it| Access { ended: None, ..it.clone() });
        let seen: Vec<Access> = over.iter().cloned().chain(under_way).collect();
        if !has_order(initial, &seen)? {
            return Some(Err(over[length - 1].clone()));
        }
    }
    None
}

/// Whether there is such an order; none where the search was given up.
fn has_order(initial: &str, accesses: &[Access]) -> Option<bool> {
    let must: u128 = mask(accesses, |it| it.ended.is_some());
    let mut places = vec![(0_u128, None::<usize>)];
    let mut known: HashSet<(u128, Option<usize>)> = HashSet::new();
    while let Some((done, last)) = places.pop() {
        if done & must == must {
            return Some(true);
        }
        if !known.insert((done, last)) {
            continue;
        }
        if known.len() > PLACES_MAX {
            return None;
        }
        let open = |place: &usize| done & (1 << place) == 0;
        let first_end =
            (0..accesses.len()).filter(open).filter_map(|place| accesses[place].ended).min();
        let value = last.map_or(initial, |place| accesses[place].value());
        for place in (0..accesses.len()).filter(open) {
            let access = &accesses[place];
            if first_end.is_some_and(|end| end < access.began) {
                continue;
            }
            match &access.what {
                Accessed::Wrote(_) => places.push((done | 1 << place, Some(place))),
                Accessed::Read(seen) if seen == value => places.push((done | 1 << place, last)),
                Accessed::Read(_) => {}
            }
        }
    }
    Some(false)
}

fn mask(accesses: &[Access], of: impl Fn(&Access) -> bool) -> u128 {
    accesses.iter().enumerate().filter(|(_, it)| of(it)).fold(0, |all, (place, _)| all | 1 << place)
}

impl Access {
    /// The value that was written or read.
    pub fn value(&self) -> &str {
        match &self.what {
            Accessed::Wrote(value) | Accessed::Read(value) => value,
        }
    }
}

/// A read of a counter, and what it showed.
pub type Counted = (Access, u64);

/// The first read of a growing counter that is older than a read which was over before it began,
/// with that earlier one.
pub fn went_back(reads: &[Counted]) -> Option<(&Counted, &Counted)> {
    reads.iter().find_map(|later| {
        let over = |it: &&Counted| it.0.ended.is_some_and(|end| end < later.0.began);
        let newest = reads.iter().filter(over).max_by_key(|(_, value)| *value)?;
        (newest.1 > later.1).then_some((newest, later))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn access(worker: usize, began: u64, ended: u64, what: Accessed) -> Access {
        let at = Duration::from_millis;
        let ended = (ended > 0).then(|| at(ended));
        Access { worker, began: at(began), ended, what }
    }

    fn wrote(worker: usize, began: u64, ended: u64, value: &str) -> Access {
        access(worker, began, ended, Accessed::Wrote(value.to_owned()))
    }

    fn read(worker: usize, began: u64, ended: u64, value: &str) -> Access {
        access(worker, began, ended, Accessed::Read(value.to_owned()))
    }

    #[test]
    fn a_read_beside_a_write_may_see_either_and_one_after_it_only_the_new() {
        let both = [wrote(0, 1, 10, "b"), read(1, 2, 3, "b"), read(2, 4, 5, "b")];
        assert_eq!(in_one_order("a", &both), Some(Ok(())));
        let back = [wrote(0, 1, 10, "b"), read(1, 2, 3, "b"), read(2, 4, 5, "a")];
        assert_eq!(in_one_order("a", &back), Some(Err(back[2].clone())), "new, then old");
        let stale = [wrote(0, 1, 2, "b"), read(1, 3, 4, "a")];
        assert_eq!(in_one_order("a", &stale), Some(Err(stale[1].clone())));
        let lost =
            [wrote(0, 1, 4, "b"), wrote(1, 2, 3, "c"), read(0, 5, 6, "b"), read(1, 7, 8, "c")];
        assert_eq!(in_one_order("a", &lost), Some(Err(lost[3].clone())), "undone by nobody");
    }

    #[test]
    fn a_write_without_an_answer_may_have_happened_or_not() {
        let lost = wrote(0, 1, 0, "b");
        for (seen, holds) in [("a", true), ("b", true), ("c", false)] {
            let all = [lost.clone(), read(1, 5, 6, seen)];
            assert_eq!(in_one_order("a", &all).unwrap().is_ok(), holds, "{seen}");
        }
        let back = [lost, read(1, 5, 6, "b"), read(1, 7, 8, "a")];
        assert!(in_one_order("a", &back).unwrap().is_err());
    }

    #[test]
    fn too_much_is_said_to_be() {
        let many = vec![read(0, 1, 2, "a"); ACCESSES_MAX + 1];
        assert_eq!(in_one_order("a", &many), None);
    }

    proptest! {
        /// What a true register shows has an order, whatever overlaps.
        #[test]
        fn a_true_register_is_never_blamed(
            steps in prop::collection::vec((any::<bool>(), 0_u64..20, 0_u64..20), 1..24),
        ) {
            let (mut value, mut all) = ("a".to_owned(), Vec::new());
            for (nth, (writes, early, late)) in steps.into_iter().enumerate() {
                // It takes effect at 100 + 10 n, somewhere between its beginning and its end.
                let at = 100 + 10 * nth as u64;
                if writes {
                    value = format!("v{nth}");
                    all.push(wrote(nth, at - early, at + late + 1, &value));
                } else {
                    all.push(read(nth, at - early, at + late + 1, &value));
                }
            }
            prop_assert_eq!(in_one_order("a", &all), Some(Ok(())));
        }
    }

    #[test]
    fn a_counter_that_goes_back_is_found() {
        let reads = [(read(0, 1, 2, "1"), 1), (read(1, 2, 5, "3"), 3), (read(0, 3, 4, "2"), 2)];
        assert_eq!(went_back(&reads), None, "they overlap");
        let reads = [(read(0, 1, 2, "3"), 3), (read(1, 3, 4, "2"), 2)];
        assert_eq!(went_back(&reads), Some((&reads[0], &reads[1])));
    }
}
