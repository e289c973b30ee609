//! What a profile says a tenant does not do, done here: one exhaustive `match`, so that a new
//! limitation cannot be forgotten.

use serde_json::{Map, Value, json};

use super::kind::ResourceKind;
use super::problem::Problem;
use super::store::fold;
use crate::profile::{Limitation, LimitationKind, Manner};

/// The limitations of a profile as switches.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limitations {
    rename: Rename,
    user_name_is_email: bool,
    added_phone_number: bool,
}

/// What becomes of a group's new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Rename {
    #[default]
    Applied,
    Ignored,
    Refused,
}

/// The `type` of the phone number that the server assigns.
const ASSIGNED: &str = "Dialpad";

impl Limitations {
    pub(super) fn new(limitations: &[Limitation]) -> Self {
        let mut switches = Self::default();
        for limitation in limitations {
            match limitation.is {
                LimitationKind::GroupRename => {
                    switches.rename = match limitation.how {
                        Manner::Ignored | Manner::IgnoredOrRefused => Rename::Ignored,
                        Manner::Refused => Rename::Refused,
                    };
                }
                LimitationKind::UserNameIsEmail => switches.user_name_is_email = true,
                LimitationKind::AddedPhoneNumber => switches.added_phone_number = true,
            }
        }
        switches
    }

    /// Bends or refuses what a resource is about to become; `before` is what it was.
    pub(super) fn bend(
        self,
        kind: ResourceKind,
        before: Option<&Map<String, Value>>,
        wanted: &mut Value,
    ) -> Result<(), Problem> {
        match kind {
            ResourceKind::User => self.bend_user(before, wanted),
            ResourceKind::Group => self.bend_group(before, wanted),
        }
    }

    fn bend_user(
        self,
        before: Option<&Map<String, Value>>,
        wanted: &mut Value,
    ) -> Result<(), Problem> {
        let name = wanted.get("userName").and_then(Value::as_str).unwrap_or_default();
        let known = before.and_then(|before| before.get("userName")?.as_str()) == Some(name);
        if self.user_name_is_email && !known && !looks_like_email(name) {
            return Err(Problem::invalid_value("userName must be an e-mail address"));
        }
        if self.added_phone_number
            && let Some(Value::Array(phones)) = wanted.get_mut("phoneNumbers")
        {
            phones.retain(|phone| !is_assigned(phone));
            if phones.is_empty()
                && let Some(user) = wanted.as_object_mut()
            {
                user.shift_remove("phoneNumbers");
            }
        }
        Ok(())
    }

    fn bend_group(
        self,
        before: Option<&Map<String, Value>>,
        wanted: &mut Value,
    ) -> Result<(), Problem> {
        let Some(name) = before.and_then(|before| before.get("displayName")) else { return Ok(()) };
        let renamed = wanted.get("displayName") != Some(name);
        match self.rename {
            Rename::Ignored if renamed => wanted["displayName"] = name.clone(),
            Rename::Refused if renamed => {
                let why = "a group keeps the displayName it was created with";
                return Err(Problem::mutability(why));
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds to a user's representation what the server assigns: it is derived from the id, never
    /// stored, so no client can replace it.
    pub(super) fn dress(self, kind: ResourceKind, id: &str, resource: &mut Map<String, Value>) {
        if self.added_phone_number && kind == ResourceKind::User {
            let phones = resource.entry("phoneNumbers").or_insert_with(|| json!([]));
            if let Value::Array(phones) = phones {
                phones.push(json!({ "type": ASSIGNED, "value": assigned_number(id) }));
            }
        }
    }
}

fn is_assigned(phone: &Value) -> bool {
    phone.get("type").and_then(Value::as_str).is_some_and(|it| fold(it) == fold(ASSIGNED))
}

/// A number from the range kept for fiction, the same for the same id.
fn assigned_number(id: &str) -> String {
    let digits = id.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 10_000_000);
    format!("+1 555 {:03} {:04}", digits / 10_000, digits % 10_000)
}

fn looks_like_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
            && domain.split('.').count() > 1
            && domain.split('.').all(|label| !label.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(is: LimitationKind, how: Manner) -> Limitations {
        let limitation =
            Limitation { is, how, reason: "a reason".to_owned(), source: "a source".to_owned() };
        Limitations::new(&[limitation])
    }

    #[test]
    fn a_rename_is_ignored_or_refused_as_the_profile_says() {
        let before = Map::from_iter([("displayName".to_owned(), json!("Old"))]);
        for (how, outcome) in [
            (Manner::Ignored, Ok("Old")),
            (Manner::IgnoredOrRefused, Ok("Old")),
            (Manner::Refused, Err("mutability")),
        ] {
            let mut wanted = json!({"displayName": "New", "externalId": "kept"});
            let result = limited(LimitationKind::GroupRename, how).bend(
                ResourceKind::Group,
                Some(&before),
                &mut wanted,
            );
            assert_eq!(wanted["externalId"], "kept");
            match outcome {
                Ok(name) => {
                    assert_eq!((result.is_ok(), &wanted["displayName"]), (true, &json!(name)));
                }
                Err(keyword) => assert_eq!(result.unwrap_err().scim_type, Some(keyword)),
            }
        }
        let mut wanted = json!({"displayName": "New"});
        Limitations::default().bend(ResourceKind::Group, Some(&before), &mut wanted).unwrap();
        assert_eq!(wanted["displayName"], "New", "without the limitation a rename is applied");
    }

    #[test]
    fn only_email_addresses_pass_as_user_names() {
        let limited = limited(LimitationKind::UserNameIsEmail, Manner::default());
        for (name, passes) in [
            ("a@b.example", true),
            ("a", false),
            ("a@b", false),
            ("@b.example", false),
            ("a@b@c.example", false),
            ("a b@c.example", false),
            ("a@.example", false),
        ] {
            let bent = limited.bend(ResourceKind::User, None, &mut json!({"userName": name}));
            assert_eq!(bent.is_ok(), passes, "{name}");
        }
    }

    #[test]
    fn the_assigned_number_is_shown_once_and_never_stored() {
        let limited = limited(LimitationKind::AddedPhoneNumber, Manner::default());
        let mut shown = Map::new();
        limited.dress(ResourceKind::User, "some-id", &mut shown);
        assert_eq!(shown["phoneNumbers"][0]["type"], "Dialpad");
        let mut wanted = Value::Object(shown);
        limited.bend(ResourceKind::User, None, &mut wanted).unwrap();
        assert_eq!(wanted, json!({}));
    }
}
