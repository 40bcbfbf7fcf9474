package logic_test

import (
	"fmt"
	"testing"

	"isle/internal/arm/armtest"
)

// TestScripts plays the exchanges of testdata/script: an answer is its status and its body.
// "> WAIT path" asks until the resource is no longer InProgress. $G is the resource group.
func TestScripts(t *testing.T) {
	script := armtest.Script{Names: []string{"$G", group}, Volatile: []armtest.Volatile{
		armtest.Hide(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`, "TIME"),
		armtest.Hide(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "GUID"),
		armtest.Hide(`\b[0-9a-f]{32}\b`, "ID"),
		armtest.Hide(`\b0858\d{16,25}(CU\d\d)?\b`, "SEQUENCE"),
		armtest.Hide(`sig=[\w-]{43}`, "sig=SIG"),
		armtest.Hide(`"sig": "[\w-]{43}"`, `"sig": "SIG"`),
	}}
	script.Run(t, "testdata/script/*.txt", func(t *testing.T) func(method, path, body string) string { return newWorld(t).exchange })
}

func (w *world) exchange(method, path, body string) string {
	w.t.Helper()
	if method == "WAIT" {
		w.until("GET "+path+" is InProgress no more", func() bool {
			return get(w.send("GET", path, "", 200), "properties", "provisioningState") != "InProgress"
		})
		return fmt.Sprint(get(w.send("GET", path, "", 200), "properties", "provisioningState"))
	}
	res, text := w.client().Do(w.t, method, path, body)
	answer := fmt.Sprint(res.StatusCode)
	if res.Header.Get("Azure-AsyncOperation") != "" {
		answer += " Azure-AsyncOperation Retry-After:" + res.Header.Get("Retry-After")
	}
	if len(text) > 0 {
		answer += "\n" + w.client().Pretty(text)
	}
	return answer
}
