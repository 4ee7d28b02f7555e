//! Rules of a kind about its definition, as data.

use crate::fabric::item::Part;
use crate::fabric::mirroring;

/// Rules of a kind about its definition.
#[derive(Debug, Clone, Copy)]
pub struct DefinitionSpec {
    /// The part that must be in it.
    pub content: Content,
    /// Routes that create no item without one.
    pub needed: Needed,
    /// Names of its formats, the default first; empty where it has none.
    pub formats: &'static [&'static str],
    /// `true` if a definition that is read back shows its format.
    pub shows_format: bool,
    /// A part path and the format that it implies when a definition names no format.
    pub implied_by: Option<(&'static str, &'static str)>,
    /// Parts of an item that was created without a definition: paths and texts. A kind with a hook does not use them.
    pub default_parts: &'static [(&'static str, &'static str)],
}

impl DefinitionSpec {
    /// A definition that is optional at the creation and has no formats.
    pub(super) const fn new(content: Content) -> Self {
        Self {
            content,
            needed: Needed::Never,
            formats: &[],
            shows_format: false,
            implied_by: None,
            default_parts: &[("definition.json", "{}")],
        }
    }

    /// Requires a definition at the creation.
    pub(super) const fn needed(mut self) -> Self {
        self.needed = Needed::Always;
        self
    }

    /// Requires a definition at the creation on the kind's own route.
    pub(super) const fn needed_on_own_route(mut self) -> Self {
        self.needed = Needed::OnOwnRoute;
        self
    }

    /// Adds named formats, the default first; `shown`: an answer shows which one it is.
    pub(super) const fn formats(mut self, formats: &'static [&'static str], shown: bool) -> Self {
        (self.formats, self.shows_format) = (formats, shown);
        self
    }

    /// Adds a part that implies a format when a definition names none.
    pub(super) const fn implied_by(mut self, path: &'static str, format: &'static str) -> Self {
        self.implied_by = Some((path, format));
        self
    }

    /// Sets the parts of an item that was created without a definition.
    pub(super) const fn default_parts(mut self, parts: &'static [(&'static str, &'static str)]) -> Self {
        self.default_parts = parts;
        self
    }

    /// Returns the format of a definition that names none: the one that its parts imply, else the default.
    pub(in crate::fabric::item) fn format_of(&self, parts: &[Part]) -> Option<&'static str> {
        let implied = self.implied_by.filter(|(path, _)| parts.iter().any(|part| part.path == *path));
        implied.map(|(_, format)| format).or(self.formats.first().copied())
    }
}

/// Routes that create no item without a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// None: a definition is optional.
    Never,
    /// The kind's own route. A client of the generic route may know nothing of the kind, and needs none.
    OnOwnRoute,
    /// All routes.
    Always,
}

/// The part that a definition must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Any part.
    Any,
    /// `mirroring.json`, which names what is replicated.
    Mirroring,
    /// JSON under one of these paths; the first is the documented one.
    Json(&'static [&'static str]),
    /// A part whose path has the extension of the format: pairs of format and extension.
    Extension(&'static [(&'static str, &'static str)]),
}

impl Content {
    /// Returns `true` if a part is the required one.
    pub(in crate::fabric::item) fn is_main(self, path: &str, format: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Mirroring => path == mirroring::definition::PATH,
            Self::Json(paths) => paths.contains(&path),
            Self::Extension(formats) => formats
                .iter()
                .any(|(of, ending)| format.is_none_or(|format| format == *of) && path.to_lowercase().ends_with(ending)),
        }
    }

    /// Describes the required part in the refusal of a definition without it.
    pub(in crate::fabric::item) fn describe(self, format: Option<&str>) -> String {
        match self {
            Self::Any => "with the content".into(),
            Self::Mirroring => mirroring::definition::PATH.into(),
            Self::Json(paths) => paths.first().copied().unwrap_or_default().into(),
            Self::Extension(formats) => {
                let endings = formats.iter().filter(|(of, _)| format.is_none_or(|format| format == *of));
                endings.map(|(_, ending)| format!("*{ending}")).collect::<Vec<_>>().join(" or ")
            }
        }
    }
}
