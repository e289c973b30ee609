//! The other attributes of a user (RFC 7643 §4.1.1 and §4.1.2): what is sent is kept.
//!
//! The forms are what the RFC recommends; another form may be refused or mended.

use serde_json::{Value, json};

use crate::checks::check::*;
use crate::checks::steps::*;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    implied(
        "user-emails-roundtrip",
        Rfc7643("4.1.2"),
        "two e-mails come back with their labels",
        Dialogue(
            |its, said| create_then_read(&user_with(its, &two_emails(its)), said),
            |said| {
                when_made(said, |read| {
                    let home = said.its.user_name(6);
                    let kept = lenient("emails[home].value", &json!(home), read);
                    all_of([expect_at("emails[work].value", said.its.user_name(0), read), kept])
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("emails")]),
    should(
        "entra-email-absent",
        Entra("Customize attribute mappings: what has no value is not sent"),
        "a user without an e-mail address is taken, or refused cleanly",
        Probe(
            |its| vec![create_user(&without(its.new_user(0), &["emails"]))],
            |said| match said[0].status() {
                400 => Verdict::Remark(format!("refused: {}", said[0].told())),
                _ => expect_created(&said[0]),
            },
        ),
    )
    .on(Setting::Nothing),
    implied(
        "user-email-no-uniqueness",
        Rfc7643("8.7.1"),
        "two users may have one e-mail address: its uniqueness is none",
        Probe(
            |its| {
                let same = json!({"emails": its.user().sent["emails"]});
                vec![create_user(&changed(its.new_user(1), &same))]
            },
            |said| match said[0].status() {
                400 | 409 => Verdict::Remark(format!("refused: {}", said[0].told())),
                _ => expect_created(&said[0]),
            },
        ),
    )
    .needs(&[Attribute("emails")]),
    should(
        "user-email-canonical",
        Rfc7643("4.1.2"),
        "of an e-mail address at most the domain changes its case",
        Dialogue(
            |its, said| {
                let emails = json!([{"type": "work", "value": loud(its), "primary": true}]);
                create_then_read(&user_with(its, &json!({"emails": emails})), said)
            },
            |said| {
                when_made(said, |read| {
                    let held = read.json().and_then(|body| at(&body, "emails[work].value"));
                    let Some(held) = held.as_ref().and_then(Value::as_str) else {
                        return fail("an e-mail of type work", "none");
                    };
                    let local = |address: &str| address.split('@').next().map(str::to_owned);
                    if local(held) == local(&loud(&said.its)) {
                        return Verdict::Pass;
                    }
                    let same = held.eq_ignore_ascii_case(&loud(&said.its));
                    let told = format!("{held} for {}", loud(&said.its));
                    if same { A08.read_as("canonical", told) } else { fail(loud(&said.its), held) }
                })
            },
        ),
    )
    .reads(&[A08])
    .on(Setting::Nothing)
    .needs(&[Attribute("emails")]),
    should(
        "user-email-invalid",
        Rfc7643("4.1.2"),
        "what is no e-mail address is refused, or kept",
        Probe(
            |its| {
                let emails = json!([{"type": "work", "value": "not an address", "primary": true}]);
                vec![create_user(&user_with(its, &json!({"emails": emails})))]
            },
            |said| match said[0].status() {
                400 => Verdict::Pass,
                _ => expect_created(&said[0]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("emails")]),
    should(
        "user-phone-format",
        Rfc7643("4.1.2"),
        "phone numbers of RFC 3966 are kept",
        Dialogue(
            |its, said| {
                let phones = json!([{"type": "work", "value": "tel:+1-201-555-0123"},
                                    {"type": "mobile", "value": "+12015550123"}]);
                create_then_read(&user_with(its, &json!({"phoneNumbers": phones})), said)
            },
            |said| {
                all_of([
                    kept_or_remarked(said, "phoneNumbers[work].value", "tel:+1-201-555-0123"),
                    kept_or_remarked(said, "phoneNumbers[mobile].value", "+12015550123"),
                ])
            },
        ),
    )
    .reads(&[A08])
    .on(Setting::Nothing)
    .needs(&[Attribute("phoneNumbers")]),
    should(
        "user-ims-canonical",
        Rfc7643("4.1.2"),
        "an address of instant messages is kept, or loses only blanks and capitals",
        Dialogue(
            |its, said| {
                let ims = json!([{"type": "xmpp", "value": "Some One@X"}]);
                create_then_read(&user_with(its, &json!({"ims": ims})), said)
            },
            |said| {
                when_made(said, |read| {
                    let held = texts(&read.json().unwrap_or_default(), "ims", "value").join(",");
                    let bare = held.replace(' ', "").to_lowercase();
                    match held == "Some One@X" {
                        true => Verdict::Pass,
                        false if bare == "someone@x" => A08.read_as("canonical", held),
                        false => fail("Some One@X", held),
                    }
                })
            },
        ),
    )
    .reads(&[A08])
    .on(Setting::Nothing)
    .needs(&[Attribute("ims")]),
    must(
        "user-addresses-country",
        Rfc7643("4.1.2"),
        "a country of two letters, as ISO 3166-1 has them, is kept",
        Dialogue(
            |its, said| {
                let addresses = json!([{"type": "work", "country": "US", "locality": "Seattle"}]);
                create_then_read(&user_with(its, &json!({"addresses": addresses})), said)
            },
            |said| when_made(said, |read| expect_at("addresses[work].country", "US", read)),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("addresses")]),
    may(
        "user-addresses-newline",
        Rfc7643("4.1.2"),
        "an address may have several lines",
        Dialogue(
            |its, said| {
                let addresses = json!([{"type": "work", "streetAddress": LINES}]);
                create_then_read(&user_with(its, &json!({"addresses": addresses})), said)
            },
            |said| kept_or_remarked(said, "addresses[work].streetAddress", LINES),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("addresses")]),
    implied(
        "user-locale",
        Rfc7643("4.1.1"),
        "a locale such as en-US is kept",
        Dialogue(
            |its, said| create_then_read(&user_with(its, &json!({"locale": "en-US"})), said),
            |said| when_made(said, |read| expect_at("locale", "en-US", read)),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("locale")]),
    implied(
        "user-preferredlanguage",
        Rfc7643("4.1.1"),
        "preferredLanguage takes what Accept-Language takes",
        Dialogue(
            |its, said| {
                create_then_read(&user_with(its, &json!({"preferredLanguage": DANISH})), said)
            },
            |said| kept_or_remarked(said, "preferredLanguage", DANISH),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("preferredLanguage")]),
    implied(
        "user-timezone",
        Rfc7643("4.1.1"),
        "a time zone of the IANA data base is kept",
        Dialogue(
            |its, said| create_then_read(&user_with(its, &json!({"timezone": ZONE})), said),
            |said| when_made(said, |read| expect_at("timezone", ZONE, read)),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("timezone")]),
    implied(
        "user-profileurl",
        Rfc7643("4.1.1"),
        "the URL of a profile is kept",
        Dialogue(
            |its, said| create_then_read(&user_with(its, &json!({"profileUrl": PAGE})), said),
            |said| when_made(said, |read| expect_at("profileUrl", PAGE, read)),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("profileUrl")]),
    implied(
        "user-photos",
        Rfc7643("4.1.2"),
        "a photo and its thumbnail are kept",
        Dialogue(
            |its, said| {
                let photos = json!([{"type": "photo", "value": PAGE},
                                    {"type": "thumbnail", "value": format!("{PAGE}/small")}]);
                create_then_read(&user_with(its, &json!({"photos": photos})), said)
            },
            |said| {
                when_made(said, |read| {
                    let small = format!("{PAGE}/small");
                    all_of([
                        expect_at("photos[photo].value", PAGE, read),
                        expect_at("photos[thumbnail].value", small, read),
                    ])
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("photos")]),
    must(
        "user-x509",
        Rfc7643("4.1.2"),
        "a certificate comes back as it was sent",
        Dialogue(
            |its, said| {
                let certificates = json!([{"value": CERTIFICATE}]);
                create_then_read(&user_with(its, &json!({"x509Certificates": certificates})), said)
            },
            |said| {
                when_made(said, |read| {
                    let held = read.at("/x509Certificates/0/value").unwrap_or_default();
                    let bare = held.as_str().unwrap_or_default().trim_end_matches('=').to_owned();
                    let same = bare == CERTIFICATE.trim_end_matches('=');
                    require(same, "the certificate", shown(&held))
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("x509Certificates")]),
    implied(
        "user-roles-entitlements",
        Rfc7643("4.1.2"),
        "roles and entitlements are kept with their labels",
        Dialogue(
            |its, said| {
                let both = json!({"roles": [role()], "entitlements": [role()]});
                create_then_read(&user_with(its, &both), said)
            },
            |said| {
                all_of([
                    kept_or_remarked(said, "roles[app].value", "reader"),
                    kept_or_remarked(said, "entitlements[app].value", "reader"),
                ])
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("roles")]),
    should(
        "entra-role-as-text",
        Entra("Customize attribute mappings, AppRoleAssignmentsComplex"),
        "a role that comes as JSON in a text is taken, or refused cleanly",
        Probe(
            |its| vec![patch(its.user(), [op("Add", "roles", json!([{"value": PACKED_ROLE}]))])],
            |said| match said[0].status() {
                400 => Verdict::Remark(format!("refused: {}", said[0].told())),
                _ => expect_success(&said[0]),
            },
        ),
    )
    .needs(&[Patch, Attribute("roles")]),
];

const LINES: &str = "1 Main St\nBuilding 3";
const DANISH: &str = "da, en-gb;q=0.8";
const ZONE: &str = "America/Los_Angeles";
const PAGE: &str = "https://example.com/a";
/// A certificate of nobody's, self-signed for this purpose.
pub(crate) const CERTIFICATE: &str = "\
    MIIBbTCCAROgAwIBAgIUFPwtDPYbYhqgDJPaex8OhicZDewwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwB\
    YTAeFw0yNjExMjQwNDM5MDVaFw0zNjExMjEwNDM5MDVaMAwxCjAIBgNVBAMMAWEwWTATBgcqhkjOPQIB\
    BggqhkjOPQMBBwNCAAQt3+gJt2NI5+8Ie+h/tw62zGP+w32hQTtlmGZDollu+y+Aeka05RaRToNihfUK\
    nWtj9huKvt/2Rq9eSBpibPIxo1MwUTAdBgNVHQ4EFgQUxjsn/a4oOwsd6sE5q1tBc9/L700wHwYDVR0j\
    BBgwFoAUxjsn/a4oOwsd6sE5q1tBc9/L700wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBF\
    AiEA/ZFDIzjE9nZQIrlbEVvy+8PZ4M0S+oCG2yOJN8/IeS4CIGn4/mqkbPNLxMFBLPl0L+7fuWGuPdSB\
    ZVG/lvW6Ud3j";

/// A role as the expression function makes it where there are several.
const PACKED_ROLE: &str = r#"{"id":"06b07648-ecfe-589f-9d2f-6325724a46ee","value":"reader"}"#;

fn role() -> Value {
    json!({"type": "app", "value": "reader", "display": "Reader"})
}

fn two_emails(its: &Fixture) -> Value {
    json!({"emails": [{"type": "work", "value": its.user_name(0), "primary": true},
                      {"type": "home", "value": its.user_name(6)}]})
}

fn loud(its: &Fixture) -> String {
    format!("Alice.{}@EXAMPLE.COM", its.marker)
}

#[cfg(test)]
pub(in crate::checks) mod tests {
    use super::*;
    use crate::checks::canary::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let made = || alice(201, &json!({}));
        let fault = || [error(500, "")];
        let refused = || [error(400, "invalidValue")];
        let right = || alice(200, &json!({}));
        let with = |changes: Value| [made(), alice(200, &changes)];
        let email = |text: &str| with(json!({"emails": [{"type": "work", "value": text}]}));
        let photos = json!({"photos": [{"type": "photo", "value": PAGE},
            {"type": "thumbnail", "value": format!("{PAGE}/small")}]});
        let certificate = json!({"x509Certificates": [{"value": CERTIFICATE}]});
        vec![
            canary("user-emails-roundtrip", [made(), right()], email("other@example.com")),
            canary("entra-email-absent", refused(), fault()),
            canary("user-email-no-uniqueness", [error(409, "uniqueness")], fault()),
            canary("user-email-canonical", email("Alice.m@example.com"), email("a@example.com")),
            canary("user-email-invalid", refused(), fault()),
            canary("user-phone-format", refused(), fault()),
            canary(
                "user-ims-canonical",
                with(json!({"ims": [{"value": "someone@x"}]})),
                with(json!({"ims": [{"value": "one@x"}]})),
            ),
            canary("user-addresses-country", [made(), right()], refused()),
            canary("user-addresses-newline", refused(), fault()),
            canary("user-locale", with(json!({"locale": "en-US"})), refused()),
            canary("user-preferredlanguage", refused(), fault()),
            canary("user-timezone", with(json!({"timezone": ZONE})), [made(), right()]),
            canary("user-profileurl", with(json!({"profileUrl": PAGE})), [made(), right()]),
            canary("user-photos", with(photos), [made(), right()]),
            canary("user-x509", with(certificate), [made(), right()]),
            canary("user-roles-entitlements", refused(), fault()),
            canary("entra-role-as-text", refused(), fault()),
        ]
    }
}
