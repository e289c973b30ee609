//! Steps that only read: lists, queries, pages, orders, projections. Each looks at the history's
//! own resources alone, by the marker in their names.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::player::Play;
use crate::checks::check::{Episode, Found, Pair, State, encoded};
use crate::exchange::{Exchange, Request};
use crate::history::evaluate::{Truth, meets};
use crate::history::{Kind, Slot, Step, Verb};
use crate::scim;
use crate::scim::filter::Filter;

/// Pages walked at most; more than any history has resources.
const PAGES_MAX: usize = 200;
/// Entries of a list that are read by id.
const SAMPLE: usize = 3;

/// A list as it was walked.
pub(super) struct Walk {
    /// The entries, in order.
    pub(super) entries: Vec<Value>,
    /// `totalResults` of each page.
    totals: BTreeSet<u64>,
    /// The longest page.
    longest: usize,
}

impl Play<'_> {
    /// A query of a step; none where the verb is none.
    pub(super) async fn query(&mut self, step: &Step, it: &mut Episode) -> Option<()> {
        let kind = step.slot?.kind;
        let text = step.details.as_str().unwrap_or_default();
        match step.verb {
            Verb::Filter => self.filter(kind, text, it).await,
            Verb::FilterTwice => self.filter_twice(kind, text, it).await,
            Verb::Search => self.search(kind, text, it).await,
            Verb::Page => self.page(kind, step.details["count"].as_u64()?, it).await,
            Verb::Sort => self.sort(kind, &step.details, it).await,
            Verb::List => self.list(kind, it).await,
            Verb::Project => self.project(step, it).await,
            _ => return None,
        }
        Some(())
    }

    /// A filter that only the history's own resources can meet, in the tenant's words.
    fn own(&self, kind: Kind, filter: &str) -> String {
        let own = format!("{} co \"{}\"", kind.name_attribute(), self.names.marker());
        match filter {
            "" => own,
            filter => format!("({}) and {own}", self.names.expand(filter)),
        }
    }

    /// Walks a list to its end; `more` are further parameters.
    pub(super) async fn walk(
        &mut self,
        kind: Kind,
        filter: &str,
        more: &str,
        count: u64,
    ) -> Result<Walk, String> {
        let filter = encoded(&self.own(kind, filter));
        let mut walk = Walk { entries: Vec::new(), totals: BTreeSet::new(), longest: 0 };
        for _ in 0..PAGES_MAX {
            let start = walk.entries.len() + 1;
            let target = format!(
                "{}?filter={filter}&count={count}&startIndex={start}{more}",
                kind.collection()
            );
            let seen = self.ask(Request::get(target)).await;
            if !seen.is_success() {
                return Err(seen.told());
            }
            let page = seen.list()?;
            walk.totals.insert(page.total_results);
            walk.longest = walk.longest.max(page.resources.len());
            let is_last = page.resources.is_empty();
            walk.entries.extend(page.resources.iter().cloned());
            if is_last || walk.entries.len() as u64 >= page.total_results {
                break;
            }
        }
        Ok(walk)
    }

    /// The entries as scripts name them.
    pub(super) fn words(&self, entries: &[Value]) -> Vec<String> {
        let ids = entries.iter().map(|entry| entry["id"].as_str().unwrap_or("no id"));
        ids.map(|id| self.names.word(id).unwrap_or(id).to_owned()).collect()
    }

    /// What a filter must and may find among the history's own.
    fn expected(&self, kind: Kind, filter: &str) -> (BTreeSet<String>, BTreeSet<String>) {
        let (mut must, mut may) = (BTreeSet::new(), BTreeSet::new());
        let parsed = Filter::parse(&self.names.expand(filter));
        for slot in self.model.live(kind) {
            let truth = match (&parsed, self.model.full(slot)) {
                _ if filter.is_empty() => Truth::Holds,
                (Ok(filter), Some(state)) => {
                    let state: State = state
                        .into_iter()
                        .map(|(path, value)| (path, self.names.outgoing(&value)))
                        .collect();
                    meets(filter, kind, self.names.id(slot), &state)
                }
                _ => Truth::Open,
            };
            match truth {
                Truth::Holds => must.insert(slot.reference()),
                Truth::Open => may.insert(slot.reference()),
                Truth::Fails => false,
            };
        }
        (must, may)
    }

    async fn filter(&mut self, kind: Kind, filter: &str, it: &mut Episode) {
        let walk = self.walk(kind, filter, "", 200).await;
        let (must, may) = self.expected(kind, filter);
        if let Ok(walk) = &walk {
            it.pairs.push(Pair {
                what: format!("totalResults of {filter}"),
                expected: json!([walk.entries.len()]),
                actual: json!(walk.totals),
            });
        }
        let actual = walk.map(|walk| self.words(&walk.entries));
        it.found.push(Found { query: filter.to_owned(), must, may, actual });
    }

    /// A filter and what it is the same as: written otherwise, doubled, denied twice.
    async fn filter_twice(&mut self, kind: Kind, filter: &str, it: &mut Episode) {
        let Ok(parsed) = Filter::parse(&self.names.expand(filter)) else { return };
        let printed = parsed.to_string();
        let same = [
            format!("not (not ({printed}))"),
            format!("({printed}) and ({printed})"),
            format!("(({}))", otherwise(&parsed)),
        ];
        let Ok(first) = self.walk(kind, filter, "", 200).await else { return };
        let first = sorted(self.words(&first.entries));
        for other in same {
            let Ok(second) = self.walk(kind, &other, "", 200).await else { continue };
            it.pairs.push(Pair {
                what: format!("found by {other}"),
                expected: json!(first),
                actual: json!(sorted(self.words(&second.entries))),
            });
        }
        let all = format!("({printed}) or not ({printed})");
        if let Ok(everybody) = self.walk(kind, &all, "", 200).await {
            it.pairs.push(Pair {
                what: format!("found by {all}"),
                expected: json!(self.expected(kind, "").0),
                actual: json!(sorted(self.words(&everybody.entries))),
            });
        }
    }

    async fn search(&mut self, kind: Kind, filter: &str, it: &mut Episode) {
        let Ok(first) = self.walk(kind, filter, "", 200).await else { return };
        let body = json!({
            "schemas": [scim::SEARCH_REQUEST], "filter": self.own(kind, filter), "count": 200,
        });
        let seen = self.ask(Request::post(format!("{}/.search", kind.collection()), &body)).await;
        let second = match seen.list() {
            Ok(list) if seen.is_success() => json!(sorted(self.words(list.resources))),
            Ok(_) => json!(seen.told()),
            Err(why) => json!(why),
        };
        it.pairs.push(Pair {
            what: format!("found by POST /.search for {filter}"),
            expected: json!(sorted(self.words(&first.entries))),
            actual: second,
        });
    }

    async fn page(&mut self, kind: Kind, count: u64, it: &mut Episode) {
        let walk = self.walk(kind, "", "", count).await;
        if let Ok(walk) = &walk {
            let longest = u64::try_from(walk.longest).unwrap_or(u64::MAX);
            it.pairs.push(Pair {
                what: format!("entries on a page of at most {count}"),
                expected: json!(longest.min(count)),
                actual: json!(longest),
            });
            it.pairs.push(Pair {
                what: format!("totalResults on each page of {count}"),
                expected: json!([walk.entries.len()]),
                actual: json!(walk.totals),
            });
        }
        let actual = walk.map(|walk| self.words(&walk.entries));
        let must = self.expected(kind, "").0;
        let query = format!("a walk by pages of {count}");
        it.found.push(Found { query, must, may: BTreeSet::new(), actual });
    }

    async fn sort(&mut self, kind: Kind, details: &Value, it: &mut Episode) {
        let text = |name: &str| details[name].as_str().unwrap_or_default().to_owned();
        let (by, order) = (text("by"), text("order"));
        let more = format!("&sortBy={}&sortOrder={}", encoded(&by), encoded(&order));
        let walk = self.walk(kind, "", &more, 200).await;
        let Ok(walk) = walk else { return };
        let words = self.words(&walk.entries);
        let key = by.replace(&format!("{}:", scim::ENTERPRISE_USER), "enterprise.");
        let keys: Vec<Option<String>> =
            words.iter().map(|word| self.sort_key(word, &key)).collect();
        let is_descending = order == "descending";
        it.pairs.push(Pair {
            what: format!("sorted by {by}, {order}: out of order"),
            expected: json!([]),
            actual: json!(out_of_order(&keys, is_descending)),
        });
        let must = self.expected(kind, "").0;
        let query = format!("a list sorted by {by}");
        it.found.push(Found { query, must, may: BTreeSet::new(), actual: Ok(words) });
    }

    fn sort_key(&self, word: &str, path: &str) -> Option<String> {
        let slot: Slot = word.trim_matches(['<', '>']).parse().ok()?;
        let state = self.model.full(slot)?;
        let text = self.names.outgoing(state.get(path)?).as_str()?.to_lowercase();
        Some(text)
    }

    /// A list of everybody, some of its entries beside a read by id.
    async fn list(&mut self, kind: Kind, it: &mut Episode) {
        let walk = self.walk(kind, "", "", 200).await;
        for entry in walk.iter().flat_map(|walk| &walk.entries).take(SAMPLE) {
            let Some(id) = entry["id"].as_str() else { continue };
            let seen =
                self.ask(Request::get(format!("{}/{}", kind.collection(), encoded(id)))).await;
            let read = seen.json().filter(|_| seen.is_success());
            it.pairs.push(Pair {
                what: format!("the entry of {} in a list", self.names.word(id).unwrap_or(id)),
                expected: read.map_or(json!(seen.told()), |it| json!(self.state(kind, &it))),
                actual: json!(self.state(kind, entry)),
            });
        }
        let actual = walk.map(|walk| self.words(&walk.entries));
        let must = self.expected(kind, "").0;
        it.found.push(Found { query: "a list".to_owned(), must, may: BTreeSet::new(), actual });
    }

    /// A read of some attributes beside a read of all.
    async fn project(&mut self, step: &Step, it: &mut Episode) {
        let Some(slot) = step.slot.filter(|slot| self.model.holds(*slot)) else { return };
        let Some((way, named)) = step.details.as_object().and_then(|it| it.iter().next()) else {
            return;
        };
        let named = named.as_str().unwrap_or_default();
        let full = self.ask(Request::get(self.path(slot))).await;
        let target = format!("{}?{way}={}", self.path(slot), encoded(named));
        let part = self.ask(Request::get(target)).await;
        let (Some(full), Some(shown)) = (body(&full), body(&part)) else { return };
        let key = named.replace(&format!("{}:", scim::ENTERPRISE_USER), "enterprise.");
        let mut expected = self.state(slot.kind, &full);
        match way.as_str() {
            "attributes" => expected.retain(|path, _| *path == key),
            _ if key == slot.kind.name_attribute() => {}
            _ => {
                expected.remove(&key);
            }
        }
        let mut actual = self.state(slot.kind, &shown);
        if way == "attributes" && key != slot.kind.name_attribute() {
            // What is always returned is the server's choice.
            actual.remove(slot.kind.name_attribute());
        }
        if way != "attributes" && key == slot.kind.name_attribute() {
            expected.remove(&key);
            actual.remove(&key);
        }
        it.pairs.push(Pair {
            what: format!("{slot} with {way}={named}"),
            expected: json!(expected),
            actual: json!(actual),
        });
        it.pairs.push(Pair {
            what: format!("id of {slot} with {way}={named}"),
            expected: full["id"].clone(),
            actual: shown["id"].clone(),
        });
    }
}

