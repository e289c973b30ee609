//! `scimrig ambiguities`: what the sources leave open, and how a profile reads it.

use clap::Args;
use scimrig::checks;
use scimrig::profile::REGISTER;
use scimrig::run::Exit;

use super::Ended;
use super::options::read_profile;

/// Lists what the sources leave open.
#[derive(Debug, Args)]
pub(crate) struct Ambiguities {
    /// The profile whose stances are shown: strict, entra, dialpad or a TOML file
    #[arg(long, value_name = "NAME|FILE", default_value = "strict")]
    profile: String,
}

impl Ambiguities {
    pub(crate) fn run(self) -> Ended {
        let profile = read_profile(&self.profile)?;
        for point in REGISTER {
            say!("{} {}", point.id(), point.point());
            for (reading, sentence) in point.readings() {
                say!("      {reading}: {sentence}");
            }
            say!("    profile {}: {}", profile.name, profile.stances.on(*point));
            let read_by: Vec<&str> = checks::all()
                .filter(|check| check.reads.contains(point))
                .map(|check| check.id)
                .collect();
            if !read_by.is_empty() {
                say!("    read by {}", read_by.join(", "));
            }
        }
        Ok(Exit::Conforms)
    }
}
