//! What a provisioning job remembers between cycles: links, escrows, quarantine.
//!
//! The link table is all that grows with the population: an id and a few bits for each object.

use std::collections::{BTreeMap, BTreeSet};

use super::connector::Kind;
use super::failure::{ObjectFailure, Retry};
use crate::directory::{GroupIndex, UserIndex};
use crate::profile::EntraSettings;

/// Minutes from the first failure to the first retries: 6, 12 and 24 hours, then each day.
const LADDER_MINUTES: [u64; 2] = [6 * 60, 12 * 60];
const DAY_MINUTES: u64 = 24 * 60;
/// After 28 days an escrow is dropped and a quarantined job is disabled.
const GIVE_UP_MINUTES: u64 = 28 * 24 * 60;

/// One linked user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserLink {
    /// The id in the tenant.
    pub id: String,
    /// Whether the job still manages the user; it stops when the user leaves the scope.
    pub is_managed: bool,
    /// Whether the user was last exported as active.
    pub is_active: bool,
    /// The manager last exported.
    pub manager: Option<UserIndex>,
}

/// One linked group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLink {
    /// The id in the tenant.
    pub id: String,
    /// The directory object behind it: a group created anew under the old name is another one.
    pub object_id: String,
    /// The members last exported.
    pub members: BTreeSet<Member>,
}

/// A member of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Member {
    /// A user.
    User(UserIndex),
    /// A nested group.
    Group(GroupIndex),
}

impl Member {
    /// The object that is the member.
    pub fn key(self) -> ObjectKey {
        match self {
            Self::User(index) => ObjectKey { kind: Kind::User, index },
            Self::Group(index) => ObjectKey { kind: Kind::Group, index },
        }
    }
}

/// Which objects are in the tenant, as far as the job knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// Users by index.
    pub users: BTreeMap<UserIndex, UserLink>,
    /// Groups by index.
    pub groups: BTreeMap<GroupIndex, GroupLink>,
}

impl Links {
    /// The id of a member in the tenant.
    pub fn id_of(&self, member: Member) -> Option<&str> {
        match member {
            Member::User(index) => self.users.get(&index).map(|link| link.id.as_str()),
            Member::Group(index) => self.groups.get(&index).map(|link| link.id.as_str()),
        }
    }
}

/// An object of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// User or group.
    pub kind: Kind,
    /// Its index.
    pub index: usize,
}

impl std::fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            Kind::User => write!(f, "user {}", self.index),
            Kind::Group => write!(f, "group {}", self.index),
        }
    }
}

/// Something of which a lost answer leaves open whether it took effect. Entra never reads members
/// nor managers back, nor does it look for a resource under a name that its object has no longer:
/// what was lost and is not tried again in the same words stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// Whether a resource was made for the object.
    Creation(ObjectKey),
    /// Who is the user's manager.
    Manager(UserIndex),
    /// Whether somebody is a member of the group.
    Membership(GroupIndex, Member),
}

/// One object's failure that is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escrow {
    /// The last failure.
    pub failure: ObjectFailure,
    /// When it failed first, in minutes on the directory's clock.
    pub since_minutes: u64,
    /// How often it was tried again.
    pub retries: u32,
    /// When it is due again, in minutes on the directory's clock.
    pub next_attempt_minutes: u64,
}

/// All objects that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Escrows(BTreeMap<ObjectKey, Escrow>);

impl Escrows {
    /// Notes a failure at this time.
    pub fn failed(&mut self, key: ObjectKey, failure: ObjectFailure, now_minutes: u64) {
        let known = self.0.get(&key);
        let since = known.map_or(now_minutes, |escrow| escrow.since_minutes);
        let retries = known.map_or(0, |escrow| escrow.retries + 1);
        let next_attempt_minutes = match failure.retry {
            Retry::NextCycle => now_minutes,
            Retry::BackOff => next_step(since, now_minutes),
        };
        let escrow = Escrow { failure, since_minutes: since, retries, next_attempt_minutes };
        self.0.insert(key, escrow);
    }

    /// The object succeeded or needs nothing any more.
    pub fn settled(&mut self, key: ObjectKey) {
        self.0.remove(&key);
    }

    /// Objects to try again now; those past 28 days are dropped.
    pub fn due(&mut self, now_minutes: u64) -> Vec<ObjectKey> {
        self.0.retain(|_, escrow| now_minutes < escrow.since_minutes + GIVE_UP_MINUTES);
        let due = self.0.iter().filter(|(_, escrow)| escrow.next_attempt_minutes <= now_minutes);
        due.map(|(key, _)| *key).collect()
    }

    /// Forgets all (restart with `Escrows`).
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The escrow of one object.
    pub fn get(&self, key: ObjectKey) -> Option<&Escrow> {
        self.0.get(&key)
    }

    /// Every object in escrow.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectKey, &Escrow)> {
        self.0.iter()
    }

    /// How many objects are in escrow.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is in escrow.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The first step of the ladder after now: 6, 12, 24 hours after the first failure, then each day.
fn next_step(since_minutes: u64, now_minutes: u64) -> u64 {
    let passed = now_minutes.saturating_sub(since_minutes);
    let early = LADDER_MINUTES.into_iter().find(|step| *step > passed);
    since_minutes + early.unwrap_or((passed / DAY_MINUTES + 1) * DAY_MINUTES)
}

