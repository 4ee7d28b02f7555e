package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/microsoft/fabric-sdk-go/fabric"
	"github.com/microsoft/fabric-sdk-go/fabric/core"
)

const (
	methodsMin = 650
	depthMax   = 6
	unknownID  = "00000000-0000-4000-8000-00000000dead"
	// placeholder is the value of every text in a path or query until the request is sent.
	placeholder = "~"
)

// texts are the values of members and of enumerations by their lower-case names. An enumeration without a value is left out, and a
// member whose value is empty.
var texts = map[string]string{
	"format": "", "creationpayload": "",
	"agentpoolname": "pool", "certificate": "YQ==", "cronscheduleconfig": "Cron", "gatewaytype": "VirtualNetwork", "itemtype": "Notebook",
	"jobtype": "RunNotebook", "localtimezoneid": "UTC", "networkaccessrule": "Allow", "path": "Files/a", "payload": "e30=", "payloadtype": "InlineBase64",
	"principaltype": "User", "tenantsettingname": "TenantSettingA", "type": "Notebook", "workspacerole": "Viewer",
}

// unchanging are the names of the methods that change nothing.
var unchanging = regexp.MustCompile(`^(Get|New|List|BeginGet)`)

// everyMethod calls every method of the SDK once, each with arguments made from its signature: the first page of a list, the
// result of an operation. A method may succeed, be rejected by Fabric's rules, or be absent from the emulator.
func everyMethod(requests string) {
	tenant := &transport{tenant: defaultTenant, ids: makeTenant(requests)}
	client := must(fabric.NewClient(tenant, nil, &fabric.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: tenant, Retry: policy.RetryOptions{MaxRetries: -1},
	}}))
	outcomes, offenders, total := map[string]int{}, []string{}, 0
	tenant.tenant = fork("unchanged")
	for _, method := range methods(*client) {
		tenant.sent = nil
		said, isFine := outcome(method.call(tenant.ids))
		total++
		outcomes[said]++
		if !isFine {
			offenders = append(offenders, fmt.Sprint(method.name, ": ", said, " ", tenant.sent))
		}
		if said == "success" && !unchanging.MatchString(method.plain) {
			send(http.MethodDelete, "/_emulator/tenants/"+tenant.tenant, nil)
			tenant.tenant = fork(method.name)
		}
	}
	said := slices.Collect(mapKeys(outcomes))
	sort.Slice(said, func(a, b int) bool { return outcomes[said[a]] > outcomes[said[b]] })
	for _, said := range said {
		fmt.Printf("%5d %s\n", outcomes[said], said)
	}
	if len(offenders) > 0 || total < methodsMin {
		fmt.Fprintf(os.Stderr, "%s\n%d offenders of %d methods\n", strings.Join(offenders, "\n"), len(offenders), total)
		os.Exit(1)
	}
	fmt.Println("ok methods", total)
}

func mapKeys(counts map[string]int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range counts {
			if !yield(key) {
				return
			}
		}
	}
}

// outcome describes the outcome of a call, and tells whether a method may have it.
func outcome(err error) (string, bool) {
	if err == nil {
		return "success", true
	}
	// Pagers return the error type of azcore, which does not know where Fabric has its code.
	var fabricError *core.ResponseError
	var plainError *azcore.ResponseError
	status, code := 0, ""
	switch {
	case errors.As(err, &fabricError):
		status, code = fabricError.StatusCode, fabricError.ErrorCode
	case errors.As(err, &plainError):
		var body struct{ ErrorCode string }
		_ = json.Unmarshal(must(runtime.Payload(plainError.RawResponse)), &body)
		status, code = plainError.StatusCode, body.ErrorCode
	default:
		return fmt.Sprintf("%T: %v", err, err), false
	}
	said := fmt.Sprint(status, " ", code)
	isRejected := status >= 400 && status < 500 && status != 401 && status != 405 && status != 429 && code != "EndpointNotFound" && code != ""
	return said, isRejected || said == "501 NotEmulated"
}

// method is a method of a client of the SDK.
type method struct {
	name, plain string
	function    reflect.Value
	// hasBeta is true if there is another method for the beta version, so that this one needs the stable version.
	hasBeta bool
}

