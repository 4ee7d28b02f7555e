//! Connection types. `GET /v1/connections/supportedConnectionTypes` lists the connection types, and each new connection
//! is validated against its type.
//!
//! `fixtures/connection-types.json` contains one recorded list for each [`Connectivity`].

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use crate::fabric::gateway::GatewayType;

/// The connection types in the fixture, by the name of the [`Connectivity`].
static TYPES: LazyLock<BTreeMap<&'static str, Vec<ConnectionType>>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../fixtures/connection-types.json"))
        .expect("the fixture matches its types")
});

/// Names of the connection types whose path is a JSON object of the parameters. For all other types, the path consists
/// of the values joined by `;` (docs/fidelity.md#connections).
const RECORD_PATHS: &[&str] = &[
    "AmazonS3",
    "AzureDatabaseForMySQL",
    "AzureDatabricksWorkspace",
    "AzurePostgreSQL",
    "AzureSqlMI",
    "CosmosDB",
    "GoogleBigQuery",
    "SAPAzureDataLakeStorageGen2",
    "SAPDatasphereAmazonS3",
    "SAPDatasphereGoogleCloudStorage",
];

/// The route from the service to the source of a connection. Each connectivity has its own list of connection types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connectivity {
    /// Directly from the cloud.
    Cloud,
    /// Through an on-premises gateway, which requires encrypted credentials for each of its members.
    OnPremisesGateway,
    /// Through a personal on-premises gateway, which requires encrypted credentials. Its list of connection types is that
    /// of an on-premises gateway (guessed).
    OnPremisesGatewayPersonal,
    /// Through a virtual network gateway or a streaming virtual network gateway.
    VirtualNetworkGateway,
}

/// A connection type.
#[derive(Debug, Deserialize)]
pub struct ConnectionType {
    /// The name of the type. Names are compared with regard to case.
    pub name: &'static str,
    /// The creation methods of the type. `None` in the list of a gateway stands for the creation methods of the same
    /// type in the cloud list.
    creation_methods: Option<Vec<CreationMethod>>,
    /// The credential types that the type accepts.
    pub credential_types: Vec<&'static str>,
    /// The encryptions that the type accepts.
    pub encryptions: Vec<&'static str>,
    /// `true` if a connection of this type can be created without a test of the connection.
    pub supports_skip_test: bool,
    /// The credential types with which notebooks and other user code may use connections of this type.
    pub user_controlled: Option<Vec<&'static str>>,
}

/// A way to create a connection of a type.
#[derive(Debug, Deserialize)]
pub struct CreationMethod {
    /// The name, compared without regard to case.
    pub name: &'static str,
    /// The parameters of the method, in the order of the service.
    pub parameters: Vec<ParameterSpec>,
}

/// A parameter of a creation method.
#[derive(Debug, Deserialize)]
#[serde(from = "ParameterRow")]
pub struct ParameterSpec {
    /// The name, compared without regard to case.
    pub name: &'static str,
    /// The data type of the value.
    pub data_type: &'static str,
    /// `true` if the parameter is required.
    pub required: bool,
    /// The values that the parameter accepts. `None` stands for any value of the data type.
    pub allowed_values: Option<Vec<Option<&'static str>>>,
}

/// A parameter in the format of the fixture. The list of allowed values is omitted if any value is allowed.
#[derive(Deserialize)]
#[serde(untagged)]
enum ParameterRow {
    Listed(&'static str, &'static str, bool, Vec<Option<&'static str>>),
    Any(&'static str, &'static str, bool),
}

impl From<ParameterRow> for ParameterSpec {
    fn from(row: ParameterRow) -> Self {
        match row {
            ParameterRow::Listed(name, data_type, required, values) => {
                Self { name, data_type, required, allowed_values: Some(values) }
            }
            ParameterRow::Any(name, data_type, required) => Self { name, data_type, required, allowed_values: None },
        }
    }
}

impl Connectivity {
    /// Returns the connectivity through a gateway of a type.
    pub fn through(gateway: GatewayType) -> Self {
        match gateway {
            GatewayType::OnPremises => Self::OnPremisesGateway,
            GatewayType::OnPremisesPersonal => Self::OnPremisesGatewayPersonal,
            GatewayType::VirtualNetwork | GatewayType::StreamingVirtualNetwork => Self::VirtualNetworkGateway,
        }
    }

