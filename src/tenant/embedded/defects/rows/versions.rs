//! Bugs of `meta` and of entity tags.

use super::{Defect, Row, defects};

defects! {
    "versions";
    LAST_MODIFIED_STANDS, "last-modified-stands", "F-11", 2, "meta-lastmod-advances",
        "`lastModified` never moves";
    CREATED_MOVES, "created-moves", "", 2, "meta-created-constant",
        "`created` moves with each change";
    SAME_VALUE_TOUCHES, "same-value-touches", "", 2, "patch-add-same-lastmod",
        "a PATCH that changes nothing moves `lastModified`";
    FAILED_PATCH_TOUCHES, "failed-patch-touches", "", 2, "patch-atomic-meta",
        "a PATCH that fails moves `lastModified`";
    VERSION_STANDS, "version-stands", "", 2, "etag-changes",
        "a change leaves the version as it was";
    VERSION_MOVES_ON_READ, "version-moves-on-read", "", 2, "etag-stable",
        "each read brings a new version";
    MEMBERS_KEEP_VERSION, "members-keep-version", "", 2, "etag-members",
        "a new member leaves the group's version as it was";
    READ_WITHOUT_TAG, "read-without-tag", "", 1, "get-etag",
        "a read has no `ETag`";
    TAG_UNLIKE_VERSION, "tag-unlike-version", "", 1, "meta-version-etag",
        "`ETag` and `meta.version` differ in the mark of weakness";
    IF_MATCH_IGNORED, "if-match-ignored", "F-32", 2, "etag-if-match-stale",
        "`If-Match` is ignored";
    DELETE_IGNORES_IF_MATCH, "delete-ignores-if-match", "", 2, "delete-if-match",
        "`If-Match` of a DELETE is ignored";
    WEAK_TAG_UNKNOWN, "weak-tag-unknown", "", 2, "etag-if-match-ok",
        "a weak tag in `If-Match` fits nothing";
    STAR_TAG_UNKNOWN, "star-tag-unknown", "", 1, "etag-if-match-star",
        "a star in `If-Match` fits nothing";
    IF_NONE_MATCH_IGNORED, "if-none-match-ignored", "", 2, "etag-if-none-match-304",
        "`If-None-Match` is ignored";
    CHANGED_TAKEN_FOR_KNOWN, "changed-taken-for-known", "", 3, "etag-if-none-match-changed",
        "whoever sends an `If-None-Match` is answered 304";
}
