package logic_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/internal/search"
	"isle/internal/store"

	"isle/internal/arm/armtest"
)

// index brings the indexes of all environments up to date.
func (w *world) index() {
	w.t.Helper()
	x := search.New(w.store, slog.New(slog.NewTextHandler(&w.log, nil)))
	for _, id := range w.store.Environments() {
		db, err := w.store.Environment(context.Background(), id)
		w.must(err)
		for more := true; more; {
			more, err = x.Step(context.Background(), db)
			w.must(err)
		}
	}
}

// recorder is a workflow that keeps what it is called with, in an action with a tracked
// property, and fails when told to.
const recorder = `{"location":"West US","properties":{"definition":{"$schema":"` + schema + `","contentVersion":"1.0.0.0",
	"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{},"correlation":{"clientTrackingId":"@{coalesce(triggerBody()?['tracking'],'none')}"}}},
	"actions":{
		"Note":{"type":"Compose","inputs":"@triggerBody()?['note']","trackedProperties":{"orderId":"@action()?['inputs']?['order']","Total":12.5},"runAfter":{}},
		"Parse":{"type":"ParseJson","inputs":{"content":"@triggerBody()?['parse']","schema":{"type":"integer"}},"runAfter":{"Note":["Succeeded"]}}
	}}}}`

// fireRecorder begins runs and gives their names in that order.
func (w *world) fireRecorder(workflow string, bodies ...string) (names []string) {
	w.t.Helper()
	for _, body := range bodies {
		before := w.pages(workflow + "/runs")
		w.send("POST", workflow+"/triggers/manual/run", body, 200)
		w.until("the run has ended", func() bool {
			names := w.pages(workflow + "/runs?$filter=" + url.QueryEscape("status ne 'Running'"))
			return len(names) == len(before)+1
		})
		names = append(names, w.pages(workflow + "/runs")[0])
	}
	return names
}

const allRuns = "/subscriptions/" + subscription + "/providers/Microsoft.Logic/runs"

const groupRuns = group + "/providers/Microsoft.Logic/runs"