/// Why a job is in quarantine, in Graph's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuarantineReason {
    /// Refused credentials, or an endpoint that is no SCIM one.
    EncounteredQuarantineException,
    /// Too large a share of attempts failed.
    EncounteredEscrowProportionThreshold,
    /// Too many objects failed.
    EncounteredBaseEscrowThreshold,
    /// Too many objects and references failed.
    EncounteredTotalEscrowThreshold,
    /// More deletions in one cycle than the accidental-deletion threshold allows.
    TooManyDeletes,
}

impl QuarantineReason {
    /// The counting rules: whether a cycle with so many failed objects and references, out of so
    /// many attempts, puts its job into quarantine.
    pub fn by_count(
        settings: &EntraSettings,
        failures: u64,
        references: u64,
        attempts: u64,
    ) -> Option<Self> {
        if failures + references < settings.quarantine_failures_min {
            None
        } else if failures > settings.quarantine_failures_max {
            Some(Self::EncounteredBaseEscrowThreshold)
        } else if failures + references > settings.quarantine_total_max {
            Some(Self::EncounteredTotalEscrowThreshold)
        } else if failures * 100 > settings.quarantine_failures_percent * attempts {
            Some(Self::EncounteredEscrowProportionThreshold)
        } else {
            None
        }
    }
}

/// A job that runs less and less often until it succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// Why.
    pub reason: QuarantineReason,
    /// What an admin reads.
    pub message: String,
    /// When it began, in minutes on the directory's clock.
    pub began_minutes: u64,
    /// When the next attempt is due, in minutes on the directory's clock.
    pub next_attempt_minutes: u64,
    /// How often it was tried again.
    pub attempts: u32,
}

impl Quarantine {
    /// A quarantine that begins now.
    pub fn new(reason: QuarantineReason, message: String, now_minutes: u64) -> Self {
        let next_attempt_minutes = next_step(now_minutes, now_minutes);
        Self { reason, message, began_minutes: now_minutes, next_attempt_minutes, attempts: 0 }
    }

    /// An attempt is made now; the next one is due on the ladder's next step.
    pub fn tried(&mut self, now_minutes: u64) {
        self.attempts += 1;
        self.next_attempt_minutes = next_step(self.began_minutes, now_minutes);
    }

    /// Whether the job is disabled for good: four weeks passed.
    pub fn is_disabled(&self, now_minutes: u64) -> bool {
        now_minutes >= self.began_minutes + GIVE_UP_MINUTES
    }

    /// The text that would be mailed to the notification address.
    pub fn notification(&self) -> String {
        format!(
            "The provisioning job is in quarantine. Reason: {:?}. {} Cycles run less often until \
             one succeeds; after four weeks the job is disabled.",
            self.reason, self.message
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Operation;

    fn failure(retry: Retry) -> ObjectFailure {
        ObjectFailure {
            code: "x",
            message: String::new(),
            operation: Operation::UpdateUser,
            status: 400,
            exchange: None,
            retry,
            is_reference: false,
            stops_job: false,
            may_have_acted: false,
        }
    }

    #[test]
    fn a_passing_failure_is_due_at_once_and_a_lasting_one_backs_off() {
        let mut escrows = Escrows::default();
        let user = ObjectKey { kind: Kind::User, index: 1 };
        let group = ObjectKey { kind: Kind::Group, index: 1 };
        escrows.failed(user, failure(Retry::NextCycle), 0);
        escrows.failed(group, failure(Retry::BackOff), 0);
        assert_eq!(escrows.due(40), vec![user]);
        assert_eq!(escrows.due(6 * 60), vec![user, group]);
        escrows.failed(group, failure(Retry::BackOff), 6 * 60);
        assert_eq!(escrows.due(11 * 60), vec![user]);
        assert_eq!(escrows.due(12 * 60), vec![user, group]);
        escrows.settled(user);
        assert_eq!(escrows.len(), 1);
    }

    #[test]
    fn after_four_weeks_an_escrow_is_dropped() {
        let mut escrows = Escrows::default();
        escrows.failed(ObjectKey { kind: Kind::User, index: 1 }, failure(Retry::BackOff), 0);
        assert!(escrows.due(28 * 24 * 60).is_empty());
        assert!(escrows.is_empty());
    }

    #[test]
    fn the_ladder_is_six_twelve_twenty_four_hours_and_then_daily() {
        let hours = |at: u64| next_step(60, 60 + at * 60) / 60 - 1;
        let due: Vec<u64> = [0, 5, 6, 11, 12, 23, 24, 47, 48, 200].map(hours).to_vec();
        assert_eq!(due, [6, 6, 12, 12, 24, 24, 48, 48, 72, 216]);
    }

    #[test]
    fn an_attempt_that_comes_late_does_not_bring_the_next_ones_at_once() {
        let reason = QuarantineReason::EncounteredQuarantineException;
        let mut quarantine = Quarantine::new(reason, String::new(), 0);
        quarantine.tried(50 * 60);
        assert_eq!(quarantine.next_attempt_minutes, 72 * 60);
    }
}
