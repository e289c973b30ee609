//! After a cycle the tenant holds what the projection says: one check for each kind of difference.
//!
//! Each check looks at its own kind alone, so that an excuse for one hides no other.

use super::check::*;

const CYCLE: Source = Entra("How provisioning works, cycles");

/// Judges one kind of difference.
macro_rules! no {
    ($kind:ident) => {
        Converged(|comparison| none_of(comparison, DifferenceKind::$kind))
    };
}

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must("entra-converged-users-present", CYCLE, "every user in scope is there", no!(MissingUser)),
    must("entra-converged-users-deleted", CYCLE, "a deleted user is gone", no!(UserNotDeleted)),
    must("entra-converged-users-once", CYCLE, "no user is there twice", no!(SecondUser)),
    must(
        "entra-converged-user-attributes",
        CYCLE,
        "mapped attributes of users hold what was last exported",
        Converged(|comparison| {
            let phones_only =
                of_kind(comparison, DifferenceKind::UserAttribute).all(|difference| {
                    let attribute = difference.attribute.as_deref().unwrap_or_default();
                    attribute.to_ascii_lowercase().starts_with("phonenumbers")
                });
            let verdict = none_of(comparison, DifferenceKind::UserAttribute);
            if phones_only { verdict } else { beyond_excuse(verdict) }
        }),
    )
    .follows_from(&[LimitationKind::AddedPhoneNumber]),
    must("entra-converged-user-active", CYCLE, "`active` of users is right", no!(UserActive)),
    must("entra-converged-user-manager", CYCLE, "managers of users are right", no!(UserManager)),
    must(
        "entra-converged-groups-present",
        CYCLE,
        "every group in scope is there",
        no!(MissingGroup),
    ),
    must("entra-converged-groups-deleted", CYCLE, "a deleted group is gone", no!(GroupNotDeleted)),
    must(
        "entra-converged-groups-once",
        CYCLE,
        "one group stands for one group of the directory",
        no!(SecondGroup),
    )
    .follows_from(&[LimitationKind::GroupRename]),
    must(
        "entra-converged-group-names",
        CYCLE,
        "a renamed group bears its new name",
        no!(GroupName),
    )
    .excused_by(&[LimitationKind::GroupRename]),
    must(
        "entra-converged-group-attributes",
        CYCLE,
        "mapped attributes of groups hold what was last exported",
        no!(GroupAttribute),
    ),
    must(
        "entra-converged-members-present",
        CYCLE,
        "every member is in its group",
        no!(MissingMember),
    ),
    must(
        "entra-converged-members-only",
        CYCLE,
        "no group holds a member that should not be there",
        no!(UnexpectedMember),
    ),
    may(
        "entra-converged-no-dangling-members",
        Rfc7643("4.2"),
        "no group lists a user that was deleted",
        no!(DanglingMember),
    ),
    must(
        "entra-converged-readable",
        CYCLE,
        "everything the run made can be read back",
        no!(Unreadable),
    ),
];

fn of_kind(
    comparison: &Comparison,
    kind: DifferenceKind,
) -> impl Iterator<Item = &crate::difference::Difference> {
    comparison.differences.iter().filter(move |difference| difference.kind == kind)
}

/// Passes where a kind was put to the test and no difference of it was found.
fn none_of(comparison: &Comparison, kind: DifferenceKind) -> Verdict {
    let count = of_kind(comparison, kind).count();
    match of_kind(comparison, kind).next() {
        Some(first) => {
            let attribute =
                first.attribute.as_deref().map_or(String::new(), |it| format!(" `{it}`"));
            let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
            fail(
                format!("{}{attribute}: {}", first.subject, first.expected),
                format!("{}{more}", first.actual),
            )
        }
        None if comparison.exercised.contains(&kind) => Verdict::Pass,
        None => Verdict::NotApplicable,
    }
}

/// Takes a failure out of the reach of excuses.
fn beyond_excuse(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Fail { expected, actual, .. } => fail_by(Way::Defect, expected, actual),
        other => other,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let on =
            |id, kind| Canary { id, right: comparison(kind, false), wrong: comparison(kind, true) };
        vec![
            on("entra-converged-users-present", DifferenceKind::MissingUser),
            on("entra-converged-users-deleted", DifferenceKind::UserNotDeleted),
            on("entra-converged-users-once", DifferenceKind::SecondUser),
            on("entra-converged-user-attributes", DifferenceKind::UserAttribute),
            on("entra-converged-user-active", DifferenceKind::UserActive),
            on("entra-converged-user-manager", DifferenceKind::UserManager),
            on("entra-converged-groups-present", DifferenceKind::MissingGroup),
            on("entra-converged-groups-deleted", DifferenceKind::GroupNotDeleted),
            on("entra-converged-groups-once", DifferenceKind::SecondGroup),
            on("entra-converged-group-names", DifferenceKind::GroupName),
            on("entra-converged-group-attributes", DifferenceKind::GroupAttribute),
            on("entra-converged-members-present", DifferenceKind::MissingMember),
            on("entra-converged-members-only", DifferenceKind::UnexpectedMember),
            on("entra-converged-no-dangling-members", DifferenceKind::DanglingMember),
            on("entra-converged-readable", DifferenceKind::Unreadable),
        ]
    }

    #[test]
    fn a_kind_that_was_not_put_to_the_test_is_not_judged() {
        let comparison = Comparison::default();
        assert_eq!(none_of(&comparison, DifferenceKind::GroupName), Verdict::NotApplicable);
    }
}
