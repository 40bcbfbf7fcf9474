package isletest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"isle/isletest"
)

// Wherever an address comes from that an operation calls, it leads neither to metadata
// services nor to the server itself, of which only the access endpoint can be reached;
// and credentials stay with the origin that they were given for.
func TestAddressesLeadNowhereElse(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("forged")
	stranger := make(chan *http.Request, 64)
	other := stub(t, func(_ http.ResponseWriter, r *http.Request) { stranger <- r })
	targets := map[string]string{"metadata": "http://169.254.169.254/latest", "mapped": "http://[::ffff:169.254.169.254]/latest", "self": s.Endpoint + "/subscriptions?api-version=2020-01-01", "other": other}
	peer := stub(t, func(w http.ResponseWriter, r *http.Request) {
		to := targets[r.URL.Query().Get("to")]
		w.Header().Set("Location", to)
		switch r.URL.Path {
		case "/redirect":
			w.WriteHeader(http.StatusFound)
		case "/accepted":
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusAccepted)
		case "/next":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"value":[1],"nextLink":%q}`, to)
		}
	})
	const credentials = `"headers":{"X-Key":"secret"},"authentication":{"type":"Basic","username":"u","password":"secret"},"retryPolicy":{"type":"none"}`
	ways := map[string]string{
		"Http":     `{"type":"Http","inputs":{"method":"GET","uri":"TO",` + credentials + `}}`,
		"Redirect": `{"type":"Http","inputs":{"method":"GET","uri":"PEER/redirect?to=NAME",` + credentials + `}}`,
		"Accepted": `{"type":"Http","inputs":{"method":"POST","uri":"PEER/accepted?to=NAME",` + credentials + `}}`,
		"Next":     `{"type":"Http","inputs":{"method":"GET","uri":"PEER/next?to=NAME",` + credentials + `},"runtimeConfiguration":{"paginationPolicy":{"minimumItemCount":9}}}`,
		"Upload":   `{"type":"Http","inputs":{"method":"POST","uri":"PEER/upload?to=NAME","body":"@string(concat(string(range(100000,99999)),string(range(100000,99999))))",` + credentials + `},"runtimeConfiguration":{"contentTransfer":{"transferMode":"Chunked","uploadChunkSizeInMB":1}}}`,
		"Function": `{"type":"Function","inputs":{"uri":"TO","function":{"id":"/f"},` + credentials + `}}`,
		"Runtime":  `{"type":"ApiConnection","inputs":{"host":{"api":{"runtimeUrl":"TO"},"connection":{"name":"/c"}},"method":"get","path":"",` + credentials + `}}`,
		"Hook":     `{"type":"HttpWebhook","inputs":{"subscribe":{"method":"GET","uri":"TO","body":"@listCallbackUrl()",` + credentials + `}}}`,
		"Token":    `{"type":"Http","inputs":{"method":"GET","uri":"PEER","retryPolicy":{"type":"none"},"authentication":{"type":"ActiveDirectoryOAuth","authority":"BASE","tenant":"t","audience":"a","clientId":"c","secret":"secret"}}}`,
	}
	for name, to := range targets {
		if name == "other" {
			continue
		}
		var actions []string
		for way, action := range ways {
			base, _, _ := strings.Cut(to, "?")
			actions = append(actions, fmt.Sprintf("%q:%s", way, strings.NewReplacer("TO", to, "BASE", base, "PEER", peer, "NAME", name).Replace(action)))
		}
		_, url := put(t, s, group, name, workflowBody(`{"All":{"type":"Scope","actions":{`+strings.Join(actions, ",")+`}},"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@result('All')"},"runAfter":{"All":["Succeeded","Failed"]}}}`))
		a := s.Call(url, `{}`)
		var results []struct {
			Name, Status, Code string
			Outputs            struct {
				StatusCode int
				Body       json.RawMessage
			}
		}
		if err := json.Unmarshal(a.Body, &results); err != nil || len(results) != len(ways) {
			t.Fatalf("%s: %d %s", name, a.Status, a.Body)
		}
		for _, r := range results {
			body := string(r.Outputs.Body)
			switch {
			case name != "self" && (r.Status != "Failed" || r.Code != "NetworkPolicyDenied"):
				t.Errorf("%s by %s: %s %s %s", name, r.Name, r.Status, r.Code, body)
			case name == "self" && (r.Status != "Failed" || strings.Contains(body, s.SubscriptionID)):
				t.Errorf("the server itself by %s: %s %s %s", r.Name, r.Status, r.Code, body)
			}
		}
	}
	// What leads to another origin leads there without the credentials.
	var actions []string
	for _, way := range []string{"Redirect", "Accepted", "Next", "Upload"} {
		actions = append(actions, fmt.Sprintf("%q:%s", way, strings.NewReplacer("PEER", peer, "NAME", "other").Replace(ways[way])))
	}
	_, url := put(t, s, group, "other", workflowBody(`{"All":{"type":"Scope","actions":{`+strings.Join(actions, ",")+`}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"All":["Succeeded","Failed"]}}}`))
	s.Call(url, `{}`)
	close(stranger)
	asked := 0
	for r := range stranger {
		asked++
		for header, values := range r.Header {
			if strings.Contains(strings.Join(values, " "), "secret") || header == "Authorization" {
				t.Errorf("%s %s has the header %s", r.Method, r.URL, header)
			}
		}
	}
	if asked < len(actions) {
		t.Errorf("the other origin was only asked %d times", asked)
	}
}