// Runs are found by what their heads say at once, and by what they hold once they are
// indexed.
func TestRunsAreSearched(t *testing.T) {
	w := newWorld(t)
	w.send("PUT", workflows+"/first", recorder, 201)
	w.send("PUT", workflows+"/second", recorder, 201)
	names := append(w.fireRecorder(workflows+"/first",
		`{"parse":1,"tracking":"T-1","note":{"order":"A-1001","customer":"Jane.Doe@Contoso.com","city":"Köln"}}`,
		`{"parse":"no","tracking":"T-2","note":{"order":"A-1002","customer":"jan@fabrikam.example"}}`),
		w.fireRecorder(workflows+"/second", `{"parse":2,"note":{"order":"a-1001","text":"東京 meets \u004B\u00D6LN"}}`)...)
	before := w.send("GET", allRuns+"?$search=contoso.com", "", 200)
	if len(before["value"].([]any)) != 0 || get(before, "indexing", "runsBehind") != 3.0 || get(before, "indexing", "oldestEndTime") == nil {
		t.Errorf("before anything is indexed: %v", before)
	}
	w.index()
	first := workflows + "/first/runs"
	for _, c := range []struct {
		path, filter, search string
		want                 []int // which of the runs, newest first
	}{
		{first, "", "", []int{1, 0}},
		{groupRuns, "", "", []int{2, 1, 0}},
		{groupRuns, "workflow/name eq 'FIRST'", "", []int{1, 0}},
		{groupRuns, "workflow/name eq 'none'", "", nil},
		{groupRuns, "status eq 'failed'", "", []int{1}},
		{groupRuns, "trackedProperties/orderId eq 'A-1001'", "", []int{2, 0}},
		{groupRuns, "workflow/name eq 'second'", "a-1001", []int{2}},
		{allRuns, "", "", []int{2, 1, 0}},
		{allRuns, "status eq 'failed'", "", []int{1}},
		{allRuns, "not (status eq 'Failed' or status eq 'Running')", "", []int{2, 0}},
		{allRuns, "status eq 'Ignored'", "", nil},
		{allRuns, "clientTrackingId eq 't-2'", "", []int{1}},
		{allRuns, "error/code eq 'actionfailed'", "", []int{1}},
		{first, "error/code eq 'ActionFailed' and status eq 'Failed'", "", []int{1}},
		{allRuns, "error/code eq null", "", []int{2, 0}},
		{allRuns, "error/code eq 'Other'", "", nil},
		{allRuns, "startTime gt 2001-01-01T00:00:00Z", "", []int{2, 1, 0}},
		{allRuns, "startTime lt 2001-01-01", "", nil},

		{allRuns, "actions/error/code eq 'invalidjson'", "", []int{1}},
		{allRuns, "actions/error/code eq 'ActionFailed'", "", nil},
		{allRuns, "trackedProperties/orderId eq 'A-1001'", "", []int{2, 0}},
		{allRuns, "trackedProperties/ORDERID eq 'a-1002'", "", []int{1}},
		{allRuns, "trackedProperties/total eq 12.5", "", []int{2, 1, 0}},
		{allRuns, "startswith(trackedProperties/orderId,'A-100')", "", []int{2, 1, 0}},
		{allRuns, "startswith(trackedProperties/orderId,'1001')", "", nil},
		{allRuns, "trackedProperties/order eq 'A-1001'", "", nil},
		{first, "trackedProperties/orderId eq 'A-1001'", "", []int{0}},
		{allRuns, "trackedProperties/orderId eq 'A-1001' and startswith(status,'succ') and not (clientTrackingId eq 'T-1')", "", []int{2}},

		{allRuns, "", "contoso.com", []int{0}},
		{allRuns, "", "jane.doe@contoso.com", []int{0}},
		{allRuns, "", "DOE", []int{0}},
		{allRuns, "", "köln", []int{2, 0}},
		{allRuns, "", "東京", []int{2}},
		{allRuns, "", "ja*", []int{1, 0}},
		{allRuns, "", "jan", []int{1}},
		{allRuns, "", "a-1001 köln", []int{2, 0}},
		{allRuns, "", "a-1001 nowhere", nil},
		{allRuns, "", "12.5", []int{2, 1, 0}},
		{allRuns, "status eq 'Failed'", "a-10*", []int{1}},
		{allRuns, "status ne 'Failed'", "a-10*", []int{2, 0}},
		{first, "", "a-1001", []int{0}},
		{allRuns, "clientTrackingId eq 'T-1'", "customer", []int{0}},
		{allRuns, "error/code eq 'ActionFailed'", "customer", []int{1}},
		{allRuns, "startTime lt 2001-01-01", "customer", nil},
	} {
		query := url.Values{"$top": {"2"}}
		if c.filter != "" {
			query.Set("$filter", c.filter)
		}
		if c.search != "" {
			query.Set("$search", c.search)
		}
		var want []string
		for _, i := range c.want {
			want = append(want, names[i])
		}
		if got := w.pages(c.path + "?" + query.Encode()); !slices.Equal(got, want) {
			t.Errorf("%s $filter=%s $search=%s: %v, want %v", c.path, c.filter, c.search, got, want)
		}
	}
	after := w.send("GET", first+"?$search=contoso.com", "", 200)
	if get(after, "indexing", "runsBehind") != 0.0 || get(after, "indexing", "covers") != "EndedRuns" || get(after, "value", 0, "id") != first+"/"+names[0] {
		t.Errorf("%v", after)
	}
	if plain := w.send("GET", first, "", 200); plain["indexing"] != nil {
		t.Errorf("the original's list says %v of an index", plain["indexing"])
	}
}

