package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/microsoft/fabric-sdk-go/fabric"
	"github.com/microsoft/fabric-sdk-go/fabric/admin"
	"github.com/microsoft/fabric-sdk-go/fabric/core"
	"github.com/microsoft/fabric-sdk-go/fabric/lakehouse"
	"github.com/microsoft/fabric-sdk-go/fabric/mirroreddatabase"
	"github.com/microsoft/fabric-sdk-go/fabric/spark"
)

// friend is a user who gets roles.
const friend = "00000000-0000-4000-8000-00000000f00d"

// resource is a resource as Terraform manages it. A function that is nil does not exist for it.
type resource struct {
	name string
	// create returns the id.
	create func() (string, error)
	// read returns what update changes, or what does not change: `made` first, then `changed`.
	read          func(id string) (string, error)
	made, changed string
	update        func(id string) error
	// list returns the ids that an import finds.
	list   func() ([]string, error)
	delete func(id string) error
}

// fixture are the clients, and the ids of what the resources need.
type fixture struct {
	core                                                *core.ClientFactory
	admin                                               *admin.ClientFactory
	spark                                               *spark.ClientFactory
	lakehouses                                          *lakehouse.ItemsClient
	mirrors                                             *mirroreddatabase.ItemsClient
	capacity, workspace, connection, gateway, lake, job string
}

var ctx = context.Background()

// terraform takes each resource through its life: create, read, update, import, delete, read again.
func terraform() {
	send(http.MethodPatch, "/_emulator/settings", map[string]any{"pace": "instant"})
	send(http.MethodPut, "/_emulator/principals", map[string]any{"value": []any{map[string]any{"id": friend, "type": "User"}}})
	send(http.MethodPut, "/_emulator/tags", map[string]any{"value": []any{map[string]any{"id": friend, "displayName": "gold"}}})
	it := newFixture()
	for _, resource := range []resource{
		it.workspaces(), it.workspaceRole(), it.gateways(), it.gatewayRole(), it.connections(), it.connectionRole(), it.folders(),
		it.mirroredDatabases(), it.lakehousesWithSchemas(), it.itemTags(), it.jobSchedules(), it.managedPrivateEndpoints(), it.communicationPolicy(),
		it.gitOutboundPolicy(), it.dataAccessRoles(), it.workspaceIdentity(), it.tags(), it.domains(), it.deploymentPipelines(), it.deploymentPipelineRole(),
		it.git(), it.externalDataShares(), it.sparkSettings(), it.sparkPools(),
	} {
		resource.live()
	}
}

// live prints `ok`, or panics.
func (resource resource) live() {
	check := func(err error) {
		if err != nil {
			said, _ := outcome(err)
			panic(fmt.Sprint(resource.name, ": ", said))
		}
	}
	id, err := resource.create()
	check(err)
	shows := func(wanted string) {
		found, err := resource.read(id)
		check(err)
		if found != wanted {
			panic(fmt.Sprintf("%s: read %q, not %q", resource.name, found, wanted))
		}
	}
	shows(resource.made)
	if resource.update != nil {
		check(resource.update(id))
		shows(resource.changed)
	}
	if resource.list != nil {
		ids, err := resource.list()
		check(err)
		if !slices.Contains(ids, id) {
			panic(fmt.Sprintf("%s: no %s in %v", resource.name, id, ids))
		}
	}
	if resource.delete != nil {
		check(resource.delete(id))
		if _, err := resource.read(id); err == nil {
			panic(resource.name + ": it can be read after its deletion")
		} else if said, _ := outcome(err); !strings.HasPrefix(said, "404") {
			panic(resource.name + ": after its deletion: " + said)
		}
	}
	fmt.Println("ok", resource.name)
}

func newFixture() *fixture {
	client := must(fabric.NewClient(must(azidentity.NewDefaultAzureCredential(nil)), nil, nil))
	it := &fixture{
		core: core.NewClientFactoryWithClient(*client), admin: admin.NewClientFactoryWithClient(*client), spark: spark.NewClientFactoryWithClient(*client),
		lakehouses: lakehouse.NewClientFactoryWithClient(*client).NewItemsClient(),
		mirrors:    mirroreddatabase.NewClientFactoryWithClient(*client).NewItemsClient(),
	}
	it.capacity = *must(it.core.NewCapacitiesClient().ListCapacities(ctx, nil))[0].ID
	it.workspace = must(it.workspaces().create())
	_ = must(0, it.workspaces().update(it.workspace))
	it.gateway = must(it.gateways().create())
	_ = must(0, it.gateways().update(it.gateway))
	it.connection = connect(ctx, it.core)
	it.lake = must(it.lakehousesWithSchemas().create())
	_ = must(0, it.lakehousesWithSchemas().update(it.lake))
	it.job = *must(it.core.NewItemsClient().CreateItem(ctx, it.workspace, core.CreateItemRequest{
		DisplayName: to.Ptr("pipeline"), Type: to.Ptr(core.ItemTypeDataPipeline),
	}, nil)).ID
	return it
}

