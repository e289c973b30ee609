//! Reading profiles: TOML in, a [`ServerProfile`] or a refusal that points at the place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::check::{refuse_entra, refuse_mapping};
use super::*;
use crate::refusal::{Refusal, SourceText};

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file could not be read.
    #[error("read the profile {}: {source}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The text is no profile.
    #[error("read the profile {0}")]
    Refused(#[from] Box<Refusal>),
    /// No built-in profile has that name.
    #[error("find a profile named `{0}`: built in are {names}; or give the path of a TOML file",
            names = names().join(", "))]
    Unknown(String),
}

/// The built-in profiles: name and text.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("strict", include_str!("../../scenarios/profiles/strict.toml")),
    ("entra", include_str!("../../scenarios/profiles/entra.toml")),
    ("dialpad", include_str!("../../scenarios/profiles/dialpad.toml")),
];

impl ServerProfile {
    /// Reads a profile from a file; its name is the file's stem.
    pub fn read(path: &Path) -> Result<Self, ProfileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ProfileError::Unreadable { file: path.to_owned(), source })?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let source = SourceText { file: &path.display().to_string(), text: &text };
        let profile = parse(source, &name)?;
        Ok(Self { file: Some(path.to_owned()), ..profile })
    }

    /// The built-in profile of that name.
    pub fn built_in(name: &str) -> Result<Self, ProfileError> {
        let known = BUILT_IN.iter().find(|(known, _)| *known == name);
        let (name, text) = known.ok_or_else(|| ProfileError::Unknown(name.to_owned()))?;
        Ok(parse(SourceText { file: name, text }, name)?)
    }
}

fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ProfileFile {
    title: String,
    tenant_url: Option<Spanned<String>>,
    #[serde(default)]
    mapping_set: MappingSet,
    #[serde(default)]
    limitation: Vec<Spanned<Limitation>>,
    #[serde(default)]
    ambiguities: BTreeMap<Spanned<String>, Spanned<String>>,
    entra: Option<Spanned<EntraOverrides>>,
    #[serde(default)]
    mapping: Vec<Spanned<MappingDefinition>>,
}

fn parse(source: SourceText<'_>, name: &str) -> Result<ServerProfile, Box<Refusal>> {
    let file: ProfileFile =
        toml::from_str(source.text).map_err(|error| source.refuse_toml(&error))?;
    if let Some(url) = &file.tenant_url {
        refuse_tenant_url(&source, url)?;
    }
    refuse_limitations(&source, &file.limitation)?;
    let stances = read_stances(&source, &file.ambiguities)?;
    if let Some(entra) = &file.entra {
        refuse_entra(&source, entra)?;
    }
    file.mapping.iter().try_for_each(|mapping| refuse_mapping(&source, mapping))?;
    Ok(ServerProfile {
        name: name.to_owned(),
        file: None,
        title: file.title,
        tenant_url: file.tenant_url.map(Spanned::into_inner),
        limitations: file.limitation.into_iter().map(Spanned::into_inner).collect(),
        stances,
        entra: file.entra.map(Spanned::into_inner).unwrap_or_default(),
        mapping_set: file.mapping_set,
        mappings: file.mapping.into_iter().map(Spanned::into_inner).collect(),
    })
}

fn refuse_tenant_url(source: &SourceText<'_>, url: &Spanned<String>) -> Result<(), Box<Refusal>> {
    let parsed = Url::parse(url.get_ref());
    let problem = match &parsed {
        Err(error) => format!("`{}` is no URL: {error}", url.get_ref()),
        Ok(parsed) if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() => {
            format!("`{}` is no http or https URL", url.get_ref())
        }
        Ok(_) => return Ok(()),
    };
    Err(source.refuse(&url.span(), problem, "write it as in Entra: \"https://example.com/scim\""))
}