// methods returns all methods of all clients. Of a method with a pager or a poller, that is taken instead of the one that reads to the end.
func methods(client fabric.Client) []method {
	found := []method{}
	for _, factory := range factories(client) {
		area := reflect.ValueOf(factory)
		for n := range area.NumMethod() {
			if area.Method(n).Type().NumIn() > 0 {
				continue
			}
			client := area.Method(n).Call(nil)[0]
			for m := range client.NumMethod() {
				plain := client.Type().Method(m).Name
				if client.MethodByName("New"+plain+"Pager").IsValid() || client.MethodByName("Begin"+plain).IsValid() {
					continue
				}
				hasBeta := client.MethodByName(plain + "Beta").IsValid()
				found = append(found, method{client.Type().String() + "." + plain, plain, client.Method(m), hasBeta})
			}
		}
	}
	return found
}

// call calls the method, and reads its first page or the result of its operation.
func (method method) call(ids map[string]string) error {
	ctx := reflect.ValueOf(context.Background())
	given := []reflect.Value{}
	for n := range method.function.Type().NumIn() {
		kind := method.function.Type().In(n)
		switch {
		case kind.Implements(reflect.TypeFor[context.Context]()):
			given = append(given, ctx)
		case kind.Kind() == reflect.Bool && method.hasBeta:
			given = append(given, reflect.ValueOf(false))
		case kind.Kind() == reflect.Pointer:
			given = append(given, reflect.Zero(kind))
		case kind.Kind() == reflect.String:
			given = append(given, reflect.ValueOf(placeholder).Convert(kind))
		default:
			given = append(given, made("", kind, ids, 0))
		}
	}
	returned := method.function.Call(given)
	if failed := failure(returned); failed != nil {
		return failed
	}
	if page := returned[0].MethodByName("NextPage"); page.IsValid() {
		return failure(page.Call([]reflect.Value{ctx}))
	}
	if poll := returned[0].MethodByName("Poll"); poll.IsValid() {
		for range 3 {
			if returned[0].MethodByName("Done").Call(nil)[0].Bool() {
				return failure(returned[0].MethodByName("Result").Call([]reflect.Value{ctx}))
			}
			if failed := failure(poll.Call([]reflect.Value{ctx})); failed != nil {
				return failed
			}
		}
		return errors.New("an operation does not end")
	}
	return nil
}

// failure is the error that a call returned.
func failure(returned []reflect.Value) error {
	err, _ := returned[len(returned)-1].Interface().(error)
	return err
}

// made makes a value of a type. A member's name says what its text is.
func made(name string, kind reflect.Type, ids map[string]string, depth int) reflect.Value {
	value := reflect.New(kind).Elem()
	if known, isKnown := texts[strings.ToLower(name)]; depth > depthMax || isKnown && known == "" {
		return value
	}
	if kind == reflect.TypeFor[time.Time]() {
		return reflect.ValueOf(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC))
	}
	switch kind.Kind() {
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Int32, reflect.Int64:
		value.SetInt(1)
	case reflect.Float32, reflect.Float64:
		value.SetFloat(1)
	case reflect.String:
		value.SetString(text(name, kind, ids))
	case reflect.Pointer:
		if made := made(name, kind.Elem(), ids, depth+1); !made.IsZero() {
			value.Set(reflect.New(kind.Elem()))
			value.Elem().Set(made)
		}
	case reflect.Slice:
		value.Set(reflect.Append(value, made(name, kind.Elem(), ids, depth+1)))
	case reflect.Map:
		value.Set(reflect.MakeMap(kind))
		value.SetMapIndex(reflect.ValueOf("key"), made("", kind.Elem(), ids, depth+1))
	case reflect.Struct:
		for n := range kind.NumField() {
			if field := kind.Field(n); field.IsExported() {
				value.Field(n).Set(made(field.Name, field.Type, ids, depth+1))
			}
		}
	case reflect.Interface:
		// A family of types: its common type, which the method of the interface returns. Otherwise anything, or a stream.
		if kind.NumMethod() == 1 && kind.Method(0).Type.NumOut() == 1 && kind.Method(0).Type.Out(0).Implements(kind) {
			value.Set(made(name, kind.Method(0).Type.Out(0), ids, depth))
		} else if kind.NumMethod() == 0 {
			value.Set(reflect.ValueOf(map[string]any{}))
		}
	}
	return value
}

func text(name string, kind reflect.Type, ids map[string]string) string {
	if kind.PkgPath() != "" {
		return texts[strings.ToLower(kind.Name())]
	}
	if known, isKnown := texts[strings.ToLower(name)]; isKnown {
		return known
	}
	if known := ids[noun(name)]; known != "" {
		return known
	}
	if strings.HasSuffix(name, "ID") {
		return unknownID
	}
	return "a" + strings.ToLower(name)
}
