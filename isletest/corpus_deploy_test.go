package isletest_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"isle/expr"
	"isle/internal/processtest"
	"isle/isletest"
)

// TestTheCorpusDeploys deploys every real template, and the body of every real workflow
// as a template of one, each into a group of its own (or the subscription, if it is made
// for that), with made-up values for the parameters that have none.
// testdata/corpus_deployments.txt tells what became of each: how many resources it
// deploys, or each refusal with what it is about, its code and its reason.
func TestTheCorpusDeploys(t *testing.T) {
	shared(t, "corpus/001.json")
	files, err := filepath.Glob("../../shared/corpus/[0-9]*.json")
	must(t, err)
	if processtest.Raced {
		files = slices.DeleteFunc(files, func(path string) bool { return !strings.HasSuffix(path, "0.json") }) // a tenth is many at once
	}
	s := isletest.Start(t, isletest.WithInlineCode())
	var wait sync.WaitGroup
	results := make([]string, len(files))
	s.Token()                    // got once, by this goroutine
	first := map[string]string{} // the number of the first file with a template
	type work struct {
		file     int
		template string
	}
	next := make(chan work)
	for range 16 { // each waits most of its time
		wait.Go(func() {
			for one := range next {
				results[one.file] = deployCorpus(t, s, files[one.file], one.template)
			}
		})
	}
	for i, path := range files {
		template, number := corpusTemplate(t, path), strings.TrimSuffix(filepath.Base(path), ".json")
		switch same := first[template]; {
		case template == "":
		case same != "":
			results[i] = number + " is " + same + "\n"
		default:
			first[template] = number
			next <- work{i, template}
		}
	}
	close(next)
	wait.Wait()
	if processtest.Raced {
		results = slices.DeleteFunc(results, func(s string) bool { return s == "" })
		checkLines(t, "corpus_deployments.txt", results)
		return
	}
	checkTable(t, "corpus_deployments.txt", strings.Join(results, ""))
}

// corpusTemplate is the template in a file of the corpus, "" if it is of none.
func corpusTemplate(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	whole, err := expr.ParseJSON(content)
	must(t, err)
	if wrapper, _ := textOf(whole, "wrapper"); wrapper != "arm" {
		return ""
	}
	template, _ := whole.Get("resource")
	if detail, _ := textOf(whole, "wrapper_detail"); detail != "template" {
		template = templateOf(template)
	}
	return string(template.JSON())
}

// deployCorpus deploys a template of the corpus, which a validation refuses only if it does
// not deploy, and tells of it in lines that begin with
// the number of its file.
func deployCorpus(t *testing.T, s *isletest.Server, path, text string) string {
	template, err := expr.ParseJSON([]byte(text))
	if err != nil {
		t.Error(err)
		return ""
	}
	number := strings.TrimSuffix(filepath.Base(path), ".json")
	scope := "/subscriptions/" + s.SubscriptionID
	body := expr.Object(expr.Member{Name: "mode", Value: expr.String("Incremental")}, expr.Member{Name: "template", Value: template},
		expr.Member{Name: "parameters", Value: madeUp(template, scope+"/resourceGroups/corpus"+number)})
	body = expr.Object(expr.Member{Name: "properties", Value: body})
	if schema, _ := textOf(template, "$schema"); strings.Contains(strings.ToLower(schema), "subscriptiondeploymenttemplate") {
		body = body.With("location", expr.String("westeurope"))
	} else {
		scope += "/resourceGroups/corpus" + number
		if a := s.Do(http.MethodPut, scope, `{"location":"westeurope"}`); a.Status != http.StatusCreated {
			t.Errorf("%s: its group: %d %s", number, a.Status, a.Body)
		}
	}
	id := scope + "/providers/Microsoft.Resources/deployments/corpus" + number
	validated := s.Do(http.MethodPost, id+"/validate", body.JSON())
	a := s.Do(http.MethodPut, id, body.JSON())
	if a.Status < 300 {
		a = s.Wait(id)
	}
	came := cameOf(a, strings.NewReplacer(s.SubscriptionID, "SUBSCRIPTION", s.TenantID, "TENANT", s.Endpoint, "ENDPOINT"))
	if validated.Status >= 300 && strings.HasPrefix(came, "deployed") {
		t.Errorf("%s: it deploys, and a validation refuses it: %s", number, validated.Body)
	}
	return number + " " + came
}

// cameOf is the table's lines of a deployment's end.
func cameOf(a isletest.Answer, hidden *strings.Replacer) string {
	type failure struct {
		Code, Message, Target string
		Details               []failure
	}
	var answer struct {
		Error      *failure
		Properties struct {
			OutputResources []any
			Error           *failure
		}
	}
	if err := json.Unmarshal(a.Body, &answer); err != nil {
		return fmt.Sprintf("%d %v\n", a.Status, err)
	}
	failed := cmp.Or(answer.Error, answer.Properties.Error)
	if failed == nil {
		return fmt.Sprintf("deployed %d\n", len(answer.Properties.OutputResources))
	}
	var lines []string
	var tell func(f failure)
	tell = func(f failure) {
		for _, d := range f.Details {
			tell(d)
		}
		if len(f.Details) == 0 {
			about := f.Target
			if at := strings.LastIndex(about, "/providers/"); at >= 0 {
				about = about[at+len("/providers/"):]
			}
			lines = append(lines, fmt.Sprintf("    %s %s: %s\n", f.Code, guid.ReplaceAllString(about, "GUID"), reasonOf(hidden.Replace(f.Message))))
		}
	}
	tell(*failed)
	slices.Sort(lines)
	return fmt.Sprintf("%s %d\n", failed.Code, len(answer.Properties.OutputResources)) + strings.Join(slices.Compact(lines), "")
}

