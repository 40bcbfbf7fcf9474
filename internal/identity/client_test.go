package identity_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"

	"isle/expr"
	"isle/internal/access"
	manager "isle/internal/arm"
	"isle/internal/identity"
	"isle/internal/store"
	"isle/internal/task"
)

// server is issuer and resource manager behind the authority's TLS.
type server struct {
	*httptest.Server
	service     *identity.Service
	credentials *identity.Credentials
	client      *http.Client
}

func newServer(t *testing.T) *server {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	service, err := identity.Open(t.Context(), identity.Config{Store: s})
	if err != nil {
		t.Fatal(err)
	}
	roles := access.Open(access.Config{Store: s})
	credentials, err := service.Bootstrap(t.Context(), "test", func(tx *store.Tx, object string) error {
		return roles.Assign(tx, access.Assignment{Principal: object, Kind: "ServicePrincipal", Role: access.Owner, Scope: "/"}, time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	authority, err := identity.OpenAuthority(t.Context(), identity.AuthorityConfig{Store: s})
	if err != nil {
		t.Fatal(err)
	}
	m, err := manager.New(manager.Config{Store: s, Types: []manager.Type{slowType()}, Authorizer: roles, Authenticator: service,
		Tenant: service.Tenant(), Subscriptions: []manager.Subscription{{ID: service.Subscription()}}})
	if err != nil {
		t.Fatal(err)
	}
	handlers := m.Handlers()
	handlers["slow"] = func(ctx context.Context, db *store.DB, k store.Task) (task.Result, error) {
		j, err := manager.ReadJob(k)
		if err != nil {
			return task.Result{}, err
		}
		return task.Done(), db.Write(ctx, func(tx *store.Tx) error { return m.Complete(ctx, tx, j.Resource, j.Operation, nil) })
	}
	scheduler := task.New(s, handlers, task.Options{})
	s.OnTasks(scheduler.Wake)
	if err := scheduler.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(scheduler.Stop)
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if identity.Owns(r.URL.Path) {
			service.ServeHTTP(w, r)
			return
		}
		m.ServeHTTP(w, r)
	}))
	web.Listener = tls.NewListener(web.Listener, authority.TLSConfig())
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.Start()
	web.URL = strings.Replace(web.URL, "http:", "https:", 1)
	t.Cleanup(web.Close)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority.CA())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	t.Cleanup(client.CloseIdleConnections)
	return &server{web, service, credentials, client}
}

// slowType is a type whose changes are long-running operations.
func slowType() manager.Type {
	return manager.Type{Name: "Test.Slow/things", APIVersions: []string{"2024-01-01"}, Tracked: true,
		Put: func(_ context.Context, _ *store.Tx, r *manager.PutRequest) (*manager.Written, error) {
			r.Async("slow", nil)
			return &manager.Written{Body: r.Properties().JSON()}, nil
		},
		Delete: func(_ context.Context, _ *store.Tx, r *manager.DeleteRequest) error { r.Async("slow", nil); return nil },
		View: func(_ context.Context, _ *store.Tx, r manager.Resource) (expr.Value, error) {
			v, err := expr.ParseStored(r.Body)
			return expr.Object(expr.Member{Name: "properties", Value: v}), err
		}}
}

func (s *server) cloud() cloud.Configuration {
	return cloud.Configuration{ActiveDirectoryAuthorityHost: s.URL, Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
		cloud.ResourceManager: {Endpoint: s.URL, Audience: "https://management.azure.com/"}}}
}

func (s *server) options() *arm.ClientOptions {
	return &arm.ClientOptions{ClientOptions: policy.ClientOptions{Cloud: s.cloud(), Transport: s.client}}
}

