//! Bugs of the enterprise extension and the manager in it.

use super::{Defect, Row, defects};

defects! {
    "enterprise";
    MANAGER_TEXT_REFUSED, "manager-text-refused", "W-12", 1, "ent-manager-string",
        "a manager given as a bare id is refused";
    EMPTY_MANAGER_IGNORED, "empty-manager-ignored", "W-13", 2, "ent-manager-clear-empty",
        "replacing the manager by an empty text leaves it";
    SECOND_MANAGER_IGNORED, "second-manager-ignored", "", 2, "entra-manager-replace",
        "a manager stays when another one is set";
    MANAGER_STAYS, "manager-stays", "", 2, "ent-manager-remove",
        "the removal of a manager is answered 200 and passed over";
    MANAGER_AS_TEXT, "manager-as-text", "", 1, "type-complex-object",
        "a manager is returned as a bare id";
    EXTENSION_REPLACED_WHOLE, "extension-replaced-whole", "", 1, "ent-path-urn",
        "replacing one attribute of the extension drops the others";
    EXTENSION_FLAT, "extension-flat", "", 1, "repr-ext-container",
        "attributes of the extension are returned beside the core ones";
    EXTENSION_UNLISTED, "extension-unlisted", "", 1, "repr-ext-listed",
        "`schemas` of a user does not name the extension that is returned";
}
