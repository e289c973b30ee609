//! The corpus of a run: made when the first check wants it, taken away when the last has ended.

use tokio::sync::Mutex;

use super::capabilities::Asker;
use super::{ProbeSettings, fixture};
use crate::checks::capability::Capabilities;
use crate::checks::check::{CORPUS_USERS, Fixture, Known, create_user, get};
use crate::exchange::{Exchange, Operation};
use crate::tenant::Tenant;

/// The name under which its requests are recorded.
const NAME: &str = "corpus";
const OPERATION: Operation = Operation::Probe(NAME);

/// The corpus, or nothing yet.
#[derive(Default)]
pub(super) struct Corpus {
    made: Mutex<Option<(Fixture, Result<(), Exchange>)>>,
}

impl Corpus {
    /// The corpus; made where there is none yet.
    pub(super) async fn fixture(
        &self,
        tenant: &Tenant,
        capabilities: &Capabilities,
        settings: &ProbeSettings,
    ) -> (Fixture, Result<(), Exchange>) {
        let mut made = self.made.lock().await;
        if made.is_none() {
            *made = Some(make(&Asker { tenant, settings }, capabilities).await);
        }
        made.clone().expect("it was made a line above")
    }

    /// Deletes what was made.
    pub(super) async fn take_away(&self, tenant: &Tenant) {
        if let Some((its, _)) = self.made.lock().await.take() {
            fixture::take_away(tenant, &its, &[]).await;
        }
    }
}

async fn make(asker: &Asker<'_>, capabilities: &Capabilities) -> (Fixture, Result<(), Exchange>) {
    let seed = asker.settings.seed;
    let mut its = Fixture {
        users: Vec::new(),
        group: None,
        absent: Tenant::fabricated_id(fixture::hash(seed, NAME, 0)),
        marker: fixture::marker(seed, NAME, 0),
        user_body: capabilities.user_body,
    };
    for number in 0..CORPUS_USERS {
        match make_user(asker, &its, number).await {
            Ok(user) => its.users.push(user),
            Err(refused) => return (its, Err(*refused)),
        }
    }
    (its, Ok(()))
}

/// Creates a user and reads it: what the tenant holds is what filters are judged by.
async fn make_user(
    asker: &Asker<'_>,
    its: &Fixture,
    number: usize,
) -> Result<Known, Box<Exchange>> {
    let mut sent = its.corpus_user(number);
    let mut made = asker.ask(OPERATION, create_user(&sent)).await;
    if matches!(made.status(), 400..=499) {
        sent = its.plain_corpus_user(number);
        made = asker.ask(OPERATION, create_user(&sent)).await;
    }
    let Some(id) = made.id().filter(|_| made.is_success()) else { return Err(Box::new(made)) };
    let mut user = Known { collection: "/Users", id, sent };
    let read = asker.ask(OPERATION, get(&user)).await;
    if let Some(held) = read.json().filter(|_| read.id().as_ref() == Some(&user.id)) {
        user.sent = held;
    }
    Ok(user)
}
