//! Compares one resource at a time, for a job's whole projection and for a load's sample alike.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Expected, Members, PAUSE, Subject, look};
use crate::difference::{Difference, DifferenceKind};
use crate::directory::{GroupIndex, UserIndex};
use crate::entra::connector::{Connector, Kind};
use crate::entra::projection::{ProjectedGroup, ProjectedUser};
use crate::entra::state::ObjectKey;
use crate::entra::target::TargetPath;

/// Compares resources one at a time; whatever differs is looked at again for a while.
pub struct Comparer {
    pub(super) connector: Connector,
    /// The first Matching attributes, by which second resources are looked for.
    pub(super) user: TargetPath,
    pub(super) group: TargetPath,
    /// Differences that the profile documents: they are final and not waited for.
    documented: Vec<DifferenceKind>,
    /// Milliseconds that are left for looking again, all resources together.
    patience: AtomicU64,
}

impl Comparer {
    /// Reads through this connector, and waits no longer than the window over all resources.
    pub fn new(connector: Connector, window: Duration) -> Self {
        let path = |names: &[String], default: &str| {
            let name = names.first().map_or(default, String::as_str);
            TargetPath::parse(name)
                .or_else(|_| TargetPath::parse(default))
                .expect("the default Matching attribute is a path")
        };
        let settings = &connector.settings;
        let user = path(&settings.match_user, "userName");
        let group = path(&settings.match_group, "displayName");
        let patience = AtomicU64::new(millis(window));
        Self { user, group, connector, documented: Vec::new(), patience }
    }

    /// Takes differences of these kinds for final, because the profile documents them.
    pub fn with_documented(self, documented: Vec<DifferenceKind>) -> Self {
        Self { documented, ..self }
    }

    /// Compares one user. A manager is expected where its id is given; none says nothing.
    pub async fn user(
        &self,
        index: UserIndex,
        id: &str,
        expected: ProjectedUser,
        manager: Option<&str>,
    ) -> Vec<Difference> {
        let key = ObjectKey { kind: Kind::User, index };
        let manager = manager.map_or(Expected::Nothing, |id| Expected::Id(id.to_owned()));
        let expected = Box::new(expected);
        self.compare(&Subject::User { key, id: id.to_owned(), expected, manager }, true).await
    }

    /// Compares one group, which should have exactly these members.
    pub async fn group(
        &self,
        index: GroupIndex,
        id: &str,
        expected: ProjectedGroup,
        members: BTreeSet<String>,
    ) -> Vec<Difference> {
        let key = ObjectKey { kind: Kind::Group, index };
        let members = Members { wanted: members, deleted: BTreeSet::new() };
        let expected = Box::new(expected);
        self.compare(&Subject::Group { key, id: id.to_owned(), expected, members }, true).await
    }

    pub(super) async fn compare(&self, subject: &Subject, may_wait: bool) -> Vec<Difference> {
        loop {
            let found = look(self, subject).await;
            let is_final = found.iter().all(|one| self.documented.contains(&one.kind));
            if is_final || !may_wait || !self.waits_a_little() {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Takes one pause out of the patience that is left.
    fn waits_a_little(&self) -> bool {
        let pause = millis(PAUSE);
        self.patience
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(pause))
            .is_ok()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
