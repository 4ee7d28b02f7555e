//! The rules of a kind for its definitions, as data.

use crate::fabric::item::Part;
use crate::fabric::mirroring;

/// The rules of a kind for its definitions.
#[derive(Debug, Clone, Copy)]
pub struct DefinitionSpec {
    /// The required part.
    pub content: Content,
    /// The routes on which a creation requires a definition.
    pub needed: Needed,
    /// The names of its formats, the default first; empty if it has none.
    pub formats: &'static [&'static str],
    /// `true` if the format is shown when a definition is read back.
    pub shows_format: bool,
    /// A part path, and the format that it implies if a definition names no format.
    pub implied_by: Option<(&'static str, &'static str)>,
    /// The parts of an item that was created without a definition, as paths and texts. Not used if the kind has a hook for them.
    pub default_parts: &'static [(&'static str, &'static str)],
}

impl DefinitionSpec {
    /// Creates rules for a definition that is optional at creation and has no formats.
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

    /// Requires a definition at creation.
    pub(super) const fn needed(mut self) -> Self {
        self.needed = Needed::Always;
        self
    }

    /// Requires a definition at creation on the kind's own route.
    pub(super) const fn needed_on_own_route(mut self) -> Self {
        self.needed = Needed::OnOwnRoute;
        self
    }

    /// Adds named formats, the default first. With `shown`, the format is shown when a definition is read back.
    pub(super) const fn formats(mut self, formats: &'static [&'static str], shown: bool) -> Self {
        (self.formats, self.shows_format) = (formats, shown);
        self
    }

    /// Adds a part that implies a format if a definition names none.
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

/// The routes on which a creation requires a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// No route: a definition is optional.
    Never,
    /// The kind's own route. Clients of the generic route may not know the kind, so it requires none there.
    OnOwnRoute,
    /// All routes.
    Always,
}

/// The part that a definition must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Any part.
    Any,
    /// `mirroring.json`, which selects the source and its tables.
    Mirroring,
    /// JSON under one of these paths; the first is the documented one.
    Json(&'static [&'static str]),
    /// A part with the file extension of the format. The pairs are format and extension.
    Extension(&'static [(&'static str, &'static str)]),
}

impl Content {
    /// Returns `true` if a part with this path is the required one.
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

    /// Describes the required part, for the error about a definition without it.
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
