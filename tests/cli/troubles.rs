//! Troubles of networks and servers in the middle of a load: whatever they are, every object
//! arrives once, and the report counts each of them.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use scimrig::directory::{Population, mix_both};
use serde_json::Value;

use super::TOKEN;
use super::support::binary::Folder;
use super::support::census::expect_exactly;
use super::support::proxy::{Proxy, Trouble};
use super::support::tenant::Served;

const SEED: u64 = 11;
/// `--timeout` of the load, in seconds; the slowest answer comes later.
const TIMEOUT: &str = "2";
const TOO_SLOW: Duration = Duration::from_secs(3);
const SLOW: Duration = Duration::from_millis(500);
const DOWN: Duration = Duration::from_secs(2);

/// Twenty troubles; a burst of server errors is one of them. A restart cuts short what is slow, so
/// what is too slow comes behind.
const TROUBLES: [&[Trouble]; 20] = [
    &[Trouble::Reset],
    &[Trouble::Fail(503); 7],
    &[Trouble::LoseAnswer],
    &[Trouble::Restart(DOWN)],
    &[Trouble::CutAnswer],
    &[Trouble::Slow(SLOW)],
    &[Trouble::Reset],
    &[Trouble::Restart(DOWN)],
    &[Trouble::LoseAnswer],
    &[Trouble::Fail(500); 5],
    &[Trouble::Slow(TOO_SLOW)],
    &[Trouble::CutAnswer],
    &[Trouble::Throttle(1), Trouble::Throttle(1), Trouble::Throttle(2)],
    &[Trouble::LoseAnswer, Trouble::LoseAnswer],
    &[Trouble::Fail(502); 12],
    &[Trouble::Reset, Trouble::Reset, Trouble::Reset],
    &[Trouble::Slow(SLOW)],
    &[Trouble::LoseAnswer],
    &[Trouble::Slow(TOO_SLOW)],
    &[Trouble::Throttle(1)],
];

#[test]
fn twenty_troubles_lose_nothing_double_nothing_and_are_all_counted() {
    let folder = Folder::of("twenty-troubles");
    let population = Population {
        seed: SEED,
        users: 2_000,
        groups: 40,
        members_per_group: 20,
        ..Population::default()
    };
    let served = Served::start(&folder, TOKEN, &["--profile", "strict"]);
    let proxy = Proxy::start(served.url(), drawn(&population));
    proxy.hold_deletes();
    let (url, seed) = (proxy.url(), SEED.to_string());
    let size = ["--users", "2000", "--groups", "40", "--members-per-group", "20"];
    let common = ["--profile", "strict", "--tenant-url", &url, "--seed", &seed];
    let command = [&["load"], &size[..], &common, &["--timeout", TIMEOUT]].concat();
    let mut load = folder.scimrig(&command).token(TOKEN).within(110).start();
    while !proxy.has_deletes() && load.is_running() {
        thread::sleep(Duration::from_millis(5));
    }
    expect_exactly(served.url(), TOKEN, &population);
    let made = |path: &str| proxy.answered(&format!("POST /scim/{path} 201"));
    // A restart hides some answers from the proxy as well.
    assert!(made("Users") <= 2_000 && made("Groups") <= 40, "something was made twice");
    proxy.let_deletes_go();
    load.finish().expect_code(&[0, 1]);
    let report = folder.report().expect("a load leaves a report");
    let load = &report["load"];
    assert_eq!(load["differences-total"], 0, "{}", load["differences"]);
    assert_eq!((&load["users-found"], &load["groups-found"]), (&2_000.into(), &40.into()));
    assert_eq!(load["memberships"], population.membership_count());
    assert_eq!(report["clean-up"]["left"], Value::Array(Vec::new()));
    expect_all_counted(&report, &proxy.made());
}

/// Where the troubles lie: each in a twentieth of the requests of its own.
fn drawn(population: &Population) -> BTreeMap<u64, Trouble> {
    let requests = 2 * population.users + 2 * population.groups + population.membership_count();
    let (first, each) = (10, requests as u64 / TROUBLES.len() as u64);
    let mut drawn = BTreeMap::new();
    for (nth, troubles) in (0..).zip(TROUBLES) {
        let begin = first + nth * each + mix_both(SEED, nth) % (each - 20);
        drawn.extend((begin..).zip(troubles.iter().copied()));
    }
    drawn
}

/// Holds the report's counts against what the proxy did.
fn expect_all_counted(report: &Value, made: &BTreeMap<&str, u64>) {
    let (mut sent, mut errors, mut by_kind) = (0, 0, BTreeMap::<String, u64>::new());
    for row in report["operations"].as_array().expect("a report has its operations") {
        let statuses = row["statuses"].as_object().expect("an operation has its statuses");
        let statuses = statuses.iter().map(|(kind, it)| (kind, it.as_u64().expect("a count")));
        let (mut all, mut bad) = (0, 0);
        for (kind, count) in statuses {
            all += count;
            bad += if kind.starts_with('2') { 0 } else { count };
            *by_kind.entry(kind.clone()).or_default() += count;
        }
        assert_eq!((&row["count"], &row["errors"]), (&all.into(), &bad.into()), "{row}");
        (sent, errors) = (sent + all, errors + bad);
    }
    assert_eq!(report["requests"]["sent"], sent);
    let kind = |name: &str| by_kind.get(name).copied().unwrap_or(0);
    let made = |name: &str| made.get(name).copied().unwrap_or(0);
    println!("troubles made and seen: {by_kind:?}");
    assert_eq!([kind("503"), kind("500"), kind("502")], [7, 5, 12]);
    assert_eq!((kind("429"), made("throttle")), (4, 4));
    assert_eq!(report["load"]["throttling"]["answers"], 4);
    assert_eq!(kind("timeout"), 2, "the two slow ones of more than the time limit");
    let broken = kind("protocol") + kind("broken-body");
    let least = made("reset") + made("lose-answer") + made("cut-answer") + made("restart");
    assert_eq!((made("reset"), made("lose-answer")), (5, 5));
    assert!(broken >= least, "{broken} broken connections, at least {least} were broken");
    assert!(kind("connect") > 0, "while nobody listened");
    let counted = 7 + 5 + 12 + 4 + 2 + broken + kind("connect");
    assert_eq!(errors, counted, "nothing failed besides: {by_kind:?}");
    let moments = report["load"]["timeline"].as_array().expect("a load has its timeline");
    let told = moments.iter().map(|it| it["errors"].as_u64().expect("a count")).sum::<u64>();
    assert_eq!(told, errors, "all of them in the course of the load");
}
