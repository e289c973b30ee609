//! The register: one row for each point that the sources leave open, in their order.
//!
//! A row holds the number, the point, the stance of the RFCs, and the readings: a name, and what a
//! tenant does that takes it. To add one, append a row; numbers never change.

use super::Stance::{Any, Prefers};
use super::{Ambiguity, Row};

/// Declares the points: number, point, stance of the RFCs, readings.
macro_rules! register {
    ($( $id:ident, $point:literal, $stance:expr,
        $( $reading:literal = $sentence:literal ),+ ; )+) => {
        $(
            #[doc = $point]
            pub const $id: Ambiguity = Ambiguity(&Row {
                id: stringify!($id),
                point: $point,
                stance: $stance,
                readings: &[ $( ($reading, $sentence) ),+ ],
            });
        )+

        /// Every point, by number.
        pub const REGISTER: &[Ambiguity] = &[ $( $id ),+ ];
    };
}

register! {
    A01, "whether discovery can be read before one has authenticated", Prefers("open"),
        "open" = "it is answered without credentials",
        "closed" = "it asks for credentials like everything else";
    A02, "whether the body of a request may be typed application/json", Prefers("takes"),
        "takes" = "it is read like application/scim+json",
        "refuses" = "it is answered 415";
    A03, "whether the endpoint of a resource type begins with a slash", Any,
        "slash" = "it is written /Users",
        "bare" = "it is written Users";
    A04, "what a filter on a discovery endpoint does", Prefers("refuses"),
        "refuses" = "it is answered 403",
        "passes-over" = "it is answered as if no filter were there, or with another refusal";
    A05, "whether `schemas` is shown where a request names the attributes it wants", Any,
        "shown" = "it is shown unasked",
        "left-out" = "it is left out";
    A06, "what becomes of an attribute that no schema has", Any,
        "passes-over" = "the rest is taken and the attribute is not kept",
        "refuses" = "the whole request is refused";
    A07, "whether the texts \"True\" and \"False\" pass for booleans", Prefers("takes"),
        "takes" = "they are taken for the booleans they name",
        "refuses" = "they are answered 400";
    A08, "whether a value may come back in a canonical form", Any,
        "as-sent" = "it comes back letter for letter",
        "canonical" = "letter case, blanks or marks may change where the value stays the same";
    A09, "whether `primary eq false` finds a value that says nothing of primary", Any,
        "finds" = "what says nothing is not primary and is found",
        "misses" = "what says nothing is not found";
    A10, "what a PATCH that replaces a value by null does", Prefers("unassigns"),
        "unassigns" = "the value is taken away",
        "refuses" = "it is answered 400";
    A11, "what becomes of a userName with blanks at its ends, or of nothing else", Any,
        "refuses" = "it is answered 400",
        "keeps" = "it is kept to the letter";
    A12, "how a change to a name that is taken is refused", Prefers("conflict"),
        "conflict" = "with 409",
        "bad-request" = "with 400, or another status of that class";
    A13, "what a value without a path does that holds part of an extension", Prefers("merges"),
        "merges" = "the rest of the extension stays",
        "replaces" = "the rest of the extension goes";
    A14, "whether an extension without values is still named in `schemas`", Any,
        "stays" = "its URN stays",
        "goes" = "its URN goes with the last value";
    A15, "what removing something that is not there does", Prefers("succeeds"),
        "succeeds" = "it is a success that changes nothing",
        "no-target" = "it is refused with 400 and changes nothing";
    A16, "what the value of a removal means", Prefers("listed"),
        "listed" = "only the values it names go",
        "all" = "it means nothing, and everything at the path goes",
        "refuses" = "it is refused, and nothing goes";
    A17, "whether a write is seen by the very next read", Prefers("at-once"),
        "at-once" = "it is",
        "later" = "it is seen some time later";
    A18, "what stands for the resources of an empty page", Prefers("empty-list"),
        "empty-list" = "`Resources` is an empty list",
        "left-out" = "`Resources` is left out";
    A19, "what itemsPerPage counts", Prefers("returned"),
        "returned" = "the resources on this page",
        "page-size" = "the resources a page could hold";
    A20, "whether a list shows all of a resource that a read shows", Prefers("whole"),
        "whole" = "it shows the same",
        "thinner" = "it leaves some of it out";
    A21, "what `eq null` finds", Any,
        "unassigned" = "those without a value",
        "refuses" = "it is answered 400";
    A22, "whether `ne` finds a resource that has no value there", Any,
        "finds" = "what has no value is not that value, and is found",
        "misses" = "what has no value is not compared, and is not found";
    A23, "what a complex attribute without a sub-attribute means in a filter", Any,
        "value" = "its `value`",
        "refuses" = "it is answered 400";
    A24, "whether a filter may go on after a bracket: emails[type eq \"work\"].value",
        Prefers("finds"),
        "finds" = "it finds the resource whose value of that type is the one asked for",
        "refuses" = "it is refused";
    A25, "whether + in a query is a space", Prefers("space"),
        "space" = "it is, as %20 is",
        "plus" = "it is a plus sign";
    A26, "what a text without quotes in a filter does", Prefers("refuses"),
        "refuses" = "it is refused",
        "takes" = "it is read as if it had quotes";
    A27, "what a filter on an unknown attribute does", Any,
        "nothing" = "it finds nothing",
        "refuses" = "it is refused";
    A28, "whether pages without sortBy keep one order", Prefers("stable"),
        "stable" = "pages one after the other hold everyone once",
        "unstable" = "somebody may be on two pages or on none";
    A29, "what a count above the largest page of cursor paging does", Any,
        "caps" = "the page is cut to the largest size",
        "refuses" = "it is refused";
    A30, "whether Entra follows a cursor", Any,
        "follows" = "it asks for the next page",
        "stops" = "it reads the first page alone";
    A31, "whether the URN of an extension alone names all of it", Prefers("container"),
        "container" = "it stands for everything in the extension",
        "nothing" = "it names no attribute";
    A32, "what attributes together with excludedAttributes do", Any,
        "refuses" = "they are answered 400",
        "one-rule" = "one of the two is followed";
    A33, "what a PUT does to what its body leaves out", Prefers("clears"),
        "clears" = "it is cleared",
        "keeps" = "it stays";
    A34, "what a readOnly value in the body of a PUT does", Prefers("passes-over"),
        "passes-over" = "it is passed over",
        "refuses" = "the whole request is refused";
    A35, "the keyword that refuses a path of PATCH which names no attribute", Any,
        "invalid-path" = "it is invalidPath, as for a path that cannot be read",
        "no-target" = "it is noTarget, as for a path that finds nothing",
        "invalid-value" = "it is invalidValue, as for a body that makes no sense";
    A36, "what a write to a complex attribute does to the sub-attributes it leaves out",
        Prefers("merges"),
        "merges" = "they stay",
        "replaces" = "they go";
    A37, "what a write to a value that its filter does not find does", Prefers("refuses"),
        "creates" = "the value is made, as the filter describes it",
        "refuses" = "it is answered 400 noTarget; an addition alone may still make the value";
    A38, "what replacing a value that a filter selects does to its other sub-attributes",
        Prefers("whole"),
        "whole" = "they go: the whole value is replaced",
        "merges" = "they stay";
    A39, "what a readOnly attribute in a PATCH without a path does", Any,
        "refuses" = "the whole request is refused",
        "passes-over" = "it is passed over and the rest is applied";
    A40, "the form of a status in the answer to a bulk request", Prefers("text"),
        "text" = "the text \"200\"",
        "object" = "an object with a code";
    A41, "how a change of an old version is refused", Prefers("precondition-failed"),
        "precondition-failed" = "with 412",
        "conflict" = "with 409";
    A42, "whether comparisons are read before `not`, `and` and `or`", Prefers("comparisons-first"),
        "comparisons-first" = "a comparison is one whole, then not, and, or",
        "as-listed" = "logical operators come first, as the RFC's list has them";
    A43, "whether `not` needs brackets", Any,
        "needs" = "without brackets it is answered 400",
        "optional" = "without brackets it is understood";
    A44, "how a quote is escaped in a filter that stands in a path in JSON", Prefers("twice"),
        "twice" = "once for the filter and once for the JSON around it",
        "once" = "for the JSON alone";
    A45, "whether the letter case of members of messages counts, such as Operations", Any,
        "counts" = "another case is refused",
        "ignored" = "another case is understood";
    A46, "whether the letter case of a schema's URN counts", Any,
        "counts" = "another case is another schema",
        "ignored" = "another case is the same schema";
    A47, "whether the answer to a read or a change has a Location", Any,
        "given" = "it has, and it is the resource's",
        "left-out" = "it has none";
    A48, "whether a PATCH may change `schemas`", Prefers("extensions-only"),
        "extensions-only" = "it may name an extension or take one away",
        "refuses" = "it may not";
    A49, "where sorting puts a resource without a value", Prefers("last"),
        "last" = "last when ascending",
        "first" = "first when ascending";
    A50, "whether `groups` of a user names groups of groups", Any,
        "direct" = "only the groups that hold the user",
        "indirect" = "also those that hold such a group";
    A51, "how an id of the wrong form is answered", Prefers("not-found"),
        "not-found" = "with 404, as for any unknown id",
        "bad-request" = "with 400";
    A52, "how what was deleted is answered", Prefers("not-found"),
        "not-found" = "with 404",
        "gone" = "with 410";
    A53, "what `active` is of a user created without it", Any,
        "active" = "it is true, or absent, which counts as active",
        "inactive" = "it is false";
    A54, "whether the name of a disabled user is taken", Prefers("taken"),
        "taken" = "it is: nobody else may have it",
        "free" = "somebody else may have it";
    A55, "what a dotted or URN-qualified key means in a PATCH without a path", Prefers("path"),
        "path" = "it is read as a path",
        "refuses" = "it is refused";
}
