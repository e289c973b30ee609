//! What the probes of a run share: the corpus, a fixture for all that only read, and what the
//! tenant says of itself.
//!
//! Each is made when the first check wants it and taken away when the last has ended. A probe that
//! writes has a fixture of its own: nobody meets what another one changed.

use http::Method;
use tokio::sync::Mutex;

use super::capabilities::Asker;
use super::probe::ATTEMPTS_MAX;
use super::{ProbeSettings, fixture};
use crate::checks::capability::Capabilities;
use crate::checks::check::{
    CORPUS_USERS, Check, Fixture, Judge, Known, Risk, Setting, create_user, get, is_throttled,
};
use crate::exchange::{Exchange, Operation, Request};
use crate::tenant::Tenant;

/// The names under which the requests are recorded.
const NAME: &str = "corpus";
const OPERATION: Operation = Operation::Probe(NAME);
const READ_ALONE: &str = "read-alone";

/// A fixture, and the answer that refused a part of it.
type Made = (Fixture, Result<(), Exchange>);

/// What was made so far, by setting.
#[derive(Default)]
pub(super) struct Shared {
    made: Mutex<Vec<(Setting, Made)>>,
    /// What discovery answered, by target.
    said: Mutex<Vec<(String, Exchange)>>,
}

impl Shared {
    /// Whether the probe lives on what is shared: it looks the corpus up, or all its requests read.
    pub(super) fn serves(check: &Check) -> bool {
        let Judge::Probe(requests, _) = check.judge else {
            return check.setting == Setting::Corpus;
        };
        let example = Fixture::example(check.setting, "example");
        check.setting == Setting::Corpus
            || check.risk == Risk::Harmless && requests(&example).iter().all(is_read)
    }

    /// The fixture of that setting; made where there is none yet.
    pub(super) async fn fixture(
        &self,
        tenant: &Tenant,
        capabilities: &Capabilities,
        settings: &ProbeSettings,
        setting: Setting,
    ) -> Made {
        let mut all = self.made.lock().await;
        if let Some((_, made)) = all.iter().find(|(of, _)| *of == setting) {
            return made.clone();
        }
        let asker = Asker { tenant, settings };
        let made = match setting {
            Setting::Corpus => make_corpus(&asker, capabilities).await,
            _ => make(&asker, capabilities, setting).await,
        };
        all.push((setting, made.clone()));
        made
    }

    /// What discovery answered to this very request before; asked now where nobody did.
    pub(super) async fn discovered(
        &self,
        asker: impl AsyncFnOnce() -> Exchange,
        target: &str,
    ) -> Exchange {
        let mut all = self.said.lock().await;
        if let Some((_, said)) = all.iter().find(|(of, _)| of == target) {
            return said.clone();
        }
        let said = asker().await;
        if said.is_success() {
            all.push((target.to_owned(), said.clone()));
        }
        said
    }

    /// Deletes what was made.
    pub(super) async fn take_away(&self, tenant: &Tenant) {
        for (_, (its, _)) in self.made.lock().await.drain(..) {
            fixture::take_away(tenant, &its, &[]).await;
        }
    }
}

fn is_read(request: &Request) -> bool {
    let is_search = request.method == Method::POST && request.path().ends_with("/.search");
    is_search || matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether it is a plain look at a discovery endpoint, as most checks of discovery begin with.
pub(super) fn is_plain_discovery(request: &Request) -> bool {
    let plain = Request::get(request.target.as_str());
    *request == plain
        && ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"]
            .contains(&request.target.as_str())
}

/// Makes a fixture, again where the tenant throttled it.
async fn make(asker: &Asker<'_>, capabilities: &Capabilities, setting: Setting) -> Made {
    let Asker { tenant, settings } = asker;
    let mut attempt = 0;
    loop {
        // No two settings share a name.
        let seed = settings.seed ^ fixture::hash(0, &format!("{setting:?}"), 0);
        let made = fixture::make(tenant, capabilities, READ_ALONE, setting, seed, attempt).await;
        attempt += 1;
        match &made.1 {
            Err(refused)
                if is_throttled(refused) && attempt < ATTEMPTS_MAX && !settings.stopped() =>
            {
                fixture::take_away(tenant, &made.0, &[]).await;
                settings.pause_after(refused).await;
            }
            _ => return made,
        }
    }
}

async fn make_corpus(asker: &Asker<'_>, capabilities: &Capabilities) -> Made {
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