var (
	guid = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	made = regexp.MustCompile(` of the resource '[^']*'`) // names are often made of the subscription's ID
)

// reasonOf is the beginning of a message, in one line.
func reasonOf(message string) string {
	message = guid.ReplaceAllString(made.ReplaceAllString(strings.Join(strings.Fields(message), " "), ""), "GUID")
	if runes := []rune(message); len(runes) > 220 {
		message = string(runes[:220]) + "…"
	}
	return message
}

// templateOf is a template of a workflow's body, which may be what a GET gave: data, with
// no expression in it.
func templateOf(resource expr.Value) expr.Value {
	resource = quotedData(resource)
	for name, value := range map[string]string{"name": "flow", "apiVersion": "2019-05-01", "location": "westeurope"} {
		if v, ok := textOf(resource, name); !ok || v == "" {
			resource = resource.With(name, expr.String(value))
		}
	}
	resource = resource.With("type", expr.String("Microsoft.Logic/workflows")) // some are of a gallery
	return expr.Object(expr.Member{Name: "$schema", Value: expr.String("https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#")},
		expr.Member{Name: "contentVersion", Value: expr.String("1.0.0.0")}, expr.Member{Name: "resources", Value: expr.Array(resource)})
}

// quotedData keeps texts that begin like expressions from being evaluated.
func quotedData(v expr.Value) expr.Value {
	switch v.Kind() {
	case expr.KindString:
		if s, _ := v.AsString(); strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
			return expr.String("[" + s)
		}
	case expr.KindArray:
		var list []expr.Value
		for _, e := range v.Elements() {
			list = append(list, quotedData(e))
		}
		return expr.Array(list...)
	case expr.KindObject:
		var members []expr.Member
		for name, m := range v.Members() {
			members = append(members, expr.Member{Name: name, Value: quotedData(m)})
		}
		return expr.Object(members...)
	}
	return v
}

func textOf(v expr.Value, name string) (string, bool) {
	m, _ := v.Get(name)
	return m.AsString()
}

// madeUp gives values to the parameters that have no default.
func madeUp(template expr.Value, group string) expr.Value {
	values := expr.Object()
	parameters, _ := template.Get("parameters")
	for name, rules := range parameters.Members() {
		if v, _ := rules.Get("defaultValue"); v.IsNull() {
			values = values.With(name, expr.Object(expr.Member{Name: "value", Value: madeUpValue(name, rules, template, group)}))
		}
	}
	return values
}

// madeUpValue is what a parameter's name and rules ask for.
func madeUpValue(name string, rules, template expr.Value, group string) expr.Value {
	if allowed, ok := rules.Get("allowedValues"); ok && allowed.Len() > 0 {
		return allowed.Index(0)
	}
	typ, _ := textOf(rules, "type")
	switch strings.ToLower(typ) {
	case "int":
		if least, ok := rules.Get("minValue"); ok {
			return least
		}
		return expr.Int(1)
	case "bool":
		return expr.Bool(true)
	case "array":
		return expr.Array(expr.String("one"))
	case "object", "secureobject":
		v := expr.Object()
		for _, m := range regexp.MustCompile(`parameters\('`+regexp.QuoteMeta(name)+`'\)\.(\w+)`).FindAllStringSubmatch(string(template.JSON()), -1) {
			v = v.With(m[1], expr.String(madeUpText(m[1], group)))
		}
		return v
	}
	return expr.String(madeUpText(name, group))
}

// madeUpText is a text for a name.
func madeUpText(name, group string) string {
	lower := strings.ToLower(name)
	has := func(ends ...string) bool {
		return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(lower, end) })
	}
	switch {
	case has("subscriptionid"):
		return strings.Split(group, "/")[2]
	case has("tenantid", "clientid", "objectid", "principalid"):
		return "11111111-2222-3333-4444-555555555555"
	case has("integrationaccountid"):
		return group + "/providers/Microsoft.Logic/integrationAccounts/" + lower
	case has("id"):
		return group + "/providers/Microsoft.Some/things/" + lower
	case has("uri", "url", "endpoint"):
		return "https://example.org/" + lower
	case has("location", "region"):
		return "westeurope"
	case has("time"):
		return "2024-03-15T10:30:45Z"
	case has("frequency"):
		return "Day"
	case has("timezone", "time_zone"):
		return "UTC"
	}
	return lower + "-value"
}

// checkLines checks what came of some of the files, but of those that the table says are
// like another one.
func checkLines(t *testing.T, table string, got []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", table))
	must(t, err)
	for _, lines := range got {
		if number, _, _ := strings.Cut(lines, " "); !strings.Contains(string(text), lines) && !strings.Contains(string(text), "\n"+number+" is ") {
			t.Errorf("%s says otherwise of:\n%s", table, lines)
		}
	}
}

// checkTable compares with a table in testdata, or writes it with -rewrite.
func checkTable(t *testing.T, table, got string) {
	t.Helper()
	path := filepath.Join("testdata", table)
	if *rewrite {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) == got {
		must(t, err)
		return
	}
	old := strings.Split(string(want), "\n")
	for _, line := range strings.Split(got, "\n") {
		if !slices.Contains(old, line) {
			t.Errorf("%s lacks: %s", path, line)
		}
	}
	t.Errorf("%s is not what comes of it (run with -rewrite)", path)
}
