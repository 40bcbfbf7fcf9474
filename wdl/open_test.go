package wdl_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"isle/expr"
	"isle/wdl"
)

const small = `{"triggers":{"manual":{"type":"Request"}},"actions":{"A":{"type":"Compose","inputs":1}}}`

func TestOpenForms(t *testing.T) {
	workflow := `{"type":"Microsoft.Logic/workflows","name":"[parameters('n')]","properties":{"definition":` + strings.Replace(small, "{", `{"parameters":{"p":{"type":"Int"}},`, 1) + `,"parameters":{"p":{"value":1}}}}`
	for _, test := range []struct{ name, doc, pointers, kind string }{
		{"bare", small, "", ""},
		{"wrapped", `{"definition":` + small + `}`, "/definition", ""},
		{"workflow.json", `{"kind":"stateful","definition":` + small + `}`, "/definition", "Stateful"},
		{"resource", `{"location":"x","properties":{"definition":` + small + `}}`, "/properties/definition", ""},
		{"template", `{"$schema":"x","resources":[{"type":"x"},` + workflow + `,` + workflow + `]}`, "/resources/1/properties/definition /resources/2/properties/definition", ""},
		{"template with symbolic names", `{"languageVersion":"2.0","resources":{"wf":` + workflow + `}}`, "/resources/wf/properties/definition", ""},
		{"nested template", `{"resources":[{"type":"Microsoft.Resources/deployments","properties":{"template":{"resources":[` + workflow + `]}}}]}`, "/resources/0/properties/template/resources/0/properties/definition", ""},
		{"child resource", `{"resources":[{"type":"x","resources":[` + workflow + `]}]}`, "/resources/0/resources/0/properties/definition", ""},
		{"comments and trailing commas", "\xEF\xBB\xBF// mine\n" + strings.TrimSuffix(small, "}") + ",}", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			sources, err := wdl.Open([]byte(test.doc))
			if err != nil {
				t.Fatal(err)
			}
			var pointers []string
			for _, s := range sources {
				pointers = append(pointers, s.Pointer)
				if p, problems := s.Compile(wdl.Options{}); p == nil || s.Kind != test.kind {
					t.Error(problems, s.Kind)
				}
			}
			if got := strings.Join(pointers, " "); got != test.pointers {
				t.Error(got)
			}
		})
	}
}