func (s *server) credential(t *testing.T, secret string) azcore.TokenCredential {
	t.Helper()
	c, err := azidentity.NewClientSecretCredential(s.service.Tenant(), s.credentials.ClientID, secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: policy.ClientOptions{Cloud: s.cloud(), Transport: s.client}, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The unmodified Azure SDK logs in, makes a group and a resource with a long-running
// operation, lists, and deletes both.
func TestAzureSDK(t *testing.T) {
	s := newServer(t)
	ctx, subscription := t.Context(), s.service.Subscription()
	factory, err := armresources.NewClientFactory(subscription, s.credential(t, s.credentials.Secret), s.options())
	if err != nil {
		t.Fatal(err)
	}
	groups := factory.NewResourceGroupsClient()
	made, err := groups.CreateOrUpdate(ctx, "Mixed-Case", armresources.ResourceGroup{Location: to.Ptr("westeurope"), Tags: map[string]*string{"a": to.Ptr("b")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "/subscriptions/" + subscription + "/resourceGroups/Mixed-Case"; *made.ID != want || *made.Properties.ProvisioningState != "Succeeded" {
		t.Errorf("made %s, want %s", *made.ID, want)
	}
	if found, err := groups.CheckExistence(ctx, "mixed-case", nil); err != nil || !found.Success {
		t.Errorf("existence: %v %v", found, err)
	}
	id := *made.ID + "/providers/Test.Slow/things/one"
	client := factory.NewClient()
	putting, err := client.BeginCreateOrUpdateByID(ctx, id, "2024-01-01", armresources.GenericResource{Location: to.Ptr("westeurope"), Properties: map[string]any{"x": 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	put, err := putting.PollUntilDone(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := put.Properties.(map[string]any); p["provisioningState"] != "Succeeded" || p["x"] != 1.0 || *put.ID != id {
		t.Errorf("put %v", put)
	}
	count := 0
	for pager := client.NewListByResourceGroupPager("MIXED-CASE", &armresources.ClientListByResourceGroupOptions{Filter: to.Ptr("resourceType eq 'Test.Slow/things'")}); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		count += len(page.Value)
	}
	if count != 1 {
		t.Errorf("%d resources in the group", count)
	}
	deleting, err := groups.BeginDelete(ctx, "mixed-case", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deleting.PollUntilDone(ctx, nil); err != nil {
		t.Fatal(err)
	}
	for pager := groups.NewListPager(nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil || len(page.Value) != 0 {
			t.Fatal(page, err)
		}
	}
	provider, err := factory.NewProvidersClient().Get(ctx, "Test.Slow", nil)
	if err != nil || *provider.RegistrationState != "Registered" {
		t.Error(provider, err)
	}
	subscriptions, err := armsubscriptions.NewClient(s.credential(t, s.credentials.Secret), s.options())
	if err != nil {
		t.Fatal(err)
	}
	if page, err := subscriptions.NewListPager(nil).NextPage(ctx); err != nil || len(page.Value) != 1 {
		t.Error(page, err)
	}
}

func TestWrongSecretIsRefused(t *testing.T) {
	s := newServer(t)
	_, err := s.credential(t, "wrong").GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}})
	if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") || strings.Contains(err.Error(), s.credentials.Secret) {
		t.Error(err)
	}
}

// Both forms of authentication, both versions of the endpoint, discovery and keys.
func TestTokenEndpoints(t *testing.T) {
	s := newServer(t)
	get := func(path string) map[string]any {
		r, err := s.client.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var v map[string]any
		if err := json.NewDecoder(r.Body).Decode(&v); err != nil || r.StatusCode != 200 {
			t.Fatal(path, r.Status, err)
		}
		return v
	}
	for _, tenant := range []string{s.service.Tenant(), "isle.local", "common"} {
		for version, infix := range map[string]string{"1.0": "", "2.0": "/v2.0"} {
			doc := get("/" + tenant + infix + "/.well-known/openid-configuration")
			request, _ := http.NewRequest(http.MethodPost, doc["token_endpoint"].(string), strings.NewReader("grant_type=client_credentials&resource=https%3A%2F%2Fmanagement.azure.com%2F&scope="+s.URL+"/.default"))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.SetBasicAuth(s.credentials.ClientID, s.credentials.Secret)
			response, err := s.client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			var token struct {
				AccessToken string `json:"access_token"`
				ExpiresIn   any    `json:"expires_in"`
			}
			err = json.NewDecoder(response.Body).Decode(&token)
			response.Body.Close()
			if err != nil || response.StatusCode != 200 {
				t.Fatal(response.Status, err)
			}
			p, err := s.service.Verify(token.AccessToken)
			if err != nil || p.Client != s.credentials.ClientID || p.ID != s.credentials.ObjectID {
				t.Errorf("version %s: %v %v", version, p, err)
			}
			keys := get(strings.TrimPrefix(doc["jwks_uri"].(string), s.URL))
			if n := len(keys["keys"].([]any)); n != 1 {
				t.Errorf("%d keys", n)
			}
		}
	}
	if doc := get("/common/discovery/instance?api-version=1.1&authorization_endpoint=x"); !strings.HasPrefix(doc["tenant_discovery_endpoint"].(string), s.URL) {
		t.Error(doc)
	}
}
