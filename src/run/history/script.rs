//! A failing history as a shell script: one curl a request, with the ids that the tenant gives kept
//! in shell variables. It needs `curl` and a POSIX shell, and removes what it made.

use std::fmt::Write as _;

use super::player::{Failure, Played};
use crate::exchange::Exchange;
use crate::history::{Namespace, Slot};

/// The script. `name` is the scenario's.
pub(super) fn text(name: &str, played: &Played, failure: &Failure) -> String {
    let mut script = String::from(HEAD);
    let _ = writeln!(script, "# {}: {}", comment(name), failure.check.id);
    let _ = writeln!(script, "# {}", failure.check.sentence);
    let _ = writeln!(script, "# expected  {}", comment(&failure.expected));
    let _ = writeln!(script, "# actual    {}", comment(&failure.actual));
    script.push_str(TOOLS);
    let Some(names) = &played.names else { return script };
    let mut made = Vec::new();
    for (step, exchanges) in &played.kept {
        let _ = writeln!(script, "\n# {}", comment(step));
        for seen in exchanges {
            let _ = writeln!(script, "{}", request(seen, names));
            if seen.request.method == http::Method::POST
                && let Some(slot) = seen.id().and_then(|id| slot_of(&id, names))
            {
                let _ = writeln!(script, "{}=$(id_of)", variable(slot));
                made.push(slot);
            }
        }
    }
    script.push_str("\n# What is left goes.\n");
    made.sort_unstable();
    made.dedup();
    for slot in made.into_iter().rev() {
        let (path, variable) = (slot.kind.collection(), variable(slot));
        let _ = writeln!(script, "[ -n \"${variable}\" ] && scim DELETE {path}/\"${variable}\"");
    }
    script.push_str("exit 0\n");
    script
}

const HEAD: &str =
    "#!/bin/sh\n# Plays a short history of SCIM requests that a tenant gets wrong.\n";

const TOOLS: &str = r#"# Set SCIM_TENANT_URL and SCIM_SECRET_TOKEN before.
: "${SCIM_TENANT_URL:?}" "${SCIM_SECRET_TOKEN:?}"
RUN=run$(date +%s)
CAPITALS=RUN${RUN#run}

# scim METHOD PATH [BODY]: sends a request and shows what comes back.
scim() {
    echo "> $1 $2"
    ANSWER=$(curl -sS -w '\n< %{http_code}' -X "$1" "$SCIM_TENANT_URL$2" \
        -H "Authorization: Bearer $SCIM_SECRET_TOKEN" \
        -H 'Content-Type: application/scim+json' ${3:+--data-raw "$3"})
    echo "$ANSWER"
}
# The id in the last answer.
id_of() { echo "$ANSWER" | grep -o '"id" *: *"[^"]*"' | head -n 1 | cut -d'"' -f4; }
"#;

/// One line of a comment, whatever the tenant or a script put into it.
fn comment(text: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().take(400).map(plain).collect()
}

fn request(seen: &Exchange, names: &Namespace) -> String {
    let mut line = format!("scim {} {}", seen.request.method, quoted(&seen.request.target, names));
    if let Some(body) = &seen.request.body {
        line.push(' ');
        line.push_str(&quoted(&String::from_utf8_lossy(body), names));
    }
    line
}

/// A word for the shell in which ids and names of this play are variables.
fn quoted(text: &str, names: &Namespace) -> String {
    let mut word = format!("'{}'", text.replace('\'', r"'\''"));
    for (id, slot) in names.every_id() {
        word = word.replace(id, &format!("'\"${}\"'", variable(slot)));
    }
    word = word.replace(&names.marker().to_uppercase(), "'\"$CAPITALS\"'");
    word.replace(names.marker(), "'\"$RUN\"'")
}

fn slot_of(id: &str, names: &Namespace) -> Option<Slot> {
    names.every_id().find(|(known, _)| *known == id).map(|(_, slot)| slot)
}

fn variable(slot: Slot) -> String {
    format!("{}_{}", slot.kind.word().to_uppercase(), slot.number)
}
