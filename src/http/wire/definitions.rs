//! Bodies of definitions and their parts.

use serde::{Deserialize, Serialize};

use super::required;
use crate::fabric::FabricError;
use crate::fabric::item::definition::{self, PartRequest};
use crate::fabric::item::{DefinitionRequest, Item, Part, ReadBack};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateDefinitionBody {
    pub(crate) definition: Option<DefinitionBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DefinitionBody {
    format: Option<String>,
    parts: Option<Vec<PartBody>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartBody {
    path: Option<String>,
    payload: Option<String>,
    payload_type: Option<String>,
}

impl TryFrom<DefinitionBody> for DefinitionRequest {
    type Error = FabricError;

    fn try_from(body: DefinitionBody) -> Result<Self, FabricError> {
        let parts = required(body.parts, "Parts")?.into_iter().map(PartBody::request);
        Ok(Self { format: body.format, parts: parts.collect::<Result<_, FabricError>>()? })
    }
}

impl PartBody {
    /// Converts the part into a [`PartRequest`], without decoding its payload.
    pub(crate) fn request(self) -> Result<PartRequest, FabricError> {
        Ok(PartRequest {
            path: required(self.path, "Path")?,
            payload: required(self.payload, "Payload")?,
            payload_type: required(self.payload_type, "PayloadType")?,
        })
    }
}

/// The definition of an item in a response.
#[derive(Serialize)]
pub(crate) struct DefinitionResponse {
    definition: DefinitionParts,
}

#[derive(Serialize)]
struct DefinitionParts {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    parts: Vec<DefinitionPart>,
}

impl DefinitionResponse {
    /// Creates the response with the definition of an item. The kind of the item must support the format.
    pub(crate) fn of(item: &Item, format: Option<&str>) -> Self {
        definition::read_back(item, format).into()
    }

    /// Returns the approximate size of the JSON in bytes.
    pub(crate) fn size(&self) -> usize {
        self.definition.parts.iter().map(DefinitionPart::size).sum()
    }
}

impl From<ReadBack> for DefinitionResponse {
    fn from(ReadBack { format, parts }: ReadBack) -> Self {
        Self { definition: DefinitionParts { format, parts: parts.into_iter().map(DefinitionPart::from).collect() } }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DefinitionPart {
    /// The path and the payload, which is written in base64.
    #[serde(flatten)]
    part: Part,
    payload_type: &'static str,
}

impl DefinitionPart {
    /// Returns the part with `root` as the parent folder of the path.
    pub(crate) fn under(mut self, root: &str) -> Self {
        self.part.path = format!("{root}/{}", self.part.path);
        self
    }

    /// Returns the approximate size of the JSON in bytes.
    pub(crate) fn size(&self) -> usize {
        /// The size of the member names and the punctuation, in bytes.
        const REST: usize = 128;
        REST + self.part.path.len() + self.part.payload.len().div_ceil(3) * 4
    }
}

impl From<Part> for DefinitionPart {
    fn from(part: Part) -> Self {
        Self { part, payload_type: "InlineBase64" }
    }
}
