//! Rules for the definitions of a kind, as data.

use crate::fabric::item::Part;
use crate::fabric::mirroring;

/// The rules for the definitions of a kind.
#[derive(Debug, Clone, Copy)]
pub struct DefinitionSpec {
    /// The part that a definition must have.
    pub content: Content,
    /// The routes on which a creation requires a definition.
    pub needed: Needed,
    /// The names of the formats, the default first; empty if definitions of the kind have no format.
    pub formats: &'static [&'static str],
    /// `true` if `getDefinition` returns the format.
    pub shows_format: bool,
    /// The path of a part, and a format. A definition that contains this part and does not name a format has this
    /// format.
    pub implied_by: Option<(&'static str, &'static str)>,
    /// The parts of the default definition, as paths and texts. They are not used if the kind has its own hook
    /// `default_definition`.
    pub default_parts: &'static [(&'static str, &'static str)],
}

impl DefinitionSpec {
    /// Creates rules for definitions that are optional at creation and have no format.
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

    /// Requires a definition at creation, on all routes.
    pub(super) const fn needed(mut self) -> Self {
        self.needed = Needed::Always;
        self
    }

    /// Requires a definition at creation, but only on the kind's own route.
    pub(super) const fn needed_on_own_route(mut self) -> Self {
        self.needed = Needed::OnOwnRoute;
        self
    }

    /// Sets the formats, the default first. If `shown` is `true`, `getDefinition` returns the format.
    pub(super) const fn formats(mut self, formats: &'static [&'static str], shown: bool) -> Self {
        (self.formats, self.shows_format) = (formats, shown);
        self
    }

    /// Sets a part that implies a format if the definition does not name a format.
    pub(super) const fn implied_by(mut self, path: &'static str, format: &'static str) -> Self {
        self.implied_by = Some((path, format));
        self
    }

    /// Sets the parts of the default definition, for items that were created without a definition.
    pub(super) const fn default_parts(mut self, parts: &'static [(&'static str, &'static str)]) -> Self {
        self.default_parts = parts;
        self
    }

    /// Returns the format of a definition that does not name a format: the format that the parts imply, else the
    /// default.
    pub(in crate::fabric::item) fn format_of(&self, parts: &[Part]) -> Option<&'static str> {
        let implied = self.implied_by.filter(|(path, _)| parts.iter().any(|part| part.path == *path));
        implied.map(|(_, format)| format).or(self.formats.first().copied())
    }
}

/// The routes on which a creation requires a definition. The generic route is `items`; the kind's own route is
/// [`KindSpec::collection`](super::KindSpec::collection).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// No route: a definition is optional.
    Never,
    /// The kind's own route only. On the generic route a definition is optional, because a client may not know the
    /// rules of the kind.
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
    /// A JSON part with one of these paths. The first path is the documented one.
    Json(&'static [&'static str]),
    /// A part with the file extension of the format. Each pair consists of a format and its extension.
    Extension(&'static [(&'static str, &'static str)]),
}

impl Content {
    /// Returns `true` if a part with this path is the required part.
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

    /// Describes the required part, for the error message about a definition without this part.
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
