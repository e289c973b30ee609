//! Source attributes as mappings, expressions and scoping filters read them.
//!
//! Whoever holds a directory object implements [`SourceAttributes`]; the names are Entra's. What a
//! guest's `userPrincipalName` becomes on its way out is settled here too, so
//! that no mapping has to think of it.

use crate::directory::AttributeValue;

/// Something that can be asked for a source attribute by Entra's name.
pub trait SourceAttributes {
    /// The attribute's value; `None` is null. `IsSoftDeleted` is asked for like any other.
    fn attribute(&self, name: &str) -> Option<AttributeValue>;
}

/// What stands between a guest's own name and the home tenant's domain.
const GUEST_MARK: &str = "#EXT#";

/// Shows a guest's attributes as mappings see them: `userPrincipalName` is the guest's own
/// address, `originalUserPrincipalName` the full value.
pub(super) struct OutboundNames<'a>(pub(super) &'a dyn SourceAttributes);

impl SourceAttributes for OutboundNames<'_> {
    fn attribute(&self, name: &str) -> Option<AttributeValue> {
        match name {
            "userPrincipalName" => match self.0.attribute(name) {
                Some(AttributeValue::Text(text)) => Some(AttributeValue::Text(own_address(&text))),
                other => other,
            },
            "originalUserPrincipalName" => {
                self.0.attribute(name).or_else(|| self.0.attribute("userPrincipalName"))
            }
            _ => self.0.attribute(name),
        }
    }
}

/// `alias_theirs.example#EXT#@ours.example` becomes `alias@theirs.example`. The last underscore is
/// the one that stands for the at sign: a domain cannot hold one, an alias can.
fn own_address(user_principal_name: &str) -> String {
    match user_principal_name.split_once(GUEST_MARK) {
        None => user_principal_name.to_owned(),
        Some((guest, _)) => match guest.rsplit_once('_') {
            Some((alias, domain)) => format!("{alias}@{domain}"),
            None => guest.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(&'static str);
    impl SourceAttributes for Named {
        fn attribute(&self, name: &str) -> Option<AttributeValue> {
            (name == "userPrincipalName").then(|| AttributeValue::Text(self.0.to_owned()))
        }
    }

    #[test]
    fn a_guest_goes_out_under_its_own_address_and_keeps_the_original() {
        let guest = Named("ann_lee_fabrikam.com#EXT#@contoso.onmicrosoft.com");
        let text = |name: &str| OutboundNames(&guest).attribute(name);
        assert_eq!(
            text("userPrincipalName"),
            Some(AttributeValue::Text("ann_lee@fabrikam.com".to_owned()))
        );
        assert_eq!(
            text("originalUserPrincipalName"),
            Some(AttributeValue::Text(guest.0.to_owned()))
        );
        assert_eq!(text("mail"), None);
    }

    #[test]
    fn a_member_of_the_home_tenant_keeps_its_name() {
        assert_eq!(own_address("under_score@contoso.com"), "under_score@contoso.com");
        assert_eq!(own_address("odd#EXT#@contoso.com"), "odd");
    }
}