// A filter or a search that cannot be is refused, and says what can.
func TestRunsAreNotSearchedSo(t *testing.T) {
	w := newWorld(t)
	w.send("PUT", workflows+"/first", recorder, 201)
	for _, c := range []struct{ name, value, code, says string }{
		{"$filter", "colour eq 'red'", "InvalidFilterInQueryString", "status, startTime, clientTrackingId, error/code, actions/error/code, trackedProperties/*"},
		{"$filter", "trackedProperties/a ne 'x'", "InvalidFilterInQueryString", "only be compared by eq or startswith"},
		{"$filter", "trackedProperties/a eq null", "InvalidFilterInQueryString", "only be compared by eq or startswith"},
		{"$filter", "trackedProperties/a eq ''", "InvalidFilterInQueryString", "with a value that is not empty"},
		{"$filter", "trackedProperties/ eq 'x'", "InvalidFilterInQueryString", "cannot be filtered by"},
		{"$filter", "status eq 'Failed' or trackedProperties/a eq 'x'", "InvalidFilterInQueryString", "must not stand inside 'or' or 'not'"},
		{"$filter", "not (actions/error/code eq 'x')", "InvalidFilterInQueryString", "'actions/error/code' is looked up"},
		{"$search", " ", "InvalidSearchInQueryString", "it is empty"},
		{"$search", "a*", "InvalidSearchInQueryString", "at least two characters"},
		{"$search", "*rder", "InvalidSearchInQueryString", "only stand at the end"},
		{"$search", "!!", "InvalidSearchInQueryString", "no letter or digit"},
		{"$search", strings.Repeat("word ", 17), "InvalidSearchInQueryString", "more than 16 words"},
		{"$search", strings.Repeat("w", 2000), "InvalidSearchInQueryString", "longer than 1 KB"},
		{"$skiptoken", "eA", "InvalidSkipToken", "take nextLink as it was given"},
	} {
		for _, list := range []string{workflows + "/first/runs", allRuns} {
			answer := w.send("GET", list+"?"+url.Values{c.name: {c.value}}.Encode(), "", 400)
			message, _ := get(answer, "error", "message").(string)
			if get(answer, "error", "code") != c.code || !strings.Contains(message, c.says) {
				t.Errorf("%s=%s: %v", c.name, c.value, answer)
			}
		}
	}
}

