//! Live progress: a bar on a terminal, plain lines elsewhere.
//!
//! Lines are few: one for each finished stage, and while a stage is long at most one each five
//! seconds, so that a CI log stays readable and a person who waits knows that something moves.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::visible::visible;
use crate::run::Telling;

/// The least time between two plain lines of one stage.
const PAUSE: Duration = Duration::from_secs(5);
/// Characters of what a step says.
const STEP: usize = 60;
/// Characters of what a stage came to.
const LINE: usize = 400;

/// Tells a person on stderr how far a run has come.
pub struct Progress(Teller);

enum Teller {
    Bar(ProgressBar),
    Lines(Mutex<Lines>),
}

/// Plain lines, and what was said last.
struct Lines {
    out: Box<dyn Write + Send>,
    pause: Duration,
    stage: String,
    total: Option<u64>,
    steps: u64,
    said: Instant,
}

impl Progress {
    /// A bar where stderr is a terminal, plain lines otherwise.
    pub fn on_stderr() -> Self {
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        if io::stderr().is_terminal() && !dumb {
            let target = ProgressDrawTarget::stderr_with_hz(8);
            Self(Teller::Bar(ProgressBar::with_draw_target(None, target)))
        } else {
            Self::lines(Box::new(io::stderr()), PAUSE)
        }
    }

    fn lines(out: Box<dyn Write + Send>, pause: Duration) -> Self {
        let (stage, said) = (String::new(), Instant::now());
        Self(Teller::Lines(Mutex::new(Lines { out, pause, stage, total: None, steps: 0, said })))
    }
}

impl Telling for Progress {
    fn stage(&self, name: &str, total: Option<u64>) {
        match &self.0 {
            Teller::Bar(bar) => show(bar, name, total),
            Teller::Lines(lines) => locked(lines).stage(name, total),
        }
    }

    fn step(&self, text: &str) {
        match &self.0 {
            Teller::Bar(bar) => {
                bar.inc(1);
                bar.set_message(visible(text, STEP));
            }
            Teller::Lines(lines) => locked(lines).step(text),
        }
    }

    fn done(&self, line: &str) {
        match &self.0 {
            Teller::Bar(bar) => {
                bar.println(visible(line, LINE));
                bar.finish_and_clear();
            }
            Teller::Lines(lines) => locked(lines).say(&visible(line, LINE)),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Teller::Bar(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn show(bar: &ProgressBar, name: &str, total: Option<u64>) {
    let template = match total {
        Some(_) => "{prefix} [{bar:24}] {pos}/{len} {eta} {wide_msg}",
        None => "{spinner} {prefix} {pos} {elapsed} {wide_msg}",
    };
    let style = ProgressStyle::with_template(template).expect("both templates are ours");
    bar.set_style(style.progress_chars("=> "));
    match total {
        Some(total) => bar.set_length(total),
        None => bar.unset_length(),
    }
    bar.set_prefix(visible(name, STEP));
    bar.set_message("");
    bar.reset(); // draws, so it comes after all that is drawn
    bar.enable_steady_tick(Duration::from_millis(250));
}

/// A worker that panicked while telling is no reason to stop telling.
fn locked(lines: &Mutex<Lines>) -> std::sync::MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Lines {
    fn stage(&mut self, name: &str, total: Option<u64>) {
        self.stage = visible(name, STEP);
        (self.total, self.steps, self.said) = (total, 0, Instant::now());
    }

    fn step(&mut self, text: &str) {
        self.steps += 1;
        if self.said.elapsed() < self.pause {
            return;
        }
        let of = self.total.map_or(String::new(), |total| format!("/{total}"));
        self.say(&format!("{}: {}{of} {}", self.stage, self.steps, visible(text, STEP)));
    }

    fn say(&mut self, line: &str) {
        // A closed stderr must not end a run.
        let _ = writeln!(self.out, "{line}");
        self.said = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<u8>>>);

    impl Write for Heard {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn heard(pause: Duration) -> String {
        let heard = Heard::default();
        let progress = Progress::lines(Box::new(heard.clone()), pause);
        let telling: &dyn Telling = &progress;
        telling.stage("checks", Some(2));
        telling.step("delete-204");
        telling.step("evil\u{1b}[2J\nline");
        telling.done("checks: 2 judged");
        telling.stage("load", None);
        telling.step("user 1");
        String::from_utf8(heard.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_short_stage_says_one_line() {
        assert_eq!(heard(Duration::from_hours(1)), "checks: 2 judged\n");
    }

    #[test]
    fn a_long_stage_says_where_it_is() {
        insta::assert_snapshot!(heard(Duration::ZERO), @r"
        checks: 1/2 delete-204
        checks: 2/2 evil\u{1b}[2J\nline
        checks: 2 judged
        load: 1 user 1
        ");
    }

    #[test]
    fn a_bar_takes_stages_with_and_without_a_total() {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let progress = Progress(Teller::Bar(bar.clone()));
        progress.stage("checks", Some(3));
        progress.step("a");
        assert_eq!((bar.position(), bar.length()), (1, Some(3)));
        progress.done("done");
        progress.stage("load", None);
        progress.step("b");
        assert_eq!((bar.position(), bar.length(), bar.is_finished()), (1, None, false));
    }
}
