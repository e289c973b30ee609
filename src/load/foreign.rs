//! Users that other shares of the same load made: found as Entra finds whom it has not linked, by a
//! look-up of the Matching attribute.
//!
//! Shares are not synchronised. Who needs a user that is not there yet waits for it, all together
//! no longer than a limit: then the user counts as missing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use tokio::sync::watch;

use crate::directory::UserIndex;
use crate::entra::connector::{Connector, ObjectTask};

/// How long the load waits for users of others, all waits together.
const WAIT_MAX: Duration = Duration::from_mins(10);
/// The pause between two look-ups of one user.
const PAUSE: Duration = Duration::from_millis(500);

/// What is known of users of other shares.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    ids: DashMap<UserIndex, Box<str>>,
    waited_millis: AtomicU64,
}

impl Foreign {
    /// The id of a user of another share; none where it does not come about in time.
    pub(super) async fn id_of(
        &self,
        connector: &Connector,
        user: UserIndex,
        task: &ObjectTask,
        stop: &watch::Receiver<bool>,
    ) -> Option<String> {
        if let Some(id) = self.ids.get(&user) {
            return Some(id.to_string());
        }
        loop {
            if let Ok(Some(id)) = connector.look_up(task).await {
                self.ids.insert(user, id.as_str().into());
                return Some(id);
            }
            let waited = Duration::from_millis(self.waited_millis.load(Ordering::Relaxed));
            if waited >= WAIT_MAX || *stop.borrow() {
                return None;
            }
            let began = Instant::now();
            tokio::time::sleep(PAUSE).await;
            let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.waited_millis.fetch_add(millis, Ordering::Relaxed);
        }
    }

    /// The id of a user of another share, as far as it was looked up.
    pub(super) fn known(&self, user: UserIndex) -> Option<String> {
        self.ids.get(&user).map(|id| id.to_string())
    }
}
