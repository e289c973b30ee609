//! A load that is killed goes on where it was, as often as it takes, and does nothing twice.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use scimrig::directory::{Directory, Population, mix_both};

use super::TOKEN;
use super::support::binary::{Folder, Running};
use super::support::census::expect_exactly;
use super::support::proxy::Proxy;
use super::support::tenant::{Served, count_at};

const KILLS: u64 = 10;
/// Requests in flight: what a kill may cost, and no more.
const CONCURRENCY: u64 = 5;
const SEED: u64 = 7;
/// Users where `SCIMRIG_KILLED_LOAD_USERS` does not say otherwise.
const USERS: usize = 1_000;

/// With `SCIMRIG_KILLED_LOAD_USERS=20000`, and `SCIMRIG_UNDER_TEST` naming a release build, it is
/// the long test.
#[test]
fn a_load_killed_ten_times_leaves_every_user_and_group_once() {
    let folder = Folder::of("killed-load");
    let users = std::env::var("SCIMRIG_KILLED_LOAD_USERS").ok();
    let users = users.map_or(USERS, |text| text.parse().expect("a number of users"));
    let population = Population {
        seed: SEED,
        users,
        groups: users / 50,
        members_per_group: 20,
        ..Population::default()
    };
    let served = Served::start(&folder, TOKEN, &["--profile", "strict"]);
    let proxy = Proxy::start(served.url(), [].into());
    proxy.hold_deletes();
    let load = Load { folder: &folder, proxy: &proxy, population: &population };
    let began = Instant::now();
    for kill in 0..KILLS {
        load.run_and_kill(kill);
    }
    let mut last = load.start(true);
    while !proxy.has_deletes() && last.is_running() {
        thread::sleep(Duration::from_millis(5));
    }
    expect_exactly(served.url(), TOKEN, &population);
    load.expect_nothing_twice();
    proxy.let_deletes_go();
    last.finish().expect_code(&[0]);
    let report = folder.report().expect("the last run leaves a report");
    assert_eq!(report["load"]["differences-total"], 0, "{}", report["load"]["differences"]);
    assert_eq!(report["load"]["users-found"], population.users);
    assert_eq!(report["load"]["memberships"], population.membership_count());
    assert_eq!(report["clean-up"]["left"].as_array().map(Vec::len), Some(0));
    for endpoint in ["/Users", "/Groups"] {
        assert_eq!(count_at(served.url(), endpoint, TOKEN), 0, "{endpoint}");
    }
    println!("{users} users, {KILLS} kills, {:.1} s", began.elapsed().as_secs_f64());
}

/// One load, run again and again.
struct Load<'a> {
    folder: &'a Folder,
    proxy: &'a Proxy,
    population: &'a Population,
}

impl Load<'_> {
    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.jsonl")
    }

    fn start(&self, resumes: bool) -> Running {
        let it = self.population;
        let [users, groups, members] =
            [it.users, it.groups, it.members_per_group].map(|number| number.to_string());
        let (seed, concurrency) = (SEED.to_string(), CONCURRENCY.to_string());
        let url = self.proxy.url();
        let size = ["--users", &users, "--groups", &groups, "--members-per-group", &members];
        let common = ["--profile", "strict", "--tenant-url", &url, "--seed", &seed];
        let kept = ["--concurrency", &concurrency, if resumes { "--resume" } else { "--journal" }];
        let command = [&["load"], &size[..], &common, &kept, &["journal.jsonl"]].concat();
        self.folder.scimrig(&command).token(TOKEN).within(600).start()
    }

    /// Kills it once the journal is as long as drawn: each time within another tenth of the whole,
    /// the first time as soon as there is a journal.
    fn run_and_kill(&self, kill: u64) {
        let tenth = self.expected_lines() / KILLS;
        let lines = match kill {
            0 => 0,
            _ => (kill - 1) * tenth + mix_both(SEED, kill) % tenth,
        };
        let mut running = self.start(kill > 0);
        let mut journal = Journal::default();
        while !self.journal().exists() || journal.lines(&self.journal()) < lines {
            assert!(running.is_running(), "it ended before the kill:\n{}", running.printed());
            thread::sleep(Duration::from_micros(500));
        }
        running.signal("KILL");
        drop(running);
        if kill % 2 == 1 {
            // What a full disk or a power cut leaves of a line.
            let mut file = fs::File::options().append(true).open(self.journal()).unwrap();
            file.write_all(b"{\"event\":\"creat").unwrap();
        }
    }

    /// Three lines for each object, one for each reference.
    fn expected_lines(&self) -> u64 {
        let objects = self.population.users + self.population.groups;
        (3 * objects) as u64 + self.references()
    }

    /// How many requests set managers and members, one each.
    fn references(&self) -> u64 {
        let directory = Directory::new(self.population.clone());
        let has_manager = |user: &usize| directory.user(*user).manager.is_some();
        let managers = (0..self.population.users).filter(has_manager).count();
        (managers + self.population.membership_count()) as u64
    }

    /// As the proxy saw it. A reference whose answer a kill took away is set again.
    fn expect_nothing_twice(&self) {
        let made = |path: &str| self.proxy.answered(&format!("POST /scim/{path} 201"));
        let objects = [self.population.users, self.population.groups].map(|it| it as u64);
        assert_eq!([made("Users"), made("Groups")], objects);
        let answers = ["Users 200", "Users 204", "Groups 200", "Groups 204"];
        let count = |how: &&str| self.proxy.answered(&format!("PATCH /scim/{how}"));
        let patches: u64 = answers.iter().map(count).sum();
        let expected = self.references()..=self.references() + KILLS * CONCURRENCY;
        assert!(expected.contains(&patches), "{patches} PATCHes, expected {expected:?}");
    }
}

/// Counts the lines of a file that grows.
#[derive(Default)]
struct Journal {
    read: u64,
    lines: u64,
}

impl Journal {
    fn lines(&mut self, path: &Path) -> u64 {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = fs::File::open(path).expect("the journal is there");
        file.seek(SeekFrom::Start(self.read)).expect("a file can be sought in");
        let mut more = Vec::new();
        file.read_to_end(&mut more).expect("the journal can be read");
        self.read += more.len() as u64;
        self.lines += more.split(|byte| *byte == b'\n').skip(1).count() as u64;
        self.lines
    }
}