// The runs of an environment are listed together, also by the names of workflows; those
// of others are not there, and the SDK reads the original's list with Isle's filters.
func TestRunsOfAnEnvironment(t *testing.T) {
	w := newWorld(t)
	ise := w.environment("ise")
	in := strings.Replace(recorder, `"properties":{`, `"properties":{"integrationServiceEnvironment":{"id":"`+ise+`"},`, 1)
	w.send("PUT", workflows+"/inside", in, 201)
	w.send("PUT", workflows+"/beside", in, 201)
	w.send("PUT", workflows+"/outside", recorder, 201)
	body := `{"parse":1,"tracking":"T","note":{"order":"A-1"}}`
	inside := w.fireRecorder(workflows+"/inside", body, body)
	beside := w.fireRecorder(workflows+"/beside", body)
	outside := w.fireRecorder(workflows+"/outside", body)
	w.index()
	for query, want := range map[string][]string{
		"": {beside[0], inside[1], inside[0]},
		"$filter=" + url.QueryEscape("workflow/name eq 'INSIDE'"):                                      {inside[1], inside[0]},
		"$filter=" + url.QueryEscape("workflow/name ne 'inside'"):                                      {beside[0]},
		"$filter=" + url.QueryEscape("workflow/name eq 'none'"):                                        nil,
		"$search=a-1&$filter=" + url.QueryEscape("workflow/name eq 'inside'"):                          {inside[1], inside[0]},
		"$filter=" + url.QueryEscape("clientTrackingId eq 'T' and trackedProperties/orderId eq 'A-1'"): {beside[0], inside[1], inside[0]},
	} {
		if got := w.pages(ise + "/runs?$top=1&" + query); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	for _, query := range []string{"", "&$search=a-1"} {
		if got, want := w.pages(allRuns+"?$top=1"+query), []string{outside[0], beside[0], inside[1], inside[0]}; !slices.Equal(got, want) {
			t.Errorf("all%s: %v, want %v", query, got, want)
		}
	}
	w.refused("GET", ise+"/runs?$filter="+url.QueryEscape("x eq 1"), "", 400, "InvalidFilterInQueryString")

	runs, err := armlogic.NewWorkflowRunsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	pager := runs.NewListPager("g", "inside", &armlogic.WorkflowRunsClientListOptions{Top: to.Ptr[int32](1), Filter: to.Ptr("status eq 'Succeeded' and trackedProperties/orderId eq 'A-1'")})
	var names []string
	for pager.More() {
		page, err := pager.NextPage(context.Background())
		w.must(err)
		for _, run := range page.Value {
			names = append(names, *run.Name)
		}
	}
	if !slices.Equal(names, []string{inside[1], inside[0]}) {
		t.Errorf("the SDK lists %v", names)
	}
}

// environment makes an integration service environment and gives its ID.
func (w *world) environment(name string) string {
	w.t.Helper()
	var subnets []string
	for _, id := range w.network(name + "-net") {
		subnets = append(subnets, `{"id":"`+id+`"}`)
	}
	id := group + "/providers/Microsoft.Logic/integrationServiceEnvironments/" + name
	w.send("PUT", id, `{"location":"West US","sku":{"name":"Premium","capacity":0},"properties":{"networkConfiguration":{"accessEndpoint":{"type":"Internal"},"subnets":[`+strings.Join(subnets, ",")+`]}}}`, 201)
	w.eventually(id, "Succeeded", "properties", "provisioningState")
	return id
}

// Secured inputs and outputs, the tracked properties beside them, and credentials are not
// found, by word, part or beginning, and stand in no file.
func TestSecuredDataIsNotFound(t *testing.T) {
	w := newWorld(t)
	secured := `"runtimeConfiguration":{"secureData":{"properties":["inputs"]}}`
	w.send("PUT", workflows+"/secret", `{"location":"West US","properties":{"definition":{"$schema":"`+schema+`","contentVersion":"1.0.0.0",
		"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{},"runtimeConfiguration":{"secureData":{"properties":["outputs"]}}}},
		"actions":{
			"Hidden":{"type":"Compose","inputs":"@concat('planted-',triggerBody()?['s'])","trackedProperties":{"leak":"@action()?['outputs']"},`+secured+`,"runAfter":{}},
			"Copy":{"type":"Compose","inputs":"@outputs('Hidden')","runAfter":{"Hidden":["Succeeded"]}},
			"Call":{"type":"Http","inputs":{"method":"GET","uri":"http://user:planteduserword@192.0.2.1:1/?sig=plantedsigword","headers":{"Authorization":"Bearer plantedbearerword","X-Note":"visibleword"},"authentication":{"type":"Basic","username":"u","password":"plantedpassword"},"retryPolicy":{"type":"none"}},"limit":{"timeout":"PT1S"},"runAfter":{"Copy":["Succeeded"]}}
		}}}}`, 201)
	w.fireRecorder(workflows+"/secret", `{"s":"plantedbodyword"}`)
	w.index()
	for _, word := range []string{"plantedbodyword", "planted-plantedbodyword", "planted*", "plantedb*", "planteduserword", "plantedsigword", "plantedbearerword", "plantedpassword"} {
		if got := w.pages(allRuns + "?$search=" + word); len(got) != 0 {
			t.Errorf("%s finds %v", word, got)
		}
	}
	if got := w.pages(allRuns + "?$filter=" + url.QueryEscape("startswith(trackedProperties/leak,'planted')")); len(got) != 0 {
		t.Errorf("the tracked property finds %v", got)
	}
	if got := w.pages(allRuns + "?$search=visibleword"); len(got) != 1 {
		t.Errorf("what is not secured finds %v", got)
	}
	w.must(filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, word := range []string{"plantedb", "visibleword"} {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s holds %s", filepath.Base(path), word)
			}
		}
		return err
	}))
}

