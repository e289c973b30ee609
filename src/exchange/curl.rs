//! A request as one line of curl, for people who want to see an answer with their own eyes.
//!
//! The line can be pasted into a POSIX shell: everything that came from anywhere is quoted, and the
//! Secret Token is the shell variable `$SCIM_SECRET_TOKEN`. A body that is too long for a shell is
//! the reader's own `body.json`.

use super::{Credential, Request};

/// Bytes of the longest word that a shell hands to a program on Linux.
const WORD_MAX: usize = 128 * 1024;

/// The line that repeats a request; `url` is the absolute URL it went to.
pub fn line(url: &str, request: &Request) -> String {
    let mut words = vec!["curl".to_owned(), "-i".to_owned()];
    if request.method != http::Method::GET {
        words.extend(["-X".to_owned(), quoted(request.method.as_str())]);
    }
    words.push(quoted(url));
    match &request.credential {
        Credential::SecretToken => {
            words.extend(["-H".to_owned(), "\"Authorization: Bearer $SCIM_SECRET_TOKEN\"".into()]);
        }
        Credential::LowerCaseScheme => {
            words.extend(["-H".to_owned(), "\"Authorization: bearer $SCIM_SECRET_TOKEN\"".into()]);
        }
        Credential::None => {}
        Credential::Literal(value) => {
            words.extend(["-H".to_owned(), quoted(&format!("Authorization: {value}"))]);
        }
    }
    for (name, value) in &request.headers {
        let value = value.to_str().unwrap_or("(not text)");
        words.extend(["-H".to_owned(), quoted(&format!("{name}: {value}"))]);
    }
    if let Some(body) = &request.body
        && body.len() >= WORD_MAX
    {
        words.extend(["--data-binary".to_owned(), "@body.json".to_owned()]);
    } else if let Some(body) = &request.body {
        words.extend(["--data-raw".to_owned(), quoted(&String::from_utf8_lossy(body))]);
    }
    words.join(" ")
}

/// Quotes a word for a POSIX shell; a word of harmless letters stays bare.
pub(super) fn quoted(word: &str) -> String {
    let harmless = |letter: char| letter.is_ascii_alphanumeric() || "-_./:".contains(letter);
    if !word.is_empty() && word.chars().all(harmless) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hostile_value_stays_one_quoted_word() {
        let request = Request::patch("/Users/1", &json!({"title": "it's $(rm -rf ~) `id`"}));
        assert_eq!(
            line("https://scim.example/scim/Users/1", &request),
            "curl -i -X PATCH https://scim.example/scim/Users/1 \
             -H \"Authorization: Bearer $SCIM_SECRET_TOKEN\" \
             -H 'content-type: application/scim+json; charset=utf-8' \
             --data-raw '{\"title\":\"it'\\''s $(rm -rf ~) `id`\"}'"
        );
    }

    #[test]
    fn a_body_longer_than_any_word_stands_in_a_file() {
        let request = Request::post("/Bulk", &json!({"title": "x".repeat(WORD_MAX)}));
        assert!(line("http://h/Bulk", &request).ends_with(" --data-binary @body.json"));
    }

    #[test]
    fn a_request_without_credential_shows_none() {
        let request = Request::get("/Users").credential(Credential::None);
        assert_eq!(line("http://h/Users?a=b", &request), "curl -i 'http://h/Users?a=b'");
    }
}