    /// Returns the connection types of this connectivity, in the order of the service.
    pub fn types(self) -> &'static [ConnectionType] {
        let name = match self {
            Self::Cloud => "cloud",
            Self::OnPremisesGateway | Self::OnPremisesGatewayPersonal => "onPremisesGateway",
            Self::VirtualNetworkGateway => "virtualNetworkGateway",
        };
        TYPES.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the connection type with the given name.
    pub fn find(self, name: &str) -> Option<&'static ConnectionType> {
        self.types().iter().find(|known| known.name == name)
    }
}

impl ConnectionType {
    /// Returns the creation methods of the type.
    pub fn creation_methods(&self) -> &[CreationMethod] {
        let of_cloud = || Connectivity::Cloud.find(self.name).and_then(|known| known.creation_methods.as_deref());
        self.creation_methods.as_deref().or_else(of_cloud).unwrap_or_default()
    }

    /// Returns the path of a connection. `values` are the parameters of the connection, in the order of the creation
    /// method. Everybody who can see the connection can see its path, so a password is replaced (guessed).
    pub(super) fn path(&self, values: &[(&'static str, Value)]) -> String {
        let shown = |name: &str, value: &Value| {
            if name.to_ascii_lowercase().ends_with("password") { "***".into() } else { value.clone() }
        };
        if RECORD_PATHS.contains(&self.name) {
            let members = values.iter().map(|(name, value)| ((*name).to_owned(), shown(name, value)));
            return Value::Object(members.collect()).to_string();
        }
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        values.iter().map(|(name, value)| text(shown(name, value))).collect::<Vec<_>>().join(";")
    }
}

impl ParameterSpec {
    /// Returns `true` if the value has the data type of the parameter and is one of the allowed values. Null is
    /// accepted only if it is an allowed value.
    pub(super) fn accepts(&self, value: &Value) -> bool {
        let is_typed = match self.data_type {
            "Number" => value.is_number(),
            "Boolean" => value.is_boolean(),
            _ => value.as_str().is_some_and(|text| !text.is_empty()),
        };
        // The fixture contains allowed values as strings, also for numbers and booleans.
        let text =
            if value.is_null() { None } else { Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)) };
        let is_listed = self.allowed_values.as_ref().is_none_or(|values| values.contains(&text.as_deref()));
        is_listed && (is_typed || value.is_null() && self.allowed_values.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_methods_credentials_and_encryptions() {
        for connectivity in [Connectivity::Cloud, Connectivity::OnPremisesGateway, Connectivity::VirtualNetworkGateway]
        {
            for known in connectivity.types() {
                assert!(!known.creation_methods().is_empty(), "{connectivity:?} {}", known.name);
                assert!(!known.credential_types.is_empty() && !known.encryptions.is_empty(), "{}", known.name);
                assert_eq!(connectivity.types().iter().filter(|other| other.name == known.name).count(), 1);
            }
        }
    }

    #[test]
    fn record_paths_name_types_of_the_list() {
        for name in RECORD_PATHS {
            assert!(Connectivity::Cloud.find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn parameters_accept_values_of_their_type_and_list() {
        let spec = |data_type, allowed_values| ParameterSpec { name: "p", data_type, required: false, allowed_values };
        for (spec, value, accepted) in [
            (spec("Text", None), Value::from("x"), true),
            (spec("Text", None), Value::from(""), false),
            (spec("Text", None), Value::Null, false),
            (spec("Number", None), Value::from(1), true),
            (spec("Number", None), Value::from("1"), false),
            (spec("Boolean", None), Value::from(true), true),
            (spec("Text", Some(vec![None, Some("2.0")])), Value::from("2.0"), true),
            (spec("Text", Some(vec![None, Some("2.0")])), Value::Null, true),
            (spec("Text", Some(vec![None, Some("2.0")])), Value::from("1.0"), false),
            (spec("Number", Some(vec![Some("10"), Some("100")])), Value::from(100), true),
            (spec("Number", Some(vec![Some("10"), Some("100")])), Value::from("100"), false),
        ] {
            assert_eq!(spec.accepts(&value), accepted, "{spec:?} {value}");
        }
    }
}
