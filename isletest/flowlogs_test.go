package isletest_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/isletest"
	"isle/netpol/flowlog/flowlogtest"
)

// flowLog has a target's flows logged.
func (s *site) flowLog(name, target string) (folder string) {
	s.t.Helper()
	_, err := s.network.NewWatchersClient().CreateOrUpdate(s.t.Context(), s.name, "watcher", armnetwork.Watcher{Location: to.Ptr(siteLocation)}, nil)
	must(s.t, err)
	made := await(s.network.NewFlowLogsClient().BeginCreateOrUpdate(s.t.Context(), s.name, "watcher", name, armnetwork.FlowLog{Location: to.Ptr(siteLocation), Properties: &armnetwork.FlowLogPropertiesFormat{
		TargetResourceID: &target, StorageID: to.Ptr(s.group + "/providers/Microsoft.Storage/storageAccounts/logs"), Enabled: to.Ptr(true), Format: &armnetwork.FlowLogFormatParameters{Version: to.Ptr[int32](2)}}}, nil))(s.t)
	a := s.Do(http.MethodGet, *made.ID+"?api-version=2025-01-01", nil)
	var got struct{ Properties struct{ Folder string } }
	must(s.t, json.Unmarshal(a.Body, &got))
	return filepath.Join(s.Data(), filepath.FromSlash(got.Properties.Folder))
}

// linesBelow are the lines of all files below a folder, each read by its schema.
func linesBelow(t *testing.T, folder string) (lines []flowlogtest.Line) {
	t.Helper()
	must(t, filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		some, err := flowlogtest.Read(content)
		lines = append(lines, some...)
		return err
	}))
	return lines
}

