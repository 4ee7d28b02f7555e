//! Rules for display names and descriptions: the permitted lengths and characters, and the comparison of names without
//! regard to case.

use serde::{Deserialize, Serialize};
use unicase::UniCase;

use crate::fabric::FabricError;

/// Maximum length of a display name, in characters.
pub const NAME_MAX: usize = 256;
/// Maximum length of the description of an item, in characters.
pub const ITEM_DESCRIPTION_MAX: usize = 256;
/// Maximum length of the description of a workspace, in characters.
pub const WORKSPACE_DESCRIPTION_MAX: usize = 4_000;
/// Maximum length of the name of a connection, in characters.
pub const CONNECTION_NAME_MAX: usize = 200;
/// Maximum length of the name of a gateway or of a member of a gateway, in characters.
pub const GATEWAY_NAME_MAX: usize = 200;

/// A name after Unicode case folding. Names that differ only in case have equal folded forms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Folded(String);

impl Folded {
    /// Folds the case of a name. White space is not trimmed.
    pub fn new(name: &str) -> Self {
        Self(UniCase::unicode(name).to_folded_case())
    }

    /// Returns `true` if a text contains this name, without regard to case.
    pub fn is_in(&self, text: &str) -> bool {
        if !text.is_ascii() {
            return Self::new(text).0.contains(&self.0);
        }
        // The folded form of ASCII text is its lower case, so that no copy is needed.
        let name = self.0.as_bytes();
        name.is_empty() || text.as_bytes().windows(name.len()).any(|part| part.eq_ignore_ascii_case(name))
    }
}

/// Rejects a display name that is empty or blank, has more than `most` characters, or contains a control character.
pub fn check_name(name: &str, most: usize) -> Result<(), FabricError> {
    let length = name.chars().count();
    if name.trim().is_empty() {
        return Err(FabricError::invalid_input("The DisplayName field is required."));
    }
    if length > most {
        return Err(too_long("DisplayName", most));
    }
    if name.chars().any(char::is_control) {
        return Err(FabricError::invalid_input("The DisplayName field has characters that cannot be printed."));
    }
    Ok(())
}

/// Rejects a description of more than `most` characters.
pub fn check_description(description: &str, most: usize) -> Result<(), FabricError> {
    if description.chars().count() > most { Err(too_long("Description", most)) } else { Ok(()) }
}

fn too_long(field: &str, most: usize) -> FabricError {
    FabricError::invalid_input(format!("The field {field} must be a string with a maximum length of {most}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_by_unicode_rules() {
        for (one, other) in [("Sales", "SALES"), ("Straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος")] {
            assert_eq!(Folded::new(one), Folded::new(other));
        }
        assert_ne!(Folded::new("a"), Folded::new("a "));
    }

    #[test]
    fn name_is_found_in_texts_of_any_case() {
        for (name, text) in
            [("SALES", "the sales of May"), ("", "x"), ("", ""), ("strasse", "Lange Straße"), ("é", "CAFÉ")]
        {
            assert!(Folded::new(name).is_in(text), "{name} in {text}");
        }
        for (name, text) in [("sales", "sale"), ("a", ""), ("é", "cafe")] {
            assert!(!Folded::new(name).is_in(text), "{name} in {text}");
        }
    }

    #[test]
    fn name_is_printable_and_neither_blank_nor_too_long() {
        let long = "é".repeat(NAME_MAX);
        for name in ["a", " a ", "MirroredDatabase's New name", long.as_str()] {
            assert_eq!(check_name(name, NAME_MAX), Ok(()), "{name}");
        }
        for name in ["", "  ", "a\nb", "\u{0}", &format!("{long}x")] {
            assert!(check_name(name, NAME_MAX).is_err(), "{name:?}");
        }
    }
}
