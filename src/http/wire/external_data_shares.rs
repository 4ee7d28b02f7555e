//! Bodies of external data shares.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::principals::PrincipalBody;
use super::{id, required, required_id};
use crate::fabric::FabricError;
use crate::fabric::access::DEFAULT_DOMAIN;
use crate::fabric::external_data_share::{Acceptance, ExternalDataShare, Recipient, ShareStatus, SharedPathType};
use crate::fabric::item::shortcut::Shortcut;
use crate::ids::{ExternalDataShareId, ItemId, SharedPathId, TenantId, WorkspaceId};

#[derive(Deserialize)]
pub(crate) struct CreateShare {
    paths: Option<Vec<String>>,
    recipient: Option<RecipientRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecipientRequest {
    r#type: Option<String>,
    user_principal_name: Option<String>,
    principal_id: Option<String>,
    tenant_id: Option<String>,
}

impl CreateShare {
    /// Returns the paths and the recipient.
    pub(crate) fn parsed(self) -> Result<(Vec<String>, Recipient), FabricError> {
        let recipient = required(self.recipient, "Recipient")?.parsed()?;
        Ok((required(self.paths, "Paths")?, recipient))
    }
}

impl RecipientRequest {
    fn parsed(self) -> Result<Recipient, FabricError> {
        match self.r#type.as_deref() {
            None | Some("User") => Ok(Recipient::User {
                user_principal_name: required(self.user_principal_name, "UserPrincipalName")?,
                tenant_id: id(self.tenant_id, "TenantId")?,
            }),
            Some("ServicePrincipal") => Ok(Recipient::ServicePrincipal {
                principal_id: required_id(self.principal_id, "PrincipalId")?,
                tenant_id: required_id(self.tenant_id, "TenantId")?,
            }),
            Some(other) => Err(FabricError::invalid_input(format!("The value {other:?} of Type is not supported."))),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShareBody<'a> {
    id: ExternalDataShareId,
    paths: &'a [String],
    creator_principal: PrincipalBody<'a>,
    recipient: &'a Recipient,
    status: ShareStatus,
    expiration_time_utc: String,
    workspace_id: WorkspaceId,
    item_id: ItemId,
    invitation_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_by_tenant_id: Option<TenantId>,
}

impl<'a> ShareBody<'a> {
    /// Creates the body of a share of a tenant at `now`.
    pub(crate) fn new(tenant: TenantId, share: &'a ExternalDataShare, now: Timestamp) -> Self {
        Self {
            id: share.id,
            paths: &share.paths,
            creator_principal: share.creator.into(),
            recipient: &share.recipient,
            status: share.status_at(now),
            expiration_time_utc: format!("{:.3}", share.expires_at),
            workspace_id: share.workspace,
            item_id: share.item,
            invitation_url: format!(
                "https://app.fabric.microsoft.com/externaldatasharing/accept?providerTenantId={tenant}&shareId={}",
                share.id
            ),
            accepted_by_tenant_id: share.accepted_by,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationBody<'a> {
    provider_tenant_details: ProviderTenant,
    paths_details: Vec<SharedPath<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProviderTenant {
    tenant_id: TenantId,
    display_name: &'static str,
    verified_domain_name: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SharedPath<'a> {
    path_id: SharedPathId,
    r#type: SharedPathType,
    name: &'a str,
}

impl<'a> InvitationBody<'a> {
    /// Creates the body of an invitation of a tenant to these paths.
    pub(crate) fn new(tenant: TenantId, paths: &[(SharedPathId, &'a str)]) -> Self {
        let details = |(path_id, path): &(SharedPathId, &'a str)| SharedPath {
            path_id: *path_id,
            r#type: SharedPathType::of(path),
            name: path.trim_end_matches('/').rsplit('/').next().unwrap_or_default(),
        };
        Self {
            provider_tenant_details: ProviderTenant {
                tenant_id: tenant,
                display_name: "Specularite",
                verified_domain_name: DEFAULT_DOMAIN,
            },
            paths_details: paths.iter().map(details).collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AcceptInvitation {
    pub(crate) provider_tenant_id: Option<String>,
    pub(crate) workspace_id: Option<String>,
    pub(crate) item_id: Option<String>,
    pub(crate) payload: Option<AcceptPayload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AcceptPayload {
    payload_type: Option<String>,
    path: Option<String>,
    create_shortcut_requests: Option<Vec<ShortcutRequest>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShortcutRequest {
    path_id: Option<String>,
    shortcut_name: Option<String>,
}

impl AcceptPayload {
    /// Returns the acceptance.
    pub(crate) fn parsed(self) -> Result<Acceptance, FabricError> {
        let payload_type = required(self.payload_type, "PayloadType")?;
        if payload_type != "ShortcutCreation" {
            return Err(FabricError::invalid_input(format!(
                "The value {payload_type:?} of PayloadType is not supported."
            )));
        }
        let shortcut = |request: ShortcutRequest| {
            Ok((required_id(request.path_id, "PathId")?, required(request.shortcut_name, "ShortcutName")?))
        };
        let shortcuts = required(self.create_shortcut_requests, "CreateShortcutRequests")?.into_iter().map(shortcut);
        Ok(Acceptance { path: required(self.path, "Path")?, shortcuts: shortcuts.collect::<Result<_, FabricError>>()? })
    }
}

/// A shortcut that an acceptance created.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceivedShortcutBody<'a> {
    workspace_id: WorkspaceId,
    item_id: ItemId,
    path: &'a str,
    name: &'a str,
}

impl<'a> ReceivedShortcutBody<'a> {
    /// Creates the body of a shortcut of an item.
    pub(crate) fn new(workspace_id: WorkspaceId, item_id: ItemId, shortcut: &'a Shortcut) -> Self {
        Self { workspace_id, item_id, path: &shortcut.path, name: &shortcut.name }
    }
}