func TestOpenUTF16(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		doc := order.AppendUint16(nil, 0xFEFF)
		for _, unit := range utf16.Encode([]rune(small)) {
			doc = order.AppendUint16(doc, unit)
		}
		for _, doc := range [][]byte{doc, doc[2:]} {
			if sources, err := wdl.Open(doc); err != nil || len(sources) != 1 {
				t.Error(order, err)
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, doc := range []string{"", "{", "[]", "{}", `{"resources":[]}`, `{"definition":"../workflow.json"}`, "\xff", "\xff\xfe{"} {
		_, err := wdl.Open([]byte(doc))
		var document *wdl.DocumentError
		if !errors.As(err, &document) || document.Code != wdl.CodeInvalidRequestContent {
			t.Errorf("%q: %v", doc, err)
		}
	}
}

// TestSyntaxErrorsHaveAPlace: the line and column of a text that is no JSON.
func TestSyntaxErrorsHaveAPlace(t *testing.T) {
	for doc, want := range map[string]string{
		"{\n  \"actions\": {\n    \"é\": tru\n  }\n}": "3:13",
		"\xEF\xBB\xBF{\"a\": 1 2}":                    "1:9",
		"":                                            "1:1",
		"{\"actions\": {},\r\n\r\n \"triggers\" {}}": "3:13",
	} {
		_, err := wdl.Open([]byte(doc))
		var document *wdl.DocumentError
		if !errors.As(err, &document) {
			t.Fatal(doc, err)
		}
		if got := fmt.Sprintf("%d:%d", document.Line, document.Column); got != want {
			t.Errorf("%q: %s, %v", doc, got, err)
		}
	}
}

// TestPlaces checks line and column in the text that was given.
func TestPlaces(t *testing.T) {
	doc := "{ // a comment with \" and {\n  \"definition\": {\n    \"triggers\": {\"manual\": {\"type\": 'Request'}},\n    actions: {\n      \"Ä~b\": {\"type\": \"Compose\",\n        \"inputs\": {\"x\": [1, \"@nosuch()\"]}}\n    }\n  }\n}"
	sources, err := wdl.Open([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	_, problems := sources[0].Compile(wdl.Options{})
	if len(problems) != 1 {
		t.Fatal(problems)
	}
	p := problems[0]
	if p.Line != 6 || p.Column != 29 || p.Pointer != "/actions/Ä~0b/inputs/x/1" {
		t.Error(p)
	}
	want := `The template validation failed: 'The template action 'Ä~b' at line '6' and column '29' is not valid: "The template function 'nosuch' is not defined or not valid.".'.`
	if got := problems.Error(); got != want {
		t.Error(got)
	}
}

// TestPlacesInPrettyText: names and values, escapes, characters of several bytes, tabs
// and carriage returns.
func TestPlacesInPrettyText(t *testing.T) {
	doc := "{\r\n\t\"triggers\": {\"m\": {\"type\": \"Request\"}},\r\n\t\"actions\": {\r\n\t\t\"\\u00c4 \\\"q\\\"\": {\r\n\t\t\t\"type\": \"Compose\", \"inputs\": {\"😀é\": \"@a()\", \"@{b()}\": 1,\r\n\t\t\t\t\"list\": [\r\n\t\t\t\t\t1, {}, \"x @{c()}\"]}}}}"
	sources, err := wdl.Open([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	_, problems := sources[0].Compile(wdl.Options{})
	var got []string
	for _, p := range problems {
		got = append(got, fmt.Sprintf("%d:%d %s", p.Line, p.Column, p.Pointer))
	}
	want := "5:40 /actions/Ä \"q\"/inputs/😀é\n5:48 /actions/Ä \"q\"/inputs/@{b()}\n7:13 /actions/Ä \"q\"/inputs/list/2"
	if s := strings.Join(got, "\n"); s != want {
		t.Error(s)
	}
	if line, column := wdl.Place([]byte(doc), "/actions/Ä \"q\"/inputs/list"); line != 6 || column != 13 {
		t.Error(line, column)
	}
}

// TestDeploymentValuesAreUnknown: what the template computes is not judged.
func TestDeploymentValuesAreUnknown(t *testing.T) {
	doc := `{"resources":[{"type":"Microsoft.Logic/workflows","properties":{"parameters":{"n":{"value":"[parameters('n')]"}},"definition":{
	 "parameters":{"n":{"type":"Int"}},
	 "triggers":{"r":{"type":"Recurrence","recurrence":{"frequency":"[parameters('f')]","interval":"[parameters('i')]"}}},
	 "actions":{"H":{"type":"Http","inputs":{"method":"[variables('m')]","uri":"[concat('https://x/', '@{encodeURIComponent(''a'')}')]"}},
	  "C":{"type":"Compose","inputs":"[[literal"}}}}}]}`
	sources, err := wdl.Open([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	p, problems := sources[0].Compile(wdl.Options{})
	if len(problems) != 0 {
		t.Fatal(problems)
	}
	compose, _ := p.Action("C")
	if v, _ := compose.Inputs.Literal(); v.Text() != "[literal" {
		t.Error(v.Text())
	}
}

// TestDeploymentLeavesDoubts: where the template computes a part of a definition,
// nothing is said about what that part decides; what is written out is judged.
func TestDeploymentLeavesDoubts(t *testing.T) {
	for _, test := range []struct{ name, definition, problems string }{
		{"runAfter", `{"triggers":{"m":{"type":"Request"}},"actions":{"A":{"type":"Compose","inputs":1},"B":{"type":"Compose","inputs":"@outputs('A')","runAfter":"[parameters('x')]"},"C":{"type":"Compose","inputs":"@outputs('A')","runAfter":{"B":["Succeeded"]}}}}`, ""},
		{"a status list, a status", `{"triggers":{"m":{"type":"Request"}},"actions":{"A":{"type":"Compose","inputs":1},"B":{"type":"Compose","inputs":1,"runAfter":{"A":"[parameters('x')]","Gone":"[parameters('x')]"}},"C":{"type":"Compose","inputs":1,"runAfter":{"A":["[parameters('x')]"]}}}}`, ""},
		{"a name in runAfter", `{"triggers":{"m":{"type":"Request"}},"actions":{"A":{"type":"Compose","inputs":1},"B":{"type":"Compose","inputs":"@outputs('A')","runAfter":{"[parameters('x')]":["Succeeded"]}}}}`, ""},
		{"an action", `{"triggers":{"m":{"type":"Request"}},"actions":{"X":"[variables('a')]","B":{"type":"Compose","inputs":"@concat(outputs('Y'), variables('v'))","runAfter":{"Z":["Succeeded"]}}}}`, ""},
		{"all actions, triggers, parameters", `{"triggers":"[variables('t')]","actions":"[variables('a')]","parameters":"[variables('p')]","outputs":"[variables('o')]"}`, ""},
		{"a trigger", `{"triggers":{"m":"[variables('t')]"},"actions":{"R":{"type":"Response","inputs":{"statusCode":200}}}}`, ""},
		{"the use of parameters", `{"triggers":{"m":{"type":"Request"}},"parameters":"[variables('p')]","actions":{"A":{"type":"Compose","inputs":"@parameters('p')"}}}`, ""},
		{"a parameter", `{"triggers":{"m":{"type":"Request"}},"parameters":{"p":"[variables('p')]","q":{"type":"[variables('t')]","defaultValue":1}},"actions":{"A":{"type":"Compose","inputs":"@parameters('p')"}}}`, ""},
		{"a type", `{"triggers":{"m":{"type":"Request"}},"actions":{"L":{"type":"[variables('t')]","foreach":[1],"actions":{"A":{"type":"Compose","inputs":"@item()"}}},"W":{"type":"[variables('t')]","inputs":{"subscribe":{"body":"@listCallbackUrl()"}}}}}`, ""},
		{"members of inputs", `{"triggers":{"m":{"type":"Request","inputs":"[variables('i')]"}},"actions":{"H":{"type":"Http","inputs":"[variables('i')]"},"I":{"type":"Http","inputs":{"method":"[variables('m')]","uri":"[variables('u')]","headers":"[variables('h')]","retryPolicy":"[variables('r')]","authentication":"[variables('a')]"},"runtimeConfiguration":"[variables('c')]","operationOptions":"[variables('o')]","limit":"[variables('l')]"},"L":{"type":"Foreach","foreach":"[variables('f')]","actions":"[variables('a')]","runtimeConfiguration":{"concurrency":{"repetitions":"[variables('n')]"}}}}}`, ""},
		{"what is written out", `{"triggers":{"m":{"type":"Request"}},"actions":{"A":{"type":"Compose","inputs":"@nosuch()","runAfter":"[parameters('x')]"},"B":{"type":"Http","inputs":{"method":"[variables('m')]"}}}}`, "expression missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sources, err := wdl.Open([]byte(`{"resources":[{"type":"Microsoft.Logic/workflows","properties":{"definition":` + test.definition + `}}]}`))
			if err != nil {
				t.Fatal(err)
			}
			_, problems := sources[0].Compile(wdl.Options{})
			var rules []string
			for _, p := range problems {
				rules = append(rules, string(p.Rule))
			}
			if got := strings.Join(rules, " "); got != test.problems {
				t.Error(problems)
			}
		})
	}
}

// saveErrors are the definitions of the shared vectors with what they expect.
type saveError struct {
	name, code, contains string
	definition           json.RawMessage
	expected             bool
}

func sharedCases(t *testing.T) []saveError {
	t.Helper()
	var list []saveError
	type expectation struct{ Code, Contains string }
	text, err := os.ReadFile(filepath.Join(shared(t, "vectors"), "workflow-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var scenarios []struct {
		ID              string
		Definition      json.RawMessage
		ExpectSaveError *expectation
	}
	if err := json.Unmarshal(text, &scenarios); err != nil {
		t.Fatal(err)
	}
	add := func(name string, definition json.RawMessage, e *expectation) {
		c := saveError{name: name, definition: definition}
		if e != nil {
			c.code, c.contains, c.expected = e.Code, e.Contains, true
		}
		list = append(list, c)
	}
	for _, s := range scenarios {
		add(s.ID, s.Definition, s.ExpectSaveError)
	}
	files, _ := filepath.Glob(filepath.Join(shared(t, "vectors"), "isle-test", "*.json"))
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Definition json.RawMessage
			Cases      []struct {
				Name       string
				Parameters map[string]json.RawMessage
				Expect     struct{ SaveError *expectation }
			}
		}
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		for _, c := range file.Cases {
			if len(c.Parameters) == 0 {
				add(filepath.Base(path)+" "+c.Name, file.Definition, c.Expect.SaveError)
			}
		}
	}
	return list
}

// TestVectors: definitions of the vectors are refused where they say so, with that
// code and text, and accepted elsewhere.
func TestVectors(t *testing.T) {
	for _, c := range sharedCases(t) {
		t.Run(c.name, func(t *testing.T) {
			sources, err := wdl.Open(c.definition)
			if err != nil {
				t.Fatal(err)
			}
			_, problems := sources[0].Compile(wdl.Options{})
			first, failed := problems.First()
			switch {
			case failed != c.expected:
				t.Errorf("failed %v: %v", failed, problems)
			case failed && (c.code != "" && first.Code != c.code || !strings.Contains(problems.Error(), c.contains)):
				t.Errorf("%s: %v", first.Code, problems)
			}
		})
	}
}

// FuzzCompile: no document makes Open or Compile panic.
func FuzzCompile(f *testing.F) {
	files, _ := filepath.Glob("testdata/rules/*.txt")
	for _, path := range files {
		text, _ := os.ReadFile(path)
		for part := range strings.SplitSeq("\n"+string(text), "\n== ") {
			head, _, _ := strings.Cut(part, "\n----\n")
			if _, definition, ok := strings.Cut(head, "\n"); ok {
				f.Add([]byte(definition))
				f.Add([]byte(`{"resources":[{"properties":{"definition":` + definition + `}}]}`))
			}
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		sources, err := wdl.Open(doc)
		if err != nil {
			return
		}
		for _, s := range sources {
			p, problems := s.Compile(wdl.Options{})
			if (p == nil) != problems.Failed() {
				t.Fatal("program and problems disagree")
			}
			for _, problem := range problems {
				if problem.Line < 1 || problem.Column < 1 || strings.Contains(problem.Message, "\x00at") {
					t.Fatal(problem)
				}
			}
			if p == nil {
				continue
			}
			again, problems := wdl.Compile(p.Definition, s.Parameters, wdl.Options{Kind: s.Kind, Deployment: s.Deployment})
			if again == nil || !expr.Equal(again.Definition, p.Definition) {
				t.Fatal("the normalised definition does not compile to itself", problems)
			}
		}
	})
}