// Values that are kept as files are searched in their beginning, text and JSON alike, and
// what is in an envelope if it is text; a trigger's tracked properties count as well.
// Secured ones are not, however large.
func TestLargeValuesAreSearched(t *testing.T) {
	w := newWorld(t)
	w.send("PUT", workflows+"/large", `{"location":"West US","properties":{"definition":{"$schema":"`+schema+`","contentVersion":"1.0.0.0",
		"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{},"trackedProperties":{"lot":"@triggerBody()?['lot']"}}},
		"actions":{
			"Text":{"type":"Compose","inputs":"@concat('headword ',triggerBody()?['fill'],' tailword')","runAfter":{}},
			"Object":{"type":"Compose","inputs":{"a":"@concat('partword ',triggerBody()?['fill'])","b":"smallword"},"runAfter":{}},
			"Envelope":{"type":"Compose","inputs":{"$content-type":"text/plain; charset=utf-8","$content":"@base64('innerword')"},"runAfter":{}},
			"Binary":{"type":"Compose","inputs":{"$content-type":"application/zip","$content":"@base64('binaryword')"},"runAfter":{}},
			"Hidden":{"type":"Compose","inputs":"@concat('hiddenword ',triggerBody()?['fill'])","runtimeConfiguration":{"secureData":{"properties":["inputs"]}},"runAfter":{}}
		}}}}`, 201)
	w.fireRecorder(workflows+"/large", `{"lot":"L-5","fill":"`+strings.Repeat("fill ", 40_000)+`"}`)
	w.index()
	for query, want := range map[string]int{
		"$search=headword": 1, "$search=partword": 1, "$search=smallword": 1, "$search=innerword": 1, "$search=l-5 fill": 1,
		"$search=tailword": 0, "$search=binaryword": 0, "$search=hiddenword": 0, "$search=hidd*": 0,
		"$filter=" + url.QueryEscape("trackedProperties/lot eq 'L-5'"): 1,
	} {
		if got := w.pages(allRuns + "?" + query); len(got) != want {
			t.Errorf("%s finds %v", query, got)
		}
	}
}

