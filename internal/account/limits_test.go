package account_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestArtifactsBySKU: one more than the SKU allows is refused, and so is an SKU that
// allows less than there is; what is there can be changed.
func TestArtifactsBySKU(t *testing.T) {
	w := newWorld(t)
	put := func(name string) (code int, text string) {
		res := w.do("PUT", expand("$A/batchConfigurations/"+name), `{"properties":{"batchGroupName":"g","releaseCriteria":{"messageCount":1}}}`)
		return res.Code, problems(res.Body.Bytes())
	}
	for _, c := range []struct {
		sku  string
		most int
	}{{"Basic", 1}, {"Free", 5}, {"NotSpecified", 5}, {"Standard", 50}} {
		if res := w.do("PUT", expand("$A"), `{"location":"westeurope","sku":{"name":"`+c.sku+`"}}`); res.Code >= 300 {
			t.Fatalf("%s: %s", c.sku, res.Body)
		}
		for i := range c.most {
			if code, text := put(fmt.Sprintf("b%d", i)); code >= 300 {
				t.Fatalf("%s, %d of %d: %s", c.sku, i, c.most, text)
			}
		}
		if code, text := put("more"); code != 409 || !strings.HasPrefix(text, "IntegrationAccountArtifactLimitExceeded") {
			t.Errorf("%s, one too many: %d %s", c.sku, code, text)
		}
	}
	before := w.snapshot(t)
	for sku, want := range map[string]string{"Free": "has 50 batchConfigurations; with the SKU 'Free' there may be 5", "Basic": "there may be 1"} {
		if res := w.do("PATCH", expand("$A"), `{"sku":{"name":"`+sku+`"}}`); res.Code != 409 || !strings.Contains(res.Body.String(), want) {
			t.Errorf("to %s: %d %s", sku, res.Code, res.Body)
		}
	}
	if w.snapshot(t) != before {
		t.Error("a refusal changed something")
	}
}

// TestLargeContents: 8 MB are stored, a byte more is not; a request has a bound, too.
func TestLargeContents(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", expand("$A"), `{"location":"westeurope"}`)
	const frame = `<schema xmlns="http://www.w3.org/2001/XMLSchema"><!----></schema>`
	for size, want := range map[int]int{8 << 20: 201, 8<<20 + 1: 400, 26 << 20: 413} {
		content := strings.Replace(frame, "<!--", "<!--"+strings.Repeat("x", size-len(frame)), 1)
		body, err := json.Marshal(map[string]any{"properties": map[string]any{"schemaType": "Xml", "content": content}})
		if err != nil {
			t.Fatal(err)
		}
		res := w.do(http.MethodPut, expand(fmt.Sprintf("$A/schemas/s%d", size)), string(body))
		if res.Code != want || want == 201 && !strings.Contains(res.Body.String(), fmt.Sprintf(`"contentSize":%d,`, size)) || want == 400 && !strings.HasPrefix(problems(res.Body.Bytes()), "IntegrationAccountArtifactContentTooLarge") {
			t.Errorf("%d bytes: %d %.300s", size, res.Code, res.Body)
		}
	}
}

// TestEndlessFaults: what is wrong in very many places, or nested very deep, is refused
// in bounded room.
func TestEndlessFaults(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", expand("$A"), `{"location":"westeurope"}`)
	identities := `{"properties":{"partnerType":"B2B","content":{"b2b":{"businessIdentities":[` + strings.Repeat("1,", 1<<20) + `1]}}}}`
	deep, err := json.Marshal(map[string]any{"properties": map[string]any{"mapType": "Xslt", "content": strings.Repeat("<a>", 1<<20)}})
	if err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string]string{"$A/partners/p": identities, "$A/maps/m": string(deep), "$A/maps/l": `{"properties":{"mapType":"Liquid","content":"` + strings.Repeat("{%raw%}{{'}}", 1<<19) + `"}}`} {
		if res := w.do("PUT", expand(path), body); res.Code != 400 || res.Body.Len() > 200_000 {
			t.Errorf("%s: %d, %d bytes: %.500s", path, res.Code, res.Body.Len(), res.Body)
		}
	}
}