fn body(seen: &Exchange) -> Option<Value> {
    seen.json().filter(|body| seen.is_success() && body.is_object())
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort();
    words
}

/// A filter in other words: operators and names in capitals, De Morgan's law applied.
fn otherwise(filter: &Filter) -> String {
    match filter {
        Filter::Or(parts) => {
            let denied: Vec<String> =
                parts.iter().map(|part| format!("not ({})", otherwise(part))).collect();
            format!("not ({})", denied.join(" and "))
        }
        Filter::And(parts) => {
            let denied: Vec<String> =
                parts.iter().map(|part| format!("not ({})", otherwise(part))).collect();
            format!("not ({})", denied.join(" or "))
        }
        Filter::Not(part) => format!("not ({})", otherwise(part)),
        Filter::Present(path) => format!("{} PR", path.to_string().to_uppercase()),
        Filter::Compare { path, operator, value } => {
            let (path, word) = (path.to_string().to_uppercase(), operator.word().to_uppercase());
            format!("{path} {word} {value}")
        }
        Filter::ValuePath { .. } => filter.to_string(),
    }
}

/// Neighbours that stand in the wrong order. No value comes last, first where descending; texts
/// with other letters than those of ASCII, and ties, may stand anyhow.
fn out_of_order(keys: &[Option<String>], is_descending: bool) -> Vec<String> {
    let plain = |key: &Option<String>| {
        key.as_ref().is_none_or(|key| key.chars().all(|letter| letter.is_ascii_alphanumeric()))
    };
    let wrong = |pair: &&[Option<String>]| {
        let [one, other] = pair else { return false };
        let (first, second) = if is_descending { (other, one) } else { (one, other) };
        match (first, second) {
            (None, Some(_)) => true,
            (Some(first), Some(second)) => first > second,
            _ => false,
        }
    };
    // A text of which the order is open makes the neighbours' order open, too.
    let known: Vec<Option<String>> = keys.iter().filter(|key| plain(key)).cloned().collect();
    let told = |pair: &[Option<String>]| {
        let of = |key: &Option<String>| key.clone().unwrap_or_else(|| "nothing".to_owned());
        pair.iter().map(of).collect::<Vec<_>>().join(" before ")
    };
    known.windows(2).filter(wrong).map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_judged_where_it_is_settled() {
        let keys = |texts: &[&str]| -> Vec<Option<String>> {
            texts.iter().map(|text| (!text.is_empty()).then(|| (*text).to_owned())).collect()
        };
        assert!(out_of_order(&keys(&["a", "b", "über", "b", ""]), false).is_empty());
        assert_eq!(out_of_order(&keys(&["b", "a", ""]), false), ["b before a"]);
        assert_eq!(out_of_order(&keys(&["", "a"]), false), ["nothing before a"]);
        assert!(out_of_order(&keys(&["", "b", "a"]), true).is_empty());
    }

    #[test]
    fn a_filter_in_other_words_reads_back() {
        let filter = r#"title eq "a" or not (active eq true and emails[type eq "work"])"#;
        let other = otherwise(&Filter::parse(filter).unwrap());
        assert!(Filter::parse(&other).is_ok(), "{other}");
        assert!(other.starts_with(r#"not (not (TITLE EQ "a") and not (not (not (not (ACTIVE"#));
    }
}
