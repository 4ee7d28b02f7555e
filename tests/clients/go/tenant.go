package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	defaultTenant = "5bec0a12-0000-4000-8000-000000000001"
	administrator = "5bec0a12-0000-4000-8000-000000000002"
)

// token is a token of the administrator of a tenant.
func token(tenant string) string {
	claims := fmt.Sprintf(`{"tid": %q, "oid": %q, "idtyp": "user"}`, tenant, administrator)
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "."
}

// send sends a request to the emulator, about or in the default tenant.
func send(method, path string, body any) map[string]any {
	request := must(http.NewRequest(method, os.Getenv("SPECULARITE_URL")+path, bytes.NewReader(must(json.Marshal(body)))))
	request.Header.Set("Authorization", "Bearer "+token(defaultTenant))
	request.Header.Set("Content-Type", "application/json")
	answer := must(http.DefaultClient.Do(request))
	defer answer.Body.Close()
	text := must(io.ReadAll(answer.Body))
	if answer.StatusCode >= 300 {
		panic(fmt.Sprint(method, " ", path, ": ", answer.Status, " ", string(text)))
	}
	var read map[string]any
	_ = json.Unmarshal(text, &read)
	return read
}

// fork forks the default tenant and returns the id of the fork.
func fork(name string) string {
	return send(http.MethodPost, "/_emulator/tenants/"+defaultTenant+"/fork", map[string]any{"as": name})["id"].(string)
}

// makeTenant makes the default tenant by the requests of a file, and returns the ids of its resources by their nouns.
func makeTenant(requests string) map[string]string {
	send(http.MethodPatch, "/_emulator/settings", map[string]any{"pace": "instant"})
	ids := map[string]string{"capacity": first(send(http.MethodGet, "/v1/capacities", nil))["id"].(string)}
	member := regexp.MustCompile(`\{\w+\}`)
	fill := func(text string) string {
		return member.ReplaceAllStringFunc(text, func(name string) string { return ids[strings.Trim(name, "{}")] })
	}
	var steps [][]json.RawMessage
	if err := json.Unmarshal(must(os.ReadFile(requests)), &steps); err != nil {
		panic(err)
	}
	for _, step := range steps {
		var name, method, path string
		for n, into := range []*string{&name, &method, &path} {
			_ = json.Unmarshal(step[n], into)
		}
		made := send(method, fill(path), json.RawMessage(fill(string(step[3]))))
		if _, isList := made["value"]; isList {
			made = first(made)
		}
		ids[name], _ = made["id"].(string)
	}
	for _, item := range send(http.MethodGet, "/v1/workspaces/"+ids["workspace"]+"/items", nil)["value"].([]any) {
		item := item.(map[string]any)
		ids[strings.ToLower(item["type"].(string))] = item["id"].(string)
	}
	ids["item"] = ids["notebook"]
	return ids
}

func first(list map[string]any) map[string]any {
	return list["value"].([]any)[0].(map[string]any)
}

// noun is the noun of a name: `capacities` and `CapacityID` give `capacity`.
func noun(name string) string {
	name = strings.TrimSuffix(strings.ToLower(name), "id")
	switch {
	case strings.HasSuffix(name, "ies"):
		return strings.TrimSuffix(name, "ies") + "y"
	case strings.HasSuffix(name, "xes"):
		return strings.TrimSuffix(name, "es")
	case strings.HasSuffix(name, "ss"):
		return name
	}
	return strings.TrimSuffix(name, "s")
}

// transport sends the requests of an SDK in a tenant. It writes ids where the paths and queries have placeholders.
type transport struct {
	tenant string
	ids    map[string]string
	sent   []string
}

// GetToken returns a token that Do replaces.
func (*transport) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "replaced", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// Do sends a request.
func (to *transport) Do(request *http.Request) (*http.Response, error) {
	segments := strings.Split(request.URL.Path, "/")
	for n := 2; n < len(segments); n++ {
		if segments[n] == placeholder {
			segments[n] = to.id(noun(segments[max(n-3, 0)]), noun(segments[n-1]))
		}
	}
	request.URL.Path, request.URL.RawPath = strings.Join(segments, "/"), ""
	query := request.URL.Query()
	for name := range query {
		if query.Get(name) == placeholder {
			query.Set(name, to.id("", noun(name)))
		}
	}
	request.URL.RawQuery = query.Encode()
	request.Header.Set("Authorization", "Bearer "+token(to.tenant))
	to.sent = append(to.sent, request.Method+" "+request.URL.String())
	return http.DefaultClient.Do(request)
}

// id is the id of a resource by its noun, or by that of its parent and its own.
func (to *transport) id(parent, own string) string {
	for _, name := range []string{parent + own, own} {
		if id := to.ids[name]; id != "" {
			return id
		}
	}
	if known := texts[own]; known != "" {
		return known
	}
	return unknownID
}
