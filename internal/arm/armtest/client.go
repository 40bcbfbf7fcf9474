package armtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Client sends requests to a resource manager behind TLS.
type Client struct {
	Server     *httptest.Server
	APIVersion string
	Who        string // what follows "Bearer "; "x" if it is ""
}

// Do makes a request and gives the answer, whose body has been read.
func (c Client) Do(t testing.TB, method, path, body string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, c.Server.URL+Versioned(path, c.APIVersion), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+cmp.Or(c.Who, "x"))
	res, err := c.Server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, text
}

// Want makes a request that must have a status, and gives the decoded answer.
func (c Client) Want(t testing.TB, method, path, body string, status int) (map[string]any, http.Header) {
	t.Helper()
	res, text := c.Do(t, method, path, body)
	if res.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, status, text)
	}
	var answer map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatal(err)
		}
	}
	return answer, res.Header
}

// Versioned is a path with spaces as a URL has them, and an api-version behind it.
func Versioned(path, version string) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return strings.ReplaceAll(path, " ", "%20") + separator + "api-version=" + version
}

// Pretty is a body as a script shows it: indented, without the server's changing address.
func (c Client) Pretty(body []byte) string {
	var pretty bytes.Buffer
	if json.Indent(&pretty, body, "", "  ") != nil {
		return string(body)
	}
	return strings.ReplaceAll(pretty.String(), c.Server.URL, "https://server")
}

// Options point a client of the SDK at the server.
func (c Client) Options() *azarm.ClientOptions {
	return &azarm.ClientOptions{ClientOptions: policy.ClientOptions{
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: c.Server.URL, Audience: "https://management.azure.com/"}}},
		Transport: c.Server.Client(),
	}}
}

// Token is a credential of the SDK; nobody looks at what it says.
type Token struct{}

// GetToken gives it.
func (Token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "x", ExpiresOn: time.Now().Add(time.Hour)}, nil
}
