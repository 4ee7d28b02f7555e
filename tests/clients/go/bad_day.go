package main

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/microsoft/fabric-sdk-go/fabric"
	"github.com/microsoft/fabric-sdk-go/fabric/core"
	"github.com/microsoft/fabric-sdk-go/fabric/mirroreddatabase"
	"github.com/microsoft/fabric-sdk-go/fabric/sqldatabase"
)

const openMirror = `{"properties":{"source":{"type":"GenericMirror","typeProperties":{}},
	"target":{"type":"MountedRelationalDatabase","typeProperties":{"defaultSchema":"dbo","format":"Delta"}}}}`

// badDay makes a mirrored database and a SQL database, from a new workspace until mirroring runs. It can be repeated: it
// creates only what does not exist. Retries are those of the SDK.
func badDay() {
	ctx := context.Background()
	client := must(fabric.NewClient(must(azidentity.NewDefaultAzureCredential(nil)), nil, nil))
	platform := must(core.NewClientFactoryWithClient(*client), error(nil))
	mirrors := must(mirroreddatabase.NewClientFactoryWithClient(*client), error(nil))
	databases := must(sqldatabase.NewClientFactoryWithClient(*client), error(nil)).NewItemsClient()

	workspace := workspaceNamed(ctx, platform, "day")
	found := map[string]string{}
	for _, item := range must(platform.NewItemsClient().ListItems(ctx, workspace, nil)) {
		found[*item.DisplayName+"."+string(*item.Type)] = *item.ID
	}
	mirror, exists := found["orders.MirroredDatabase"]
	if !exists {
		created := must(mirrors.NewItemsClient().CreateMirroredDatabase(ctx, workspace, mirroreddatabase.CreateMirroredDatabaseRequest{
			DisplayName: to.Ptr("orders"),
			Definition: &mirroreddatabase.Definition{Parts: []mirroreddatabase.DefinitionPart{{
				Path: to.Ptr("mirroring.json"), PayloadType: to.Ptr(mirroreddatabase.PayloadTypeInlineBase64),
				Payload: to.Ptr(base64.StdEncoding.EncodeToString([]byte(openMirror))),
			}}},
		}, nil))
		mirror = *created.ID
	}
	if _, exists := found["app.SQLDatabase"]; !exists {
		must(databases.CreateSQLDatabase(ctx, workspace, sqldatabase.CreateSQLDatabaseRequest{DisplayName: to.Ptr("app")}, nil))
	}
	mirroring := mirrors.NewMirroringClient()
	must(mirroring.StartMirroring(ctx, workspace, mirror, nil))
	for range 20 {
		if *must(mirroring.GetMirroringStatus(ctx, workspace, mirror, nil)).Status == mirroreddatabase.MirroringStatusRunning {
			fmt.Println("finished")
			return
		}
	}
	panic("never running")
}

// workspaceNamed returns the id of a workspace, and creates it if it does not exist.
func workspaceNamed(ctx context.Context, platform *core.ClientFactory, name string) string {
	workspaces := platform.NewWorkspacesClient()
	for _, workspace := range must(workspaces.ListWorkspaces(ctx, nil)) {
		if *workspace.DisplayName == name {
			return *workspace.ID
		}
	}
	capacities := must(platform.NewCapacitiesClient().ListCapacities(ctx, nil))
	request := core.CreateWorkspaceRequest{DisplayName: to.Ptr(name), CapacityID: capacities[0].ID}
	return *must(workspaces.CreateWorkspace(ctx, request, nil)).ID
}
