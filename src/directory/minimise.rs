//! Makes a failing sequence of changes short: drops ever smaller pieces while the rest still fails.
//!
//! Every attempt is a whole sequence in a fresh namespace of somebody's tenant, so whoever asks is
//! asked before each whether it may be.

/// What is left of a failing sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minimised<T> {
    /// Changes that still fail.
    pub changes: Vec<T>,
    /// How many sequences were tried.
    pub attempts: usize,
    /// Whether leaving out any single change is known to make it pass; false if the budget ended.
    pub is_minimal: bool,
}

/// Shortens `changes`, which failed. `fails` replays a sequence and says whether the same thing
/// still goes wrong; `may_try` says before each replay whether it can be afforded.
pub async fn minimise<T, F, Fut>(
    changes: Vec<T>,
    mut may_try: impl FnMut() -> bool,
    mut fails: F,
) -> Minimised<T>
where
    T: Clone,
    F: FnMut(Vec<T>) -> Fut,
    Fut: Future<Output = bool>,
{
    let mut best = changes;
    let mut attempts = 0;
    let mut size = best.len().div_ceil(2);
    while size > 0 && !best.is_empty() {
        let mut end = best.len(); // from the end: what follows the failure is dropped first
        let mut dropped = false;
        while end > 0 {
            if !may_try() {
                return Minimised { changes: best, attempts, is_minimal: false };
            }
            let start = end.saturating_sub(size);
            let rest = [&best[..start], &best[end..]].concat();
            attempts += 1;
            if fails(rest.clone()).await {
                best = rest;
                dropped = true;
            }
            end = start;
        }
        // Singles are tried until none can go: a later drop may make an earlier one possible.
        size = if size == 1 && dropped { 1 } else { size / 2 };
    }
    Minimised { changes: best, attempts, is_minimal: true }
}

#[cfg(test)]
mod tests {
    use super::super::Change;
    use super::*;

    fn sequence(count: usize) -> Vec<Change> {
        (0..count).map(Change::AssignUser).collect()
    }

    /// A bug that shows when all of these users are assigned, in any order.
    async fn shrink(count: usize, needed: &[usize], budget: usize) -> Minimised<Change> {
        let mut left = budget + 1;
        let may_try = || {
            left -= 1;
            left > 0
        };
        minimise(sequence(count), may_try, |changes| {
            let failed = needed.iter().all(|user| changes.contains(&Change::AssignUser(*user)));
            async move { failed }
        })
        .await
    }

    #[tokio::test]
    async fn only_the_changes_that_matter_are_left() {
        for needed in [&[0, 13, 29][..], &[7], &[28, 29], &[0], &[3, 4, 5, 20]] {
            let minimised = shrink(30, needed, 200).await;
            let expected: Vec<Change> = needed.iter().copied().map(Change::AssignUser).collect();
            assert_eq!(minimised.changes, expected);
            assert!(minimised.is_minimal);
            assert!(minimised.attempts <= 60, "{needed:?} took {}", minimised.attempts);
        }
    }

    #[tokio::test]
    async fn a_failure_that_needs_no_change_ends_empty() {
        let minimised = shrink(30, &[], 200).await;
        assert!(minimised.changes.is_empty() && minimised.attempts <= 2);
        assert!(shrink(0, &[], 200).await.changes.is_empty());
    }

    #[tokio::test]
    async fn the_budget_is_kept_and_the_best_so_far_is_handed_back() {
        let minimised = shrink(64, &[5, 50], 6).await;
        assert_eq!(minimised.attempts, 6);
        assert!(!minimised.is_minimal);
        assert!(minimised.changes.len() < 64);
        for user in [5, 50] {
            assert!(minimised.changes.contains(&Change::AssignUser(user)));
        }
        assert_eq!(shrink(10, &[5], 0).await.changes, sequence(10));
    }

    #[tokio::test]
    async fn a_change_that_can_only_go_after_a_later_one_goes() {
        // Change 3 must stay as long as 1 is there; 1 can go only once 2 is gone.
        let minimised = minimise(
            sequence(4),
            || true,
            |changes| {
                let has = |user| changes.contains(&Change::AssignUser(user));
                let failed = has(0) && (has(3) || !has(1)) && (has(1) || !has(2));
                async move { failed }
            },
        )
        .await;
        assert_eq!(minimised.changes, [Change::AssignUser(0)]);
    }
}
