package network_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"isle/internal/arm/armtest"
)

const codesScript = "testdata/codes.txt"

// TestCodes plays the rows of network.md §A9.
func TestCodes(t *testing.T) {
	script := armtest.Script{Names: []string{"$NET", net, "$NSG", group, "$RT", table, "$ISE", environment, "$P", provider}}
	script.Run(t, codesScript, func(t *testing.T) func(method, path, body string) string {
		w := newWorld(t)
		w.office()
		w.send("PUT", group+"/securityRules/first", `{"properties":`+anyRule(100)+`}`, 201)
		for name, properties := range map[string]string{
			"b": `"addressPrefix":"10.0.1.0/24","delegations":[{"name":"d","properties":{"serviceName":"` + environmentType + `"}}]`,
			"t": `"addressPrefix":"10.0.4.0/29"`, "e": `"addressPrefix":"10.0.5.0/24"`, "AzureFirewallSubnet": `"addressPrefix":"10.0.9.0/26"`} {
			w.send("PUT", net+"/subnets/"+name, `{"properties":{`+properties+`}}`, 201)
		}
		w.environment(environment, net+"/subnets/b")
		w.environment(environment+"2", net+"/subnets/e")
		for _, name := range []string{"one", "two", "three"} {
			w.nic(name, net+"/subnets/t", "", "", 201)
		}
		w.nic("nine", net+"/subnets/a", static("10.0.0.9"), ``, 201)
		w.publicIP("out", ``, ``, 201)
		w.publicIP("nat", ``, ``, 201)
		w.send("PUT", firewall, firewallBody(), 201)
		return func(method, path, body string) string {
			before := w.snapshot()
			res, text := w.client().Do(t, method, path, body)
			if res.StatusCode < 300 {
				return fmt.Sprint(res.StatusCode)
			}
			if w.snapshot() != before {
				t.Errorf("%s %s is refused, and has changed the policy", method, path)
			}
			return fmt.Sprint(res.StatusCode, refusedTexts(t, text))
		}
	})
}

// Each row of the table is in the script, with a code of its own or the reason why none is
// answered.
func TestCodesHaveEveryRow(t *testing.T) {
	reading, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "reference", "network.md"))
	if err != nil {
		t.Skip("the shared reading is not here, so nothing tells which rows there are")
	}
	script, err := os.ReadFile(codesScript)
	if err != nil {
		t.Fatal(err)
	}
	played := map[string]string{}
	for _, part := range strings.Split(string(script), "# row: ")[1:] {
		row, answers, _ := strings.Cut(part, "\n")
		played[row] = answers
	}
	_, section, _ := strings.Cut(string(reading), "\n## A9.")
	section, _, _ = strings.Cut(section, "\n---")
	code := regexp.MustCompile(`[A-Z][A-Za-z]+[a-z][A-Z][A-Za-z]+`)
	text := regexp.MustCompile(`"[^"]+"`) // where there is no code
	rows := 0
	for _, line := range strings.Split(section, "\n") {
		cells := strings.Split(line, " | ")
		row := strings.TrimPrefix(cells[0], "| ")
		if len(cells) < 4 || row == "Invalid input" {
			continue
		}
		rows++
		answers, there := played[row]
		found := strings.Contains(answers, "# not answered: ")
		for _, c := range slices.Concat(code.FindAllString(cells[1], -1), text.FindAllString(cells[1], -1)) {
			found = found || strings.Contains(answers, strings.Trim(c, `"`))
		}
		if !there || !found {
			t.Errorf("the row %q is not played with one of its codes: %s", row, cells[1])
		}
	}
	if rows < 30 || rows != len(played) {
		t.Errorf("%d rows in the table, %d in the script", rows, len(played))
	}
}

// refusedTexts are the codes and messages of a refusal, a line each.
func refusedTexts(t *testing.T, body []byte) (lines string) {
	t.Helper()
	type problem struct {
		Code, Message string
		Details       []problem
	}
	var answer struct{ Error problem }
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	list := answer.Error.Details
	if len(list) == 0 {
		list = []problem{answer.Error}
	}
	for _, p := range list {
		lines += "\n" + p.Code + ": " + p.Message
	}
	return lines
}
