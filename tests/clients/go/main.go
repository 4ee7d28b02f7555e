// Programs that use fabric-sdk-go: the life of a mirrored database, or what the first argument names.
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/microsoft/fabric-sdk-go/fabric"
	"github.com/microsoft/fabric-sdk-go/fabric/core"
	"github.com/microsoft/fabric-sdk-go/fabric/mirroreddatabase"
	"github.com/microsoft/fabric-sdk-go/fabric/sqldatabase"
)

const tables = 7

func main() {
	switch {
	case len(os.Args) == 1:
		smallPages()
		mirror()
	case os.Args[1] == "bad-day":
		smallPages()
		badDay()
	case os.Args[1] == "every-method":
		everyMethod(os.Args[2])
	case os.Args[1] == "terraform":
		terraform()
	}
}

// mirror is the life of a mirrored database. Nothing is configured here but the second page.
func mirror() {
	ctx := context.Background()
	credential := must(azidentity.NewDefaultAzureCredential(nil))
	client := must(fabric.NewClient(credential, nil, nil))
	platform := must(core.NewClientFactoryWithClient(*client), error(nil))
	mirrors := must(mirroreddatabase.NewClientFactoryWithClient(*client), error(nil))

	capacities := must(platform.NewCapacitiesClient().ListCapacities(ctx, nil))
	made := must(platform.NewWorkspacesClient().CreateWorkspace(ctx, core.CreateWorkspaceRequest{
		DisplayName: to.Ptr("Go"), CapacityID: capacities[0].ID,
	}, nil))
	workspace := *made.ID
	connection := connect(ctx, platform)

	items := mirrors.NewItemsClient()
	created := must(items.CreateMirroredDatabase(ctx, workspace, mirroreddatabase.CreateMirroredDatabaseRequest{
		DisplayName: to.Ptr("shop"),
		Definition: &mirroreddatabase.Definition{Parts: []mirroreddatabase.DefinitionPart{{
			Path: to.Ptr("mirroring.json"), PayloadType: to.Ptr(mirroreddatabase.PayloadTypeInlineBase64), Payload: to.Ptr(definition(connection)),
		}}},
	}, nil))
	mirror := *created.ID
	fmt.Println("created", *created.DisplayName)

	mirroring := mirrors.NewMirroringClient()
	reach := func(wanted mirroreddatabase.MirroringStatus) {
		for range 100 {
			if *must(mirroring.GetMirroringStatus(ctx, workspace, mirror, nil)).Status == wanted {
				fmt.Println("reached", wanted)
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		panic("never reached " + wanted)
	}
	reach(mirroreddatabase.MirroringStatusInitialized)
	must(mirroring.StartMirroring(ctx, workspace, mirror, nil))
	reach(mirroreddatabase.MirroringStatusRunning)
	pages, seen := 0, 0
	pager := mirroring.NewGetTablesMirroringStatusPager(workspace, mirror, nil)
	for pager.More() {
		page := must(pager.NextPage(ctx))
		pages, seen = pages+1, seen+len(page.Data)
	}
	fmt.Println("tables", seen, "on", pages, "pages")
	must(mirroring.StopMirroring(ctx, workspace, mirror, nil))
	reach(mirroreddatabase.MirroringStatusStopped)
	must(items.DeleteMirroredDatabase(ctx, workspace, mirror, nil))

	// A long-running operation: polled to its end, and its result is the item.
	databases := must(sqldatabase.NewClientFactoryWithClient(*client), error(nil)).NewItemsClient()
	database := must(databases.CreateSQLDatabase(ctx, workspace, sqldatabase.CreateSQLDatabaseRequest{DisplayName: to.Ptr("db")}, nil))
	fmt.Println("created", *database.DisplayName)

	_, err := items.GetMirroredDatabase(ctx, workspace, mirror, nil)
	if err == nil || !strings.Contains(err.Error(), "EntityNotFound") {
		panic(fmt.Sprint("a deleted item answered: ", err))
	}
	fmt.Println("deleted", *created.DisplayName)
}

// connect makes a connection to a database of SQL.
func connect(ctx context.Context, platform *core.ClientFactory) string {
	text := func(name, value string) core.ConnectionDetailsParameterClassification {
		return &core.ConnectionDetailsTextParameter{
			DataType: to.Ptr(core.DataTypeText), Name: to.Ptr(name), Value: to.Ptr(value),
		}
	}
	made := must(platform.NewConnectionsClient().CreateConnection(ctx, &core.CreateCloudConnectionRequest{
		ConnectivityType: to.Ptr(core.ConnectivityTypeShareableCloud),
		DisplayName:      to.Ptr("sql"),
		PrivacyLevel:     to.Ptr(core.PrivacyLevelOrganizational),
		ConnectionDetails: &core.CreateConnectionDetails{
			Type: to.Ptr("SQL"), CreationMethod: to.Ptr("Sql"),
			Parameters: []core.ConnectionDetailsParameterClassification{text("server", "s"), text("database", "d")},
		},
		CredentialDetails: &core.CreateCredentialDetails{
			SingleSignOnType: to.Ptr(core.SingleSignOnTypeNone), ConnectionEncryption: to.Ptr(core.ConnectionEncryptionEncrypted),
			SkipTestConnection: to.Ptr(false),
			Credentials: &core.BasicCredentials{
				CredentialType: to.Ptr(core.CredentialTypeBasic), Username: to.Ptr("u"), Password: to.Ptr("p"),
			},
		},
	}, nil))
	return *made.GetConnection().ID
}

func definition(connection string) string {
	var mounted []string
	for n := range tables {
		mounted = append(mounted, fmt.Sprintf(`{"source":{"typeProperties":{"schemaName":"dbo","tableName":"t%d"}}}`, n))
	}
	text := fmt.Sprintf(`{"properties":{"source":{"type":"AzureSqlDatabase","typeProperties":{"connection":"%s"}},
		"target":{"type":"MountedRelationalDatabase","typeProperties":{"defaultSchema":"dbo","format":"Delta"}},
		"mountedTables":[%s]}}`, connection, strings.Join(mounted, ","))
	return base64.StdEncoding.EncodeToString([]byte(text))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// smallPages sets pages of four rows, so that there is a second one.
func smallPages() {
	url := os.Getenv("SPECULARITE_URL") + "/_emulator/settings"
	request := must(http.NewRequest(http.MethodPatch, url, bytes.NewBufferString(`{"pageSize": 4}`)))
	answer := must(http.DefaultClient.Do(request))
	if answer.StatusCode != http.StatusOK {
		panic(answer.Status)
	}
}