// TestFlowLogsHaveTheCallsOfWorkflows: a call of a workflow, and the one that it makes, are
// in the files of the network's log, with what they carried; what a rule denies is in the
// log of its security group.
func TestFlowLogsHaveTheCallsOfWorkflows(t *testing.T) {
	t.Parallel()
	onDataPlanes(t, func(t *testing.T, options ...isletest.Option) {
		s := newSite(t, 1, options...)
		environment := s.environment(0, external)
		body := strings.Repeat("x", 10_000)
		server := stub(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		u, err := url.Parse(server)
		must(t, err)
		s.attach("machine", "10.0.9.50", "8001="+u.Host)
		s.guard("front", "web", append(required(t), rule(t, "NoMail", "200 Outbound Deny * * -> *:25"), rule(t, "Callers", "300 Inbound Allow * * -> *:443"))...)
		all, group := s.flowLog("all", s.id("virtualNetworks/net")), s.flowLog("web", s.id("networkSecurityGroups/web"))
		_, callback := s.caller("caller", environment)
		s.succeeded(s.call(callback, "http://10.0.9.50:8001/"))
		s.denied(s.call(callback, "http://10.0.9.51:25/"))
		s.Stop()

		var called, made, denied bool
		var got []string
		for _, l := range linesBelow(t, all) {
			got = append(got, fmt.Sprint(l, " ", l.BytesOut, "/", l.BytesBack))
			called = called || l.State == "E" && l.Direction == "I" && l.Destination.String() == "10.0.0.4:443" && l.Rule == "UserRule_Callers" && l.BytesOut > 0 && l.BytesBack > uint64(len(body))
			made = made || l.State == "E" && l.Direction == "O" && l.Source.Addr().String() == "10.0.0.5" && l.Source.Port() != 0 && l.Destination.String() == "10.0.9.50:8001" && l.PacketsBack > 0 && l.BytesBack > uint64(len(body))
		}
		slices.Sort(got)
		if !called || !made {
			t.Errorf("called %t, made %t:\n%s", called, made, strings.Join(got, "\n"))
		}
		for _, l := range linesBelow(t, group) {
			denied = denied || l.Decision == "D" && l.Rule == "UserRule_NoMail" && l.Destination.String() == "10.0.9.51:25"
		}
		if !denied {
			t.Error("the denied call is not in the log of the security group")
		}
	})
}

// TestRecordedFlowsAreListed reads them by pages and filters, and what is wrong with a
// question.
func TestRecordedFlowsAreListed(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	environment := s.environment(0, external)
	server := stub(t, func(http.ResponseWriter, *http.Request) {})
	u, err := url.Parse(server)
	must(t, err)
	s.attach("machine", "10.0.9.50", "8001="+u.Host)
	s.guard("front", "web", append(required(t), rule(t, "NoMail", "200 Outbound Deny * * -> *:25"))...)
	id, callback := s.caller("caller", environment)
	for range 2 {
		s.succeeded(s.call(callback, "http://10.0.9.50:8001/"))
	}
	s.denied(s.call(callback, "http://10.0.9.51:25/"))
	ask := func(query, properties string, status int) isletest.Answer {
		t.Helper()
		a := s.Do(http.MethodPost, s.id("recordedFlows")+"?api-version=2024-05-01"+query, json.RawMessage(`{"properties":`+properties+`}`))
		if a.Status != status {
			t.Fatalf("%s: %d %s", properties, a.Status, a.Body)
		}
		return a
	}
	list := func(query, properties string) (flows []string, next string) {
		t.Helper()
		var page struct {
			Value []struct {
				Environment, Workflow, Action, Trigger, Direction, Host, Verdict string
				Port, Count                                                      int
			}
			NextLink string
		}
		must(t, json.Unmarshal(ask(query, properties, http.StatusOK).Body, &page))
		for _, f := range page.Value {
			if !strings.EqualFold(f.Environment, environment) || !strings.EqualFold(f.Workflow, id) {
				t.Errorf("%+v", f)
			}
			flows = append(flows, fmt.Sprintf("%s %s%s %s:%d %s %d", f.Direction, f.Action, f.Trigger, f.Host, f.Port, f.Verdict, f.Count))
		}
		return flows, page.NextLink
	}
	good, bad, called := "Outbound Call 10.0.9.50:8001 Allow 2", "Outbound Call 10.0.9.51:25 Deny 1", "Inbound manual :443 Allow 3"
	for properties, want := range map[string][]string{
		`{}`:                               {called, good, bad},
		`{"verdict":"Deny"}`:               {bad},
		`{"to":"10.0.9.0/26"}`:             {good, bad},
		`{"to":"10.0.9.51"}`:               {bad},
		`{"to":"9.50"}`:                    {good},
		`{"workflow":"caller"}`:            {called, good, bad},
		`{"workflow":"another"}`:           nil,
		`{"since":"2999-01-01T00:00:00Z"}`: nil,
		fmt.Sprintf(`{"environments":[%q],"verdict":"Allow"}`, environment): {called, good},
		fmt.Sprintf(`{"environments":[%q]}`, environment+"x"):               nil,
	} {
		got, next := list("", properties)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || next != "" {
			t.Errorf("%s: %q, want %q", properties, got, want)
		}
	}
	var paged []string
	for query := "&$top=2"; query != ""; {
		some, next := list(query, `{}`)
		paged, query = append(paged, some...), ""
		if next != "" {
			at, err := url.Parse(next)
			must(t, err)
			query = "&$top=2&$skiptoken=" + at.Query().Get("$skiptoken")
		}
	}
	if slices.Sort(paged); len(paged) != 3 || len(slices.Compact(paged)) != 3 {
		t.Errorf("%q", paged)
	}
	a := ask("", `{"days":0,"environments":["x"],"verdict":"Maybe","since":"yesterday","workflow":7,"to":"10.0.9.0/99"}`, http.StatusBadRequest)
	for _, member := range []string{"properties.days", "properties.environments[0]", "properties.verdict", "properties.since", "properties.workflow", "properties.to"} {
		if !strings.Contains(string(a.Body), `"`+member+`"`) {
			t.Errorf("%s is not told: %s", member, a.Body)
		}
	}
	ask("&$skiptoken=x", `{}`, http.StatusBadRequest)
}