// renamed is the name of a resource after its update.
func (it *fixture) renamed(id string) string {
	if id == it.workspace || id == it.gateway || id == it.lake {
		return "fixture"
	}
	return "renamed"
}

// id returns the id of a created resource.
func id(id *string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return *id, nil
}

// only returns an error alone.
func only[T any](_ T, err error) error { return err }

// each returns what is read of each element of a list.
func each[T any](list []T, err error, read func(T) *string) ([]string, error) {
	found := []string{}
	for _, element := range list {
		found = append(found, *read(element))
	}
	return found, err
}

func user() *core.Principal {
	return &core.Principal{ID: to.Ptr(friend), Type: to.Ptr(core.PrincipalTypeUser)}
}

func (it *fixture) workspaces() resource {
	client := it.core.NewWorkspacesClient()
	return resource{
		name: "fabric_workspace", made: "workspace", changed: "renamed",
		create: func() (string, error) {
			made, err := client.CreateWorkspace(ctx, core.CreateWorkspaceRequest{DisplayName: to.Ptr("workspace"), CapacityID: &it.capacity}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := client.GetWorkspace(ctx, id, nil)
			if err != nil {
				return "", err
			}
			// The provider waits for this, and dereferences it.
			if *found.CapacityAssignmentProgress != core.CapacityAssignmentProgressCompleted {
				return string(*found.CapacityAssignmentProgress), nil
			}
			return *found.DisplayName, nil
		},
		update: func(id string) error {
			name := it.renamed(id)
			_, err := client.UpdateWorkspace(ctx, id, core.UpdateWorkspaceRequest{DisplayName: &name, Description: to.Ptr("d")}, nil)
			return err
		},
		list: func() ([]string, error) {
			list, err := client.ListWorkspaces(ctx, nil)
			return each(list, err, func(workspace core.Workspace) *string { return workspace.ID })
		},
		delete: func(id string) error { return only(client.DeleteWorkspace(ctx, id, nil)) },
	}
}

func (it *fixture) workspaceRole() resource {
	client := it.core.NewWorkspacesClient()
	return resource{
		name: "fabric_workspace_role_assignment", made: "Viewer", changed: "Contributor",
		create: func() (string, error) {
			made, err := client.AddWorkspaceRoleAssignment(ctx, it.workspace,
				core.AddWorkspaceRoleAssignmentRequest{Principal: user(), Role: to.Ptr(core.WorkspaceRoleViewer)}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := client.GetWorkspaceRoleAssignment(ctx, it.workspace, id, nil)
			if err != nil {
				return "", err
			}
			return string(*found.Role), nil
		},
		update: func(id string) error {
			return only(client.UpdateWorkspaceRoleAssignment(ctx, it.workspace, id,
				core.UpdateWorkspaceRoleAssignmentRequest{Role: to.Ptr(core.WorkspaceRoleContributor)}, nil))
		},
		list: func() ([]string, error) {
			list, err := client.ListWorkspaceRoleAssignments(ctx, it.workspace, nil)
			return each(list, err, func(role core.WorkspaceRoleAssignment) *string { return role.ID })
		},
		delete: func(id string) error { return only(client.DeleteWorkspaceRoleAssignment(ctx, it.workspace, id, nil)) },
	}
}

func (it *fixture) gateways() resource {
	client := it.core.NewGatewaysClient()
	return resource{
		name: "fabric_gateway", made: "network", changed: "renamed",
		create: func() (string, error) {
			made, err := client.CreateGateway(ctx, &core.CreateVirtualNetworkGatewayRequest{
				Type: to.Ptr(core.GatewayTypeVirtualNetwork), DisplayName: to.Ptr("network"), CapacityID: &it.capacity,
				InactivityMinutesBeforeSleep: to.Ptr[int32](30), NumberOfMemberGateways: to.Ptr[int32](1),
				VirtualNetworkAzureResource: &core.VirtualNetworkAzureResource{
					SubscriptionID: to.Ptr(friend), ResourceGroupName: to.Ptr("g"), VirtualNetworkName: to.Ptr("v"), SubnetName: to.Ptr("s"),
				},
			}, nil)
			if err != nil {
				return "", err
			}
			return *made.GetGateway().ID, nil
		},
		read: func(id string) (string, error) {
			found, err := client.GetGateway(ctx, id, nil)
			if err != nil {
				return "", err
			}
			return *found.GatewayClassification.(*core.VirtualNetworkGateway).DisplayName, nil
		},
		update: func(id string) error {
			name := it.renamed(id)
			return only(client.UpdateGateway(ctx, id,
				&core.UpdateVirtualNetworkGatewayRequest{Type: to.Ptr(core.GatewayTypeVirtualNetwork), DisplayName: &name}, nil))
		},
		list: func() ([]string, error) {
			list, err := client.ListGateways(ctx, nil)
			return each(list, err, func(gateway core.GatewayClassification) *string { return gateway.GetGateway().ID })
		},
		delete: func(id string) error { return only(client.DeleteGateway(ctx, id, nil)) },
	}
}

func (it *fixture) gatewayRole() resource {
	client := it.core.NewGatewaysClient()
	return resource{
		name: "fabric_gateway_role_assignment", made: "ConnectionCreator", changed: "Admin",
		create: func() (string, error) {
			made, err := client.AddGatewayRoleAssignment(ctx, it.gateway,
				core.AddGatewayRoleAssignmentRequest{Principal: user(), Role: to.Ptr(core.GatewayRoleConnectionCreator)}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := client.GetGatewayRoleAssignment(ctx, it.gateway, id, nil)
			if err != nil {
				return "", err
			}
			return string(*found.Role), nil
		},
		update: func(id string) error {
			return only(client.UpdateGatewayRoleAssignment(ctx, it.gateway, id,
				core.UpdateGatewayRoleAssignmentRequest{Role: to.Ptr(core.GatewayRoleAdmin)}, nil))
		},
		list: func() ([]string, error) {
			list, err := client.ListGatewayRoleAssignments(ctx, it.gateway, nil)
			return each(list, err, func(role core.GatewayRoleAssignment) *string { return role.ID })
		},
		delete: func(id string) error { return only(client.DeleteGatewayRoleAssignment(ctx, it.gateway, id, nil)) },
	}
}

func (it *fixture) connections() resource {
	client := it.core.NewConnectionsClient()
	return resource{
		name: "fabric_connection", made: "sql", changed: "renamed",
		create: func() (string, error) {
			_, err := client.UpdateConnection(ctx, it.connection, &core.UpdateShareableCloudConnectionRequest{
				ConnectivityType: to.Ptr(core.ConnectivityTypeShareableCloud), DisplayName: to.Ptr("fixture"),
			}, nil)
			return connect(ctx, it.core), err
		},
		read: func(id string) (string, error) {
			found, err := client.GetConnection(ctx, id, nil)
			if err != nil {
				return "", err
			}
			return *found.ConnectionClassification.(*core.ShareableCloudConnection).DisplayName, nil
		},
		update: func(id string) error {
			return only(client.UpdateConnection(ctx, id, &core.UpdateShareableCloudConnectionRequest{
				ConnectivityType: to.Ptr(core.ConnectivityTypeShareableCloud), DisplayName: to.Ptr("renamed"),
				PrivacyLevel: to.Ptr(core.PrivacyLevelPrivate),
			}, nil))
		},
		list: func() ([]string, error) {
			list, err := client.ListConnections(ctx, nil)
			return each(list, err, func(connection core.ConnectionClassification) *string { return connection.GetConnection().ID })
		},
		delete: func(id string) error { return only(client.DeleteConnection(ctx, id, nil)) },
	}
}

func (it *fixture) connectionRole() resource {
	client := it.core.NewConnectionsClient()
	return resource{
		name: "fabric_connection_role_assignment", made: "User", changed: "Owner",
		create: func() (string, error) {
			made, err := client.AddConnectionRoleAssignment(ctx, it.connection,
				core.AddConnectionRoleAssignmentRequest{Principal: user(), Role: to.Ptr(core.ConnectionRoleUser)}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := client.GetConnectionRoleAssignment(ctx, it.connection, id, nil)
			if err != nil {
				return "", err
			}
			return string(*found.Role), nil
		},
		update: func(id string) error {
			return only(client.UpdateConnectionRoleAssignment(ctx, it.connection, id,
				core.UpdateConnectionRoleAssignmentRequest{Role: to.Ptr(core.ConnectionRoleOwner)}, nil))
		},
		list: func() ([]string, error) {
			list, err := client.ListConnectionRoleAssignments(ctx, it.connection, nil)
			return each(list, err, func(role core.ConnectionRoleAssignment) *string { return role.ID })
		},
		delete: func(id string) error { return only(client.DeleteConnectionRoleAssignment(ctx, it.connection, id, nil)) },
	}
}

func (it *fixture) folders() resource {
	client := it.core.NewFoldersClient()
	return resource{
		name: "fabric_folder", made: "folder", changed: "renamed",
		create: func() (string, error) {
			made, err := client.CreateFolder(ctx, it.workspace, core.CreateFolderRequest{DisplayName: to.Ptr("folder")}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := client.GetFolder(ctx, it.workspace, id, nil)
			if err != nil {
				return "", err
			}
			return *found.DisplayName, nil
		},
		update: func(id string) error {
			return only(client.UpdateFolder(ctx, it.workspace, id, core.UpdateFolderRequest{DisplayName: to.Ptr("renamed")}, nil))
		},
		list: func() ([]string, error) {
			list, err := client.ListFolders(ctx, it.workspace, nil)
			return each(list, err, func(folder core.Folder) *string { return folder.ID })
		},
		delete: func(id string) error { return only(client.DeleteFolder(ctx, it.workspace, id, nil)) },
	}
}

// mirroredDatabases renames the database, and changes its definition in the same update, as the provider does.
func (it *fixture) mirroredDatabases() resource {
	content := func(schema string) *mirroreddatabase.Definition {
		text := bytes.ReplaceAll(must(base64.StdEncoding.DecodeString(definition(it.connection))), []byte("dbo"), []byte(schema))
		return &mirroreddatabase.Definition{Parts: []mirroreddatabase.DefinitionPart{{
			Path: to.Ptr("mirroring.json"), PayloadType: to.Ptr(mirroreddatabase.PayloadTypeInlineBase64),
			Payload: to.Ptr(base64.StdEncoding.EncodeToString(text)),
		}}}
	}
	return resource{
		name: "fabric_mirrored_database", made: "mirror dbo", changed: "renamed sales",
		create: func() (string, error) {
			made, err := it.mirrors.CreateMirroredDatabase(ctx, it.workspace,
				mirroreddatabase.CreateMirroredDatabaseRequest{DisplayName: to.Ptr("mirror"), Definition: content("dbo")}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := it.mirrors.GetMirroredDatabase(ctx, it.workspace, id, nil)
			if err != nil {
				return "", err
			}
			return *found.DisplayName + " " + *found.Properties.DefaultSchema, nil
		},
		update: func(id string) error {
			_, err := it.mirrors.UpdateMirroredDatabase(ctx, it.workspace, id,
				mirroreddatabase.UpdateMirroredDatabaseRequest{DisplayName: to.Ptr("renamed"), Description: to.Ptr("d")}, nil)
			if err != nil {
				return err
			}
			return only(it.mirrors.UpdateMirroredDatabaseDefinition(ctx, it.workspace, id,
				mirroreddatabase.UpdateMirroredDatabaseDefinitionRequest{Definition: content("sales")}, nil))
		},
		list: func() ([]string, error) {
			list, err := it.mirrors.ListMirroredDatabases(ctx, it.workspace, nil)
			return each(list, err, func(mirror mirroreddatabase.MirroredDatabase) *string { return mirror.ID })
		},
		delete: func(id string) error { return only(it.mirrors.DeleteMirroredDatabase(ctx, it.workspace, id, nil)) },
	}
}

func (it *fixture) lakehousesWithSchemas() resource {
	return resource{
		name: "fabric_lakehouse", made: "lake dbo", changed: "renamed dbo",
		create: func() (string, error) {
			made, err := it.lakehouses.CreateLakehouse(ctx, it.workspace, lakehouse.CreateLakehouseRequest{
				DisplayName: to.Ptr("lake"), CreationPayload: &lakehouse.CreationPayload{EnableSchemas: to.Ptr(true)},
			}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := it.lakehouses.GetLakehouse(ctx, it.workspace, id, nil)
			if err != nil {
				return "", err
			}
			return *found.DisplayName + " " + *found.Properties.DefaultSchema, nil
		},
		update: func(id string) error {
			name := it.renamed(id)
			return only(it.lakehouses.UpdateLakehouse(ctx, it.workspace, id, lakehouse.UpdateLakehouseRequest{DisplayName: &name}, nil))
		},
		list: func() ([]string, error) {
			list, err := it.lakehouses.ListLakehouses(ctx, it.workspace, nil)
			return each(list, err, func(lake lakehouse.Lakehouse) *string { return lake.ID })
		},
		delete: func(id string) error { return only(it.lakehouses.DeleteLakehouse(ctx, it.workspace, id, nil)) },
	}
}

// itemTags applies the tag of the fixture. Items show their tags.
func (it *fixture) itemTags() resource {
	client := it.core.NewTagsClient()
	return resource{
		name: "tags of an item", made: "[gold]", changed: "[]",
		create: func() (string, error) {
			_, err := client.ApplyTags(ctx, it.workspace, it.lake, core.ApplyTagsRequest{Tags: []string{friend}}, nil)
			return friend, err
		},
		read: func(string) (string, error) {
			found, err := it.core.NewItemsClient().GetItem(ctx, it.workspace, it.lake, nil)
			names, err := each(found.Tags, err, func(tag core.ItemTag) *string { return tag.DisplayName })
			return fmt.Sprint(names), err
		},
		update: func(id string) error {
			return only(client.UnapplyTags(ctx, it.workspace, it.lake, core.UnapplyTagsRequest{Tags: []string{id}}, nil))
		},
		list: func() ([]string, error) {
			list, err := client.ListTags(ctx, nil)
			return each(list, err, func(tag core.Tag) *string { return tag.ID })
		},
	}
}

func (it *fixture) jobSchedules() resource {
	client := it.core.NewJobSchedulerClient()
	config := func(interval int32) *core.CronScheduleConfig {
		return &core.CronScheduleConfig{
			Type: to.Ptr(core.ScheduleTypeCron), Interval: &interval, LocalTimeZoneID: to.Ptr("UTC"),
			StartDateTime: to.Ptr(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)), EndDateTime: to.Ptr(time.Date(2041, 1, 1, 0, 0, 0, 0, time.UTC)),
		}
	}
	return resource{
		name: "fabric_item_job_scheduler", made: "10", changed: "20",
		create: func() (string, error) {
			made, err := client.CreateItemSchedule(ctx, it.workspace, it.job, "Pipeline",
				core.CreateScheduleRequest{Enabled: to.Ptr(true), Configuration: config(10)}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := client.GetItemSchedule(ctx, it.workspace, it.job, "Pipeline", id, nil)
			if err != nil {
				return "", err
			}
			return fmt.Sprint(*found.Configuration.(*core.CronScheduleConfig).Interval), nil
		},
		update: func(id string) error {
			return only(client.UpdateItemSchedule(ctx, it.workspace, it.job, "Pipeline", id,
				core.UpdateScheduleRequest{Enabled: to.Ptr(false), Configuration: config(20)}, nil))
		},
		list: func() ([]string, error) {
			list, err := client.ListItemSchedules(ctx, it.workspace, it.job, "Pipeline", nil)
			return each(list, err, func(schedule core.ItemSchedule) *string { return schedule.ID })
		},
		delete: func(id string) error {
			return only(client.DeleteItemSchedule(ctx, it.workspace, it.job, "Pipeline", id, nil))
		},
	}
}

// managedPrivateEndpoints cannot be updated.
func (it *fixture) managedPrivateEndpoints() resource {
	client := it.core.NewManagedPrivateEndpointsClient()
	return resource{
		name: "fabric_workspace_managed_private_endpoint", made: "endpoint",
		create: func() (string, error) {
			made, err := client.CreateWorkspaceManagedPrivateEndpoint(ctx, it.workspace, core.CreateManagedPrivateEndpointRequest{
				Name: to.Ptr("endpoint"), RequestMessage: to.Ptr("please"), TargetSubresourceType: to.Ptr("sqlServer"),
				TargetPrivateLinkResourceID: to.Ptr("/subscriptions/" + friend + "/resourceGroups/g/providers/Microsoft.Sql/servers/s"),
			}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := client.GetWorkspaceManagedPrivateEndpoint(ctx, it.workspace, id, nil)
			if err != nil {
				return "", err
			}
			return *found.Name, nil
		},
		list: func() ([]string, error) {
			list, err := client.ListWorkspaceManagedPrivateEndpoints(ctx, it.workspace, nil)
			return each(list, err, func(endpoint core.ManagedPrivateEndpoint) *string { return endpoint.ID })
		},
		delete: func(id string) error {
			return only(client.DeleteWorkspaceManagedPrivateEndpoint(ctx, it.workspace, id, nil))
		},
	}
}

// communicationPolicy is a setting: it exists with the workspace, and its deletion sets the default.
func (it *fixture) communicationPolicy() resource {
	client := it.core.NewWorkspacesClient()
	set := func(outbound core.NetworkAccessRule) error {
		return only(client.SetNetworkCommunicationPolicy(ctx, it.workspace, core.WorkspaceNetworkingCommunicationPolicy{
			Inbound:  &core.InboundRules{PublicAccessRules: &core.NetworkRules{DefaultAction: to.Ptr(core.NetworkAccessRuleAllow)}},
			Outbound: &core.OutboundRules{PublicAccessRules: &core.NetworkRules{DefaultAction: &outbound}},
		}, nil))
	}
	return resource{
		name: "fabric_workspace_network_communication_policy", made: "Allow Deny", changed: "Allow Allow",
		create: func() (string, error) { return it.workspace, set(core.NetworkAccessRuleDeny) },
		read: func(id string) (string, error) {
			found, err := client.GetNetworkCommunicationPolicy(ctx, id, nil)
			if err != nil {
				return "", err
			}
			return fmt.Sprint(*found.Inbound.PublicAccessRules.DefaultAction, " ", *found.Outbound.PublicAccessRules.DefaultAction), nil
		},
		update: func(string) error { return set(core.NetworkAccessRuleAllow) },
	}
}

func (it *fixture) gitOutboundPolicy() resource {
	client := it.core.NewWorkspacesClient()
	policy := it.communicationPolicy()
	return resource{
		name: "fabric_workspace_git_outbound_policy", made: "Allow",
		create: func() (string, error) {
			// The policy of Git can only be set where outbound access is denied.
			if _, err := policy.create(); err != nil {
				return "", err
			}
			return it.workspace, only(client.SetGitOutboundPolicy(ctx, it.workspace, core.NetworkRules{DefaultAction: to.Ptr(core.NetworkAccessRuleAllow)}, nil))
		},
		read: func(id string) (string, error) {
			found, err := client.GetGitOutboundPolicy(ctx, id, nil)
			if err != nil {
				return "", err
			}
			return string(*found.DefaultAction), policy.update("")
		},
	}
}

func (it *fixture) dataAccessRoles() resource {
	client := it.core.NewOneLakeDataAccessSecurityClient()
	role := func(path string) core.DataAccessRoleBase {
		scope := func(name core.AttributeName, value string) core.PermissionScope {
			return core.PermissionScope{AttributeName: &name, AttributeValueIncludedIn: []string{value}}
		}
		return core.DataAccessRoleBase{
			Name: to.Ptr("reader"),
			DecisionRules: []core.DecisionRule{{
				Effect: to.Ptr(core.EffectPermit), Permission: []core.PermissionScope{scope(core.AttributeNamePath, path), scope(core.AttributeNameAction, "Read")},
			}},
			Members: &core.Members{MicrosoftEntraMembers: []core.MicrosoftEntraMember{{ObjectID: to.Ptr(friend), TenantID: to.Ptr(defaultTenant)}}},
		}
	}
	set := func(path string) error {
		options := &core.OneLakeDataAccessSecurityClientCreateOrUpdateSingleDataAccessRoleOptions{
			DataAccessRoleConflictPolicy: to.Ptr(core.DataAccessRoleConflictPolicyOverwrite),
		}
		return only(client.CreateOrUpdateSingleDataAccessRole(ctx, it.workspace, it.lake, role(path), options))
	}
	return resource{
		name: "fabric_onelake_data_access_security", made: "/Tables/a", changed: "/Tables/b",
		create: func() (string, error) { return "reader", set("/Tables/a") },
		read: func(id string) (string, error) {
			found, err := client.GetDataAccessRole(ctx, it.workspace, it.lake, id, nil)
			if err != nil {
				return "", err
			}
			return found.DecisionRules[0].Permission[0].AttributeValueIncludedIn[0], nil
		},
		update: func(string) error { return set("/Tables/b") },
		list: func() ([]string, error) {
			found, err := client.ListDataAccessRoles(ctx, it.workspace, it.lake, nil)
			return each(found.Value, err, func(role core.DataAccessRoleListItem) *string { return role.Name })
		},
		delete: func(id string) error { return only(client.DeleteDataAccessRole(ctx, it.workspace, it.lake, id, nil)) },
	}
}

func (it *fixture) workspaceIdentity() resource {
	client := it.core.NewWorkspacesClient()
	return resource{
		name: "identity of a workspace", made: "true", changed: "false",
		create: func() (string, error) { return it.workspace, only(client.ProvisionIdentity(ctx, it.workspace, nil)) },
		read: func(id string) (string, error) {
			found, err := client.GetWorkspace(ctx, id, nil)
			return fmt.Sprint(found.WorkspaceIdentity != nil), err
		},
		update: func(id string) error { return only(client.DeprovisionIdentity(ctx, id, nil)) },
	}
}

// The areas from here on may be absent.

func (it *fixture) tags() resource {
	client := it.admin.NewTagsClient()
	list := func() ([]admin.TagInfo, error) { return client.ListTags(ctx, nil) }
	return resource{
		name: "fabric_tag", made: "silver", changed: "renamed",
		create: func() (string, error) {
			made, err := client.BulkCreateTags(ctx, admin.CreateTagsRequest{
				CreateTagsRequest: []admin.CreateTagRequest{{DisplayName: to.Ptr("silver")}}, Scope: &admin.TenantTagScope{Type: to.Ptr(admin.TagScopeTypeTenant)},
			}, nil)
			if err != nil {
				return "", err
			}
			return *made.Tags[0].ID, nil
		},
		// There is no operation that reads one tag.
		read: func(id string) (string, error) {
			tags, err := list()
			for _, tag := range tags {
				if *tag.ID == id {
					return *tag.DisplayName, nil
				}
			}
			return "", err
		},
		update: func(id string) error {
			_, err := client.UpdateTag(ctx, id, admin.UpdateTagRequest{DisplayName: to.Ptr("renamed")}, nil)
			return err
		},
		list: func() ([]string, error) {
			tags, err := list()
			return each(tags, err, func(tag admin.TagInfo) *string { return tag.ID })
		},
	}
}

func (it *fixture) domains() resource {
	client := it.admin.NewDomainsClient()
	return resource{
		name: "fabric_domain", made: "domain", changed: "renamed",
		create: func() (string, error) {
			made, err := client.CreateDomain(ctx, false, admin.CreateDomainRequest{DisplayName: to.Ptr("domain")}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := client.GetDomain(ctx, id, false, nil)
			if err != nil {
				return "", err
			}
			return *found.DisplayName, nil
		},
		update: func(id string) error {
			_, err := client.UpdateDomain(ctx, id, false, admin.UpdateDomainRequest{DisplayName: to.Ptr("renamed"), Description: to.Ptr("d")}, nil)
			if err != nil {
				return err
			}
			_, err = client.AssignDomainWorkspacesByIDs(ctx, id, admin.AssignDomainWorkspacesByIDsRequest{WorkspacesIDs: []string{it.workspace}}, nil)
			if err != nil {
				return err
			}
			workspaces, err := client.ListDomainWorkspaces(ctx, id, nil)
			if err == nil && len(workspaces) != 1 {
				panic("the domain does not list its workspace")
			}
			return err
		},
		list: func() ([]string, error) {
			found, err := client.ListDomains(ctx, false, nil)
			return each(found.Domains, err, func(domain admin.Domain) *string { return domain.ID })
		},
		delete: func(id string) error { return only(client.DeleteDomain(ctx, id, nil)) },
	}
}

func (it *fixture) deploymentPipelines() resource {
	client := it.core.NewDeploymentPipelinesClient()
	return resource{
		name: "fabric_deployment_pipeline", made: "pipeline 2", changed: "renamed 2",
		create: func() (string, error) {
			made, err := client.CreateDeploymentPipeline(ctx, core.CreateDeploymentPipelineRequest{
				DisplayName: to.Ptr("pipeline"), Description: to.Ptr("d"), Stages: []core.DeploymentPipelineStageRequest{
					{DisplayName: to.Ptr("test"), Description: to.Ptr("d"), IsPublic: to.Ptr(false)},
					{DisplayName: to.Ptr("production"), Description: to.Ptr("d"), IsPublic: to.Ptr(true)},
				},
			}, nil)
			if err != nil {
				return "", err
			}
			_, err = client.AssignWorkspaceToStage(ctx, *made.ID, *made.Stages[0].ID, core.DeploymentPipelineAssignWorkspaceRequest{WorkspaceID: &it.workspace}, nil)
			return *made.ID, err
		},
		read: func(id string) (string, error) {
			found, err := client.GetDeploymentPipeline(ctx, id, nil)
			if err != nil {
				return "", err
			}
			return fmt.Sprint(*found.DisplayName, " ", len(found.Stages)), nil
		},
		update: func(id string) error {
			_, err := client.UpdateDeploymentPipeline(ctx, id,
				core.UpdateDeploymentPipelineRequest{DisplayName: to.Ptr("renamed"), Description: to.Ptr("d")}, nil)
			if err != nil {
				return err
			}
			// A pipeline is deleted after its workspaces are unassigned.
			stages, err := client.ListDeploymentPipelineStages(ctx, id, nil)
			if err != nil {
				return err
			}
			return only(client.UnassignWorkspaceFromStage(ctx, id, *stages[0].ID, nil))
		},
		list: func() ([]string, error) {
			list, err := client.ListDeploymentPipelines(ctx, nil)
			return each(list, err, func(pipeline core.DeploymentPipeline) *string { return pipeline.ID })
		},
		delete: func(id string) error { return only(client.DeleteDeploymentPipeline(ctx, id, nil)) },
	}
}

func (it *fixture) deploymentPipelineRole() resource {
	client := it.core.NewDeploymentPipelinesClient()
	pipeline := ""
	return resource{
		name: "fabric_deployment_pipeline_role_assignment", made: "[" + friend + "]", changed: "[]",
		create: func() (string, error) {
			made, err := it.deploymentPipelines().create()
			if err != nil {
				return "", err
			}
			pipeline = made
			_, err = client.AddDeploymentPipelineRoleAssignment(ctx, pipeline,
				core.AddDeploymentPipelineRoleAssignmentRequest{Principal: user(), Role: to.Ptr(core.DeploymentPipelineRoleAdmin)}, nil)
			return friend, err
		},
		read: func(id string) (string, error) {
			list, err := client.ListDeploymentPipelineRoleAssignments(ctx, pipeline, nil)
			ids, err := each(list, err, func(role core.DeploymentPipelineRoleAssignment) *string { return role.ID })
			return fmt.Sprint(slices.DeleteFunc(ids, func(other string) bool { return other != id })), err
		},
		update: func(id string) error {
			return only(client.DeleteDeploymentPipelineRoleAssignment(ctx, pipeline, id, nil))
		},
	}
}

// git connects a workspace to a repository, synchronizes it, and disconnects it. An app needs a connection with its credentials.
func (it *fixture) git() resource {
	client := it.core.NewGitClient()
	return resource{
		name: "fabric_workspace_git", made: "Connected", changed: "NotConnected",
		create: func() (string, error) {
			made, err := it.core.NewConnectionsClient().CreateConnection(ctx, &core.CreateCloudConnectionRequest{
				ConnectivityType: to.Ptr(core.ConnectivityTypeShareableCloud), DisplayName: to.Ptr("git"),
				PrivacyLevel: to.Ptr(core.PrivacyLevelOrganizational),
				ConnectionDetails: &core.CreateConnectionDetails{
					Type: to.Ptr("GitHubSourceControl"), CreationMethod: to.Ptr("GitHubSourceControl.Contents"),
				},
				CredentialDetails: &core.CreateCredentialDetails{
					SingleSignOnType: to.Ptr(core.SingleSignOnTypeNone), ConnectionEncryption: to.Ptr(core.ConnectionEncryptionNotEncrypted),
					SkipTestConnection: to.Ptr(false),
					Credentials:        &core.KeyCredentials{CredentialType: to.Ptr(core.CredentialTypeKey), Key: to.Ptr("k")},
				},
			}, nil)
			if err != nil {
				return "", err
			}
			return it.workspace, only(client.Connect(ctx, it.workspace, core.GitConnectRequest{
				GitProviderDetails: &core.GitHubDetails{
					GitProviderType: to.Ptr(core.GitProviderTypeGitHub), OwnerName: to.Ptr("contoso"),
					RepositoryName: to.Ptr("fabric"), BranchName: to.Ptr("main"), DirectoryName: to.Ptr("/"),
				},
				MyGitCredentials: &core.ConfiguredConnectionGitCredentials{
					Source: to.Ptr(core.GitCredentialsSourceConfiguredConnection), ConnectionID: made.GetConnection().ID,
				},
			}, nil))
		},
		read: func(id string) (string, error) {
			found, err := client.GetConnection(ctx, id, nil)
			if err != nil {
				return "", err
			}
			return string(*found.GitConnectionState), nil
		},
		update: func(id string) error {
			strategy := core.InitializeGitConnectionRequest{InitializationStrategy: to.Ptr(core.InitializationStrategyPreferWorkspace)}
			options := core.GitClientBeginInitializeConnectionOptions{GitInitializeConnectionRequest: &strategy}
			if err := only(client.InitializeConnection(ctx, id, &options)); err != nil {
				return err
			}
			if err := only(client.CommitToGit(ctx, id, core.CommitToGitRequest{Mode: to.Ptr(core.CommitModeAll)}, nil)); err != nil {
				return err
			}
			if status, err := client.GetStatus(ctx, id, nil); err != nil || len(status.Changes) > 0 {
				return errors.Join(err, fmt.Errorf("%d changes remain", len(status.Changes)))
			}
			return only(client.Disconnect(ctx, id, nil))
		},
	}
}

func (it *fixture) externalDataShares() resource {
	client := it.core.NewExternalDataSharesProviderClient()
	return resource{
		name: "fabric_external_data_share", made: "Files/a",
		create: func() (string, error) {
			made, err := client.CreateExternalDataShare(ctx, it.workspace, it.lake, core.CreateExternalDataShareRequest{
				Paths: []string{"Files/a"}, Recipient: &core.ExternalDataShareUserRecipient{
					Type: to.Ptr(core.ExternalDataShareRecipientTypeUser), UserPrincipalName: to.Ptr("ana@contoso.com"),
				},
			}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := client.GetExternalDataShare(ctx, it.workspace, it.lake, id, nil)
			if err != nil {
				return "", err
			}
			return strings.Join(found.Paths, " "), nil
		},
		list: func() ([]string, error) {
			list, err := client.ListExternalDataSharesInItem(ctx, it.workspace, it.lake, nil)
			return each(list, err, func(share core.ExternalDataShare) *string { return share.ID })
		},
		delete: func(id string) error {
			return only(client.DeleteExternalDataShare(ctx, it.workspace, it.lake, id, nil))
		},
	}
}

// sparkSettings is a setting: it exists with the workspace.
func (it *fixture) sparkSettings() resource {
	client := it.spark.NewWorkspaceSettingsClient()
	set := func(isLogging bool) error {
		return only(client.UpdateSparkSettings(ctx, it.workspace, spark.UpdateWorkspaceSparkSettingsRequest{
			AutomaticLog: &spark.AutomaticLogProperties{Enabled: &isLogging},
		}, nil))
	}
	return resource{
		name: "fabric_spark_workspace_settings", made: "false", changed: "true",
		create: func() (string, error) { return it.workspace, set(false) },
		read: func(id string) (string, error) {
			found, err := client.GetSparkSettings(ctx, id, nil)
			if err != nil {
				return "", err
			}
			return fmt.Sprint(*found.AutomaticLog.Enabled), nil
		},
		update: func(string) error { return set(true) },
	}
}

func (it *fixture) sparkPools() resource {
	client := it.spark.NewCustomPoolsClient()
	return resource{
		name: "fabric_spark_custom_pool", made: "pool", changed: "renamed",
		create: func() (string, error) {
			made, err := client.CreateWorkspaceCustomPool(ctx, it.workspace, spark.CreateCustomPoolRequest{
				Name: to.Ptr("pool"), NodeFamily: to.Ptr(spark.NodeFamilyMemoryOptimized), NodeSize: to.Ptr(spark.NodeSizeSmall),
				AutoScale: &spark.AutoScaleProperties{Enabled: to.Ptr(true), MinNodeCount: to.Ptr[int32](1), MaxNodeCount: to.Ptr[int32](2)},
				DynamicExecutorAllocation: &spark.DynamicExecutorAllocationProperties{
					Enabled: to.Ptr(true), MinExecutors: to.Ptr[int32](1), MaxExecutors: to.Ptr[int32](1),
				},
			}, nil)
			return id(made.ID, err)
		},
		read: func(id string) (string, error) {
			found, err := client.GetWorkspaceCustomPool(ctx, it.workspace, id, nil)
			if err != nil {
				return "", err
			}
			return *found.Name, nil
		},
		update: func(id string) error {
			return only(client.UpdateWorkspaceCustomPool(ctx, it.workspace, id, spark.UpdateCustomPoolRequest{Name: to.Ptr("renamed")}, nil))
		},
		list: func() ([]string, error) {
			list, err := client.ListWorkspaceCustomPools(ctx, it.workspace, nil)
			return each(list, err, func(pool spark.CustomPool) *string { return pool.ID })
		},
		delete: func(id string) error { return only(client.DeleteWorkspaceCustomPool(ctx, it.workspace, id, nil)) },
	}
}
