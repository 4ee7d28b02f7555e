//! Bodies of Power BI's gateways and data sources.

use serde::Serialize;
use serde_json::json;

use crate::fabric::connection::Connection;
use crate::fabric::gateway::{Details, Gateway, Member, PublicKey};
use crate::ids::{ConnectionId, GatewayId};

/// A gateway on premises.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GatewayBody<'a> {
    id: GatewayId,
    name: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<&'a PublicKey>,
}

impl<'a> From<&'a Gateway> for GatewayBody<'a> {
    fn from(gateway: &'a Gateway) -> Self {
        let (name, r#type, member) = match &gateway.details {
            Details::OnPremises(cluster) => (cluster.display_name.as_str(), "Resource", cluster.members.first()),
            Details::OnPremisesPersonal(member) => (member.display_name.as_str(), "Personal", Some(member)),
            Details::VirtualNetwork(_) | Details::StreamingVirtualNetwork { .. } => ("", "Resource", None),
        };
        let public_key = member.map(|Member { public_key, .. }| public_key);
        Self { id: gateway.id, name, r#type, public_key }
    }
}

/// A data source of a gateway.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DatasourceBody<'a> {
    id: ConnectionId,
    gateway_id: GatewayId,
    datasource_type: &'a str,
    connection_details: String,
    credential_type: &'a str,
    datasource_name: &'a str,
}

impl<'a> DatasourceBody<'a> {
    /// Creates the body of a connection over a gateway.
    pub(crate) fn new(gateway_id: GatewayId, connection: &'a Connection) -> Self {
        Self {
            id: connection.id,
            gateway_id,
            datasource_type: datasource_type(&connection.kind),
            connection_details: connection_details(&connection.kind, &connection.path),
            credential_type: match connection.credentials.credential_type.as_str() {
                "SharedAccessSignature" => "SAS",
                other => other,
            },
            datasource_name: &connection.display_name,
        }
    }
}

/// Returns Power BI's name of a connection type. Types without another name keep their own.
fn datasource_type(kind: &str) -> &str {
    match kind {
        "SQL" => "Sql",
        "PostgreSQL" => "PostgreSql",
        other => other,
    }
}

/// Returns the details of a source as the text of a JSON object: `server` and `database` of a database, `url` of a page,
/// else the path.
fn connection_details(kind: &str, path: &str) -> String {
    let details = match (kind, path.split_once(';')) {
        ("SQL" | "PostgreSQL" | "MySql" | "AnalysisServices" | "Oracle", Some((server, database))) => {
            json!({"server": server, "database": database})
        }
        ("SQL" | "PostgreSQL" | "MySql" | "AnalysisServices" | "Oracle", None) => json!({"server": path}),
        ("Web" | "OData" | "SharePoint", _) => json!({"url": path}),
        _ => json!({"path": path}),
    };
    details.to_string()
}