// What a search finds is what a look at every run finds, whatever is asked for together,
// and on pages between which new runs come; deleted runs are not found, nor any twice.
func TestSearchAgreesWithAScan(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"alpha", "alphabet", "beta", "gamma-1", "gamma-2", "delta"}
	flows := []string{"one", "two"}
	for _, f := range flows {
		w.send("PUT", workflows+"/"+f, recorder, 201)
	}
	type run struct {
		name, flow, status string
		words              []string
		start              time.Time
	}
	var all []run // newest first
	db, err := w.store.Environment(context.Background(), store.Shared)
	w.must(err)
	fire := func() {
		flow, parse := flows[r.IntN(2)], []string{"1", `"no"`}[r.IntN(2)]
		var some []string
		for _, word := range words {
			if r.IntN(3) == 0 {
				some = append(some, word)
			}
		}
		w.send("POST", workflows+"/"+flow+"/triggers/manual/run", fmt.Sprintf(`{"parse":%s,"note":{"order":"%s"}}`, parse, strings.Join(some, " ")), 200)
		var newest store.Run
		w.until("the run has ended", func() bool {
			w.must(db.Read(context.Background(), func(tx *store.Tx) error {
				runs, err := tx.Runs(store.RunQuery{Limit: 1})
				if len(runs) == 1 {
					newest = runs[0]
				}
				return err
			}))
			return !newest.End.IsZero() && (len(all) == 0 || newest.Name != all[0].name)
		})
		all = slices.Insert(all, 0, run{newest.Name, flow, newest.Status, some, newest.Start})
	}
	for range 40 {
		fire()
		if r.IntN(4) == 0 {
			w.index()
		}
	}
	for range 10 {
		at := r.IntN(len(all))
		w.must(db.Write(context.Background(), func(tx *store.Tx) error { return tx.DeleteRun(all[at].name) }))
		all = slices.Delete(all, at, at+1)
	}
	w.index()
	has := func(list []string, word string, prefix bool) bool {
		return slices.ContainsFunc(list, func(s string) bool {
			return s == word || slices.Contains(strings.Split(s, "-"), word) || prefix && strings.HasPrefix(s, word)
		})
	}
	for range 60 {
		list, flow := allRuns, ""
		if r.IntN(2) == 0 {
			flow = flows[r.IntN(2)]
			list = workflows + "/" + flow + "/runs"
		}
		q := url.Values{"$top": {fmt.Sprint(1 + r.IntN(4))}}
		word, prefix, status := words[r.IntN(len(words))], r.IntN(2) == 0, ""
		if prefix {
			word = word[:2+r.IntN(len(word)-2)]
			q.Set("$search", strings.TrimSuffix(word, "-")+"*")
			word = strings.TrimSuffix(word, "-")
		} else {
			q.Set("$search", word)
		}
		var from time.Time
		var conditions []string
		if r.IntN(2) == 0 {
			status = []string{"Succeeded", "Failed"}[r.IntN(2)]
			conditions = append(conditions, "status eq '"+status+"'")
		}
		if r.IntN(3) == 0 {
			from = all[r.IntN(len(all))].start
			conditions = append(conditions, "startTime ge "+from.Truncate(100).Format(time.RFC3339Nano))
			from = from.Truncate(100)
		}
		if len(conditions) > 0 {
			q.Set("$filter", strings.Join(conditions, " and "))
		}
		var want []string
		for _, x := range all {
			if (flow == "" || x.flow == flow) && (status == "" || x.status == status) && !x.start.Before(from) && has(x.words, word, prefix) {
				want = append(want, x.name)
			}
		}
		if got := w.pages(list + "?" + q.Encode()); !slices.Equal(got, want) {
			t.Fatalf("%s %v:\n got %v\nwant %v", list, q, got, want)
		}
		if r.IntN(10) == 0 {
			fire()
			w.index()
		}
	}
}

// The runs of a resource group are those of its workflows, however many it has: those of
// other groups beside them in one environment are not, nor is a group that there is not.
func TestRunsOfAGroupAreListed(t *testing.T) {
	w := newWorld(t)
	other := "/subscriptions/" + subscription + "/resourceGroups/other"
	w.send("PUT", other, `{"location":"West US"}`, 201)
	elsewhere := other + "/providers/Microsoft.Logic/workflows/first"
	w.send("PUT", workflows+"/first", recorder, 201)
	w.send("PUT", elsewhere, recorder, 201)
	mine := w.fireRecorder(workflows+"/first", `{"parse":1,"note":"amber"}`, `{"parse":1,"note":"blue"}`)
	slices.Reverse(mine)
	theirs := w.fireRecorder(elsewhere, `{"parse":1,"note":"amber"}`)
	w.index()
	check := func() {
		t.Helper()
		for _, c := range []struct {
			path string
			want []string
		}{
			{groupRuns, mine},
			{strings.ToUpper(other) + "/providers/Microsoft.Logic/runs", theirs},
			{groupRuns + "?$search=amber", mine[1:]},
			{groupRuns + "?$top=1", mine},
		} {
			if got := w.pages(c.path); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", c.path, got, c.want)
			}
		}
	}
	check()
	for i := range 201 { // too many to be asked one by one
		w.send("PUT", fmt.Sprintf("%s/more%d", workflows, i), recorder, 201)
	}
	check()
	w.refused("GET", "/subscriptions/"+subscription+"/resourceGroups/none/providers/Microsoft.Logic/runs", "", 404, "ResourceGroupNotFound")
}