/// The `[ambiguities]` table: the register's numbers, each with a stance on it.
fn read_stances(
    source: &SourceText<'_>,
    table: &BTreeMap<Spanned<String>, Spanned<String>>,
) -> Result<Stances, Box<Refusal>> {
    let mut stances = Stances::default();
    for (id, word) in table {
        let Some(point) = REGISTER.iter().copied().find(|point| point.id() == id.get_ref()) else {
            let problem = format!("`{}` is no ambiguity", id.get_ref());
            let (first, last) = (REGISTER[0].id(), REGISTER[REGISTER.len() - 1].id());
            let mend = format!("accepted are {first} to {last}; `scimrig ambiguities` lists them");
            return Err(source.refuse(&id.span(), problem, &mend));
        };
        let Some(stance) = point.stances().find(|it| it.to_string() == *word.get_ref()) else {
            let problem = format!("`{}` is no stance on {}", word.get_ref(), point.point());
            let accepted: Vec<String> = point.stances().map(|it| format!("\"{it}\"")).collect();
            let mend = format!("accepted are {}", accepted.join(", "));
            return Err(source.refuse(&word.span(), problem, &mend));
        };
        stances.take(point, stance);
    }
    Ok(stances)
}

fn refuse_limitations(
    source: &SourceText<'_>,
    limitations: &[Spanned<Limitation>],
) -> Result<(), Box<Refusal>> {
    let mut met = BTreeSet::new();
    for limitation in limitations {
        let (span, it) = (limitation.span(), limitation.get_ref());
        let refuse = |key, problem: String, mend| Err(source.refuse_key(&span, key, problem, mend));
        if !met.insert(it.is) {
            let problem = format!("`{}` is there twice", it.is.name());
            return refuse("is", problem, "keep one of the two");
        }
        if it.how != Manner::default() && it.is != LimitationKind::GroupRename {
            let problem = format!("`{}` shows in one way only", it.is.name());
            return refuse("how", problem, "remove this line; it belongs to group-rename");
        }
        for (key, text) in [("reason", &it.reason), ("source", &it.source)] {
            if text.trim().is_empty() {
                let problem = format!("the {key} is empty");
                return refuse(key, problem, "an excuse needs a reason and a source to be checked");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(SourceText { file: "mine.toml", text }, "mine").unwrap_err().to_string()
    }

    const LIMITATION: &str =
        "[[limitation]]\nis = \"group-rename\"\nreason = \"r\"\nsource = \"s\"\n";

    #[test]
    fn every_built_in_profile_parses() {
        for (name, _) in BUILT_IN {
            assert_eq!(ServerProfile::built_in(name).unwrap().name, *name);
        }
        let strict = ServerProfile::built_in("strict").unwrap();
        assert!(strict.limitations.is_empty() && strict.tenant_url.is_none());
    }

    #[test]
    fn dialpad_documents_its_three_limitations_with_their_sources() {
        let dialpad = ServerProfile::built_in("dialpad").unwrap();
        assert_eq!(dialpad.tenant_url.as_deref(), Some("https://dialpad.com/scim"));
        assert_eq!(dialpad.mapping_set, MappingSet::Dialpad);
        for kind in LimitationKind::ALL {
            assert!(dialpad.limitation(*kind).is_some_and(|it| it.source.contains("Dialpad")));
        }
    }

    #[test]
    fn a_profile_is_read_from_a_file_and_named_after_it() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/profiles/dialpad.toml");
        let profile = ServerProfile::read(&path).unwrap();
        assert_eq!((profile.name.as_str(), profile.file.as_deref()), ("dialpad", Some(&*path)));
        let missing = ServerProfile::read(Path::new("no/such.toml")).unwrap_err();
        assert!(missing.to_string().starts_with("read the profile no/such.toml"), "{missing}");
    }

    #[test]
    fn an_unknown_profile_is_answered_with_the_known_ones() {
        let error = ServerProfile::built_in("dialpat").unwrap_err().to_string();
        assert!(error.contains("`dialpat`") && error.contains("strict, entra, dialpad"), "{error}");
    }

    #[test]
    fn a_misspelt_limitation_is_shown_with_the_accepted_ones() {
        let text = "title = \"x\"\n[[limitation]]\nis = \"group-renames\"\nreason = \"r\"\n";
        let message = refusal(text);
        for words in ["line 3, limitation.is", "`group-rename`, `user-name-is-email`", "     ^^^^"]
        {
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn an_excuse_without_a_reason_or_twice_is_refused() {
        let text = format!("title = \"x\"\n{LIMITATION}").replace("\"r\"", "\"  \"");
        insta::assert_snapshot!(refusal(&text), @r#"
        mine.toml, line 4, limitation.reason: the reason is empty
          |
        4 | reason = "  "
          | ^^^^^^^^^^^^^
          = an excuse needs a reason and a source to be checked
        "#);
        let text = format!("title = \"x\"\n{LIMITATION}{LIMITATION}");
        assert!(refusal(&text).contains("`group-rename` is there twice"));
    }

    #[test]
    fn a_stance_replaces_that_of_the_rfcs_and_no_other() {
        let text = "title = \"x\"\n[ambiguities]\nA37 = \"creates\"\nA08 = \"prefer-as-sent\"\n";
        let profile = parse(SourceText { file: "m", text }, "m").unwrap();
        assert_eq!(profile.stances.on(A37), Stance::Asks("creates"));
        assert_eq!(profile.stances.on(A08), Stance::Prefers("as-sent"));
        assert_eq!(profile.stances.own().count(), 2);
        assert_eq!(ServerProfile::built_in("strict").unwrap().stances, Stances::default());
        let entra = ServerProfile::built_in("entra").unwrap().stances;
        let dialpad = ServerProfile::built_in("dialpad").unwrap().stances;
        assert_eq!(entra.on(A37), Stance::Asks("creates"));
        assert_eq!(entra, dialpad, "Entra's readings hold for whoever Entra provisions");
    }

    #[test]
    fn an_unknown_ambiguity_and_an_unknown_stance_are_shown_with_what_is_accepted() {
        insta::assert_snapshot!(refusal("title = \"x\"\n[ambiguities]\nA99 = \"any\"\n"), @r#"
        mine.toml, line 3, ambiguities.A99: `A99` is no ambiguity
          |
        3 | A99 = "any"
          | ^^^
          = accepted are A01 to A55; `scimrig ambiguities` lists them
        "#);
        insta::assert_snapshot!(refusal("title = \"x\"\n[ambiguities]\nA37 = \"create\"\n"), @r#"
        mine.toml, line 3, ambiguities.A37: `create` is no stance on what a write to a value that its filter does not find does
          |
        3 | A37 = "create"
          |       ^^^^^^^^
          = accepted are "any", "creates", "prefer-creates", "refuses", "prefer-refuses"
        "#);
        let number = refusal("title = \"x\"\n[ambiguities]\nA37 = 1\n");
        assert!(number.contains("line 3, ambiguities.A37"), "{number}");
    }

    #[test]
    fn a_manner_belongs_to_group_renames() {
        let text = format!("title = \"x\"\n{LIMITATION}how = \"ignored\"\n");
        assert!(parse(SourceText { file: "m", text: &text }, "m").is_ok());
        let other = text.replace("group-rename", "added-phone-number");
        assert!(refusal(&other).contains("line 6, limitation.how"), "{}", refusal(&other));
    }

    #[test]
    fn a_tenant_url_is_an_http_url() {
        for url in ["dialpad.com/scim", "ftp://dialpad.com", "", "https:"] {
            let text = format!("title = \"x\"\ntenant-url = \"{url}\"\n");
            assert!(refusal(&text).contains("line 2, tenant-url"), "{}", refusal(&text));
        }
    }
}