// TestAccountsGoWithWhatIsInThem: nothing is left of a deleted account, and one of the
// same name begins anew.
func TestAccountsGoWithWhatIsInThem(t *testing.T) {
	w := newWorld(t)
	empty := w.snapshot(t)
	w.do("PUT", expand("$A"), `{"location":"westeurope","properties":{"integrationServiceEnvironment":{"id":"$L/integrationServiceEnvironments/premium"}}}`)
	w.do("PUT", expand("$A/maps/m"), `{"properties":{"mapType":"Liquid","content":"a"}}`)
	if res := w.do("PUT", expand("$A/assemblies/a"), `{"properties":{"assemblyName":"a","content":"AAAA"}}`); res.Code != 201 {
		t.Fatal(res.Body)
	}
	if strings.Count(w.snapshot(t), "/content/") != 2 {
		t.Errorf("contents: %s", w.snapshot(t))
	}
	if res := w.do("DELETE", expand("$A"), ""); res.Code != 200 {
		t.Fatal(res.Body)
	}
	if got := w.snapshot(t); got != empty {
		t.Errorf("left over: %s", got)
	}
	w.do("PUT", expand("$A"), `{"location":"westeurope"}`)
	if res := w.do("GET", expand("$A/maps"), ""); res.Body.String() != `{"value":[]}` {
		t.Errorf("maps of the new account: %s", res.Body)
	}
}

// TestAccountPreconditions: If-Match and If-None-Match hold for accounts and artifacts.
func TestAccountPreconditions(t *testing.T) {
	w := newWorld(t)
	for _, r := range [][2]string{{"$A", `{"location":"westeurope"}`}, {"$A/maps/m", `{"properties":{"mapType":"Liquid","content":"a"}}`}} {
		path, body := r[0], r[1]
		made := w.do("PUT", expand(path), body)
		for _, c := range []struct {
			method, header, value string
			want                  int
		}{
			{"PUT", "If-None-Match", "*", 412}, {"PUT", "If-Match", `"other"`, 412}, {"DELETE", "If-Match", `"other"`, 412},
			{"GET", "If-None-Match", made.Header().Get("ETag"), 304}, {"PUT", "If-Match", made.Header().Get("ETag"), 200}, {"DELETE", "If-Match", made.Header().Get("ETag"), 412},
		} {
			if res := w.with(c.header, c.value).do(c.method, expand(path), body); res.Code != c.want {
				t.Errorf("%s %s with %s %s: %d %s, want %d", c.method, path, c.header, c.value, res.Code, res.Body, c.want)
			}
		}
	}
}

// TestAccountsBySKUOfTheEnvironment: a Premium environment has up to 20 accounts, all
// Standard; a Developer one 20, of which one may be Free; none has Basic ones. A place
// that is left can be taken (ise.md #137, #139, #140).
func TestAccountsBySKUOfTheEnvironment(t *testing.T) {
	for environment, skus := range map[string]struct{ first, other string }{"premium": {"Standard", "Standard"}, "developer": {"Free", "Standard"}} {
		w := newWorld(t)
		put := func(name, sku string) (code int, text string) {
			res := w.do("PUT", expand("$L/integrationAccounts/"+name), `{"location":"westeurope","sku":{"name":"`+sku+`"},"properties":{"integrationServiceEnvironment":{"id":"`+expand("$L/integrationServiceEnvironments/"+environment)+`"}}}`)
			return res.Code, problems(res.Body.Bytes())
		}
		for i := range 20 {
			sku := skus.other
			if i == 0 {
				sku = skus.first
			}
			if code, text := put(fmt.Sprintf("a%d", i), sku); code != 201 {
				t.Fatalf("%s, %d of 20: %d %s", environment, i+1, code, text)
			}
		}
		if code, text := put("more", "Standard"); code != 409 || !strings.HasPrefix(text, "IntegrationAccountLimitExceeded [properties.integrationServiceEnvironment.id]") {
			t.Errorf("%s, one too many: %d %s", environment, code, text)
		}
		for _, sku := range []string{"Basic", "Free", "NotSpecified"} {
			if code, text := put("a1", sku); code < 400 || !strings.HasPrefix(text, "InvalidSku") && !strings.HasPrefix(text, "IntegrationAccountLimitExceeded") {
				t.Errorf("%s, %s: %d %s", environment, sku, code, text)
			}
		}
		w.do("DELETE", expand("$L/integrationAccounts/a0"), "")
		if code, text := put("more", skus.first); code != 201 {
			t.Errorf("%s, where one was: %d %s", environment, code, text)
		}
	}
}
