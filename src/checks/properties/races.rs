//! Properties of changes at the same time: nobody's change is lost, and nobody wins twice.
//!
//! A race is one round of requests that are under way together; what it should come to and what it
//! came to are in the step's pairs. A tenant may refuse and ask to try again (409, 412, 429); what
//! it answers with 2xx has to last.

use super::super::check::*;
use super::agree;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "prop-unique-race",
        Rfc7644("3.3"),
        "of several creates or renames to one userName at the same time, exactly one succeeds",
        Steps(&[Verb::RaceCreates, Verb::RaceRenames], |it| agree(&it.pairs)),
    )
    .needs(&[JoinedFilters]),
    must(
        "prop-membership-concurrent-adds",
        Rfc7644("3.5.2.1"),
        "members added to one group at the same time are all in it, each once",
        Steps(&[Verb::RaceAdds], |it| agree(&it.pairs)),
    )
    .needs(&[Patch, Group]),
    must(
        "prop-membership-concurrent-mixed",
        Rfc7644("3.5.2"),
        "a group that some join while others leave holds who stayed and who joined",
        Steps(&[Verb::RaceAddsAndRemoves], |it| agree(&it.pairs)),
    )
    .needs(&[Patch, Group]),
    must(
        "prop-serial-order-patch",
        Rfc7644("3.5.2"),
        "an attribute that several replace at the same time holds what one of them wrote, whole",
        Steps(&[Verb::RaceReplaces], |it| agree(&it.pairs)),
    )
    .needs(&[Patch]),
    must(
        "prop-if-match-linear",
        Rfc7644("3.14"),
        "of writes under If-Match as many are kept as are answered 2xx",
        Steps(&[Verb::RaceIncrements], |it| agree(&it.pairs)),
    )
    .needs(&[Patch, Etag]),
    should(
        "prop-monotonic-reads",
        Rfc7644("3.4.1"),
        "once a read has shown a value, no later read shows an older one",
        Steps(&[Verb::RaceReads], |it| agree(&it.pairs)),
    )
    .needs(&[Patch]),
    may(
        "prop-linearizable-register",
        Rfc7644("3.5.2"),
        "reads and writes of one attribute at the same time can have happened in one order",
        Steps(&[Verb::RaceAccesses], |it| agree(&it.pairs)),
    )
    .needs(&[Patch]),
    may(
        "prop-pages-under-writes",
        Rfc7644("3.4.2.4"),
        "who is there during a whole walk over pages is on one of them",
        Steps(&[Verb::RacePages], |it| agree(&it.pairs)),
    )
    .needs(&[JoinedFilters]),
];

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::super::canary::*;
    use super::super::queries::tests::paired;
    use super::*;

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let canary = |check: &Check| {
            let Steps(verbs, _) = check.judge else { panic!("{} is a race", check.id) };
            let (right, wrong) = (json!([1]), json!([2]));
            step(check.id, paired(verbs[0], "it", right), paired(verbs[0], "it", wrong))
        };
        CHECKS.iter().map(canary).collect()
    }
}
