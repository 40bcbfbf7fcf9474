package wdl_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/wdl"
)

// dense is a definition whose actions each run after all before them and read them
// all; with back each also runs after those that follow.
func dense(actions int, back bool) string {
	var b strings.Builder
	b.WriteString(`{"triggers":{"m":{"type":"Request"}},"actions":{`)
	for i := range actions {
		after, reads := map[string][]string{}, []string{}
		for j := range actions {
			if j < i || back && j != i {
				after[fmt.Sprint("action", j)] = []string{"Succeeded", "Failed"}
			}
			if j < i {
				reads = append(reads, fmt.Sprintf("@outputs('action%d')", j))
			}
		}
		text, _ := json.Marshal(map[string]any{"type": "Compose", "inputs": reads, "runAfter": after})
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"action%d":%s`, i, text)
	}
	b.WriteString("}}")
	return b.String()
}

// cost compiles a definition and returns the bytes and the time that took.
func cost(t *testing.T, text string) (p *wdl.Program, problems wdl.Problems, bytes uint64, elapsed time.Duration) {
	t.Helper()
	v, err := expr.ReadJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	p, problems = wdl.Compile(v, expr.Null(), wdl.Options{Text: []byte(text)})
	elapsed = time.Since(begin)
	runtime.ReadMemStats(&after)
	return p, problems, after.TotalAlloc - before.TotalAlloc, elapsed
}

// TestCostFollowsTheText: 500 actions with every possible reference cost about as much
// for each byte as 125 do.
func TestCostFollowsTheText(t *testing.T) {
	perByte := func(actions int) float64 {
		text := dense(actions, false)
		p, problems, bytes, elapsed := cost(t, text)
		if p == nil {
			t.Fatal(problems)
		}
		t.Logf("%d actions, %d bytes of text: %d bytes in %v", actions, len(text), bytes, elapsed)
		return float64(bytes) / float64(len(text))
	}
	if few, many := perByte(125), perByte(500); many > 2*few {
		t.Errorf("%.0f bytes allocated for a byte of 500 actions, %.0f of 125", many, few)
	}
}

// TestHostileDefinitionsAreBounded: what no one writes is refused, in bounded memory.
func TestHostileDefinitionsAreBounded(t *testing.T) {
	list := func(n int, entry string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = strings.ReplaceAll(entry, "#", fmt.Sprint(i))
		}
		return strings.Join(parts, ",")
	}
	deep := strings.Repeat(`{"S":{"type":"Scope","actions":`, 40) + "{}" + strings.Repeat("}}", 40)
	long := strings.Repeat("n", 1<<20)
	for name, text := range map[string]string{
		"all in cycles":       dense(200, true),
		"unknown names":       `{"actions":{` + list(400, `"a#":{"type":"Compose","inputs":1,"runAfter":{`+list(100, `"x#":["Succeeded"]`)+`}}`) + `}}`,
		"names of elsewhere":  `{"actions":{"S":{"type":"Scope","actions":{` + list(400, `"b#":{"type":"Compose","inputs":1}`) + `}},` + list(50, `"a#":{"type":"Compose","inputs":1,"runAfter":{"b0":["Succeeded"],"b1":["Succeeded"]}}`) + `}}`,
		"very many actions":   `{"actions":{` + list(100_000, `"a#":{}`) + `}}`,
		"very many variables": `{"actions":{"I":{"type":"InitializeVariable","inputs":{"variables":[` + list(20_000, `{"name":"v#","type":"String"}`) + `]}}}}`,
		"very many cases":     `{"actions":{"S":{"type":"Switch","expression":"@1","cases":{` + list(20_000, `"c#":{"case":#,"actions":{}}`) + `}}}}`,
		"deep":                `{"actions":` + deep + `}`,
		"long names":          `{"actions":{"` + long + `":{"type":"Compose","inputs":{"` + long + `":"@` + long + `"},"runAfter":{"` + long + `":["Succeeded"]}}}}`,
		"responses":           `{"triggers":{"m":{"type":"Request"}},"actions":{` + list(400, `"a#":{"type":"Response","inputs":{"statusCode":200}}`) + `}}`,
		"many parameters":     `{"parameters":{` + list(20_000, `"p#":{"type":"Int","defaultValue":1}`) + `},"actions":{"A":{"type":"Compose","inputs":"@parameters(concat('p', '1'))"}}}`,
		"unknown members":     `{"actions":{"A":{"type":"Compose","inputs":1,` + list(50_000, `"runAfte#":1`) + `}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, problems, bytes, elapsed := cost(t, text)
			if limit := uint64(100*len(text) + 64<<20); bytes > limit || elapsed > 20*time.Second {
				t.Errorf("%d bytes of text cost %d bytes and %v", len(text), bytes, elapsed)
			}
			if len(problems) == 0 || len(problems) > 5001 {
				t.Errorf("%d problems", len(problems))
			}
			t.Logf("%d bytes of text: %d bytes, %v, %d problems", len(text), bytes, elapsed, len(problems))
		})
	}
}

// TestMutatedCorpus: no part of a real definition that is missing, of another type or
// in another place makes Compile panic, or disagree with its problems.
func TestMutatedCorpus(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, f := range corpus(t) {
		s := f.source(t)
		for range 3 {
			s.Definition = mutate(random, s.Definition, 0)
			p, problems := wdl.Compile(s.Definition, s.Parameters, wdl.Options{Kind: s.Kind, Deployment: s.Deployment})
			if (p == nil) != problems.Failed() {
				t.Fatalf("%s: program and problems disagree", f.number)
			}
			if !slices.IsSortedFunc(problems, func(a, b wdl.Problem) int {
				return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
			}) {
				t.Errorf("%s: problems are not in the order of the text", f.number)
			}
			for _, problem := range problems {
				if problem.Code == "" || problem.Rule == "" || problem.Message == "" || problem.Line < 1 || problem.Column < 1 {
					t.Fatalf("%s: %v", f.number, problem)
				}
			}
		}
	}
}

// mutate changes one value in about twenty.
func mutate(random *rand.Rand, v expr.Value, depth int) expr.Value {
	strange := []expr.Value{expr.Null(), expr.Bool(true), expr.Int(-1), expr.Float(1e300), expr.String(""), expr.String("@"), expr.String("@{"),
		expr.String("@items('x')"), expr.String("[null()]"), expr.Array(), expr.Object(), expr.Array(v), expr.Object(expr.Member{Name: "type", Value: v})}
	if depth > 1 && random.IntN(20) == 0 {
		return strange[random.IntN(len(strange))]
	}
	switch v.Kind() {
	case expr.KindArray:
		elems := []expr.Value{}
		for _, e := range v.Elements() {
			elems = append(elems, mutate(random, e, depth+1))
		}
		return expr.Array(elems...)
	case expr.KindObject:
		members := []expr.Member{}
		for name, m := range v.Members() {
			if depth > 1 && random.IntN(40) == 0 {
				name = strings.ToUpper(name)
			}
			members = append(members, expr.Member{Name: name, Value: mutate(random, m, depth+1)})
		}
		return expr.Object(members...)
	}
	return v
}

// BenchmarkLargest compiles the largest definition of the corpus.
func BenchmarkLargest(b *testing.B) {
	var largest wdl.Source
	size := 0
	for _, f := range corpus(b) {
		if s := f.source(b); len(s.Definition.JSON()) > size {
			largest, size = s, len(s.Definition.JSON())
		}
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		largest.Compile(wdl.Options{})
	}
}
