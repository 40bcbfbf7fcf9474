package expr

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// bodyEnv answers triggerBody with a body that is parsed once.
type bodyEnv struct{ body Value }

func (e bodyEnv) Now() time.Time { return time.Time{} }
func (e bodyEnv) Random() uint64 { return 0 }
func (e bodyEnv) Lookup(string, []Value) (Value, error) {
	return e.body, nil
}

const orderBody = `{"id":"A-1","customer":{"name":"Ann","address":{"city":"Oslo"}},"qty":3,"price":12.5,"lines":[{"sku":"A","qty":1},{"sku":"B","qty":2}]}`

func benchmarkTemplate(b *testing.B, text string) {
	tmpl, problems := Workflow().Compile(mustParse(b, text))
	if problems != nil {
		b.Fatal(problems)
	}
	env := &bodyEnv{mustParse(b, orderBody)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tmpl.Eval(env); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvalArithmetic(b *testing.B) {
	benchmarkTemplate(b, `"@mul(triggerBody()?['qty'], triggerBody()?['price'])"`)
}

func BenchmarkEvalInterpolation(b *testing.B) {
	benchmarkTemplate(b, `"Order @{triggerBody()?['id']} of @{triggerBody()?['customer']?['name']}"`)
}

func BenchmarkEvalObject(b *testing.B) {
	benchmarkTemplate(b, `{"id":"@triggerBody()?['id']","total":"@mul(triggerBody()?['qty'], triggerBody()?['price'])","big":"@greater(triggerBody()?['qty'], 2)"}`)
}

func BenchmarkPassThrough(b *testing.B) { benchmarkTemplate(b, `{"body":"@triggerBody()"}`) }

func BenchmarkParseJSON(b *testing.B) {
	for name, text := range map[string]string{
		"small": orderBody,
		"large": "[" + strings.Repeat(orderBody+",", 1000) + orderBody + "]",
		"space": "[" + strings.Repeat(strings.ReplaceAll(orderBody, ",", ", \n"), 1) + "]",
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseJSON([]byte(text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	v := mustParse(b, `{"id":"@triggerBody()?['id']","total":"@mul(triggerBody()?['qty'], triggerBody()?['price'])"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := Workflow().Compile(v); problems != nil {
			b.Fatal(problems)
		}
	}
}

func TestTemplatesAreSafeForManyGoroutines(t *testing.T) {
	tmpl, problems := Workflow().Compile(mustParse(t, `{"a":"@concat(triggerBody()?['id'], triggerBody()['customer'].name)","b":"@{triggerBody()?['lines'][1]['sku']}"}`))
	if problems != nil {
		t.Fatal(problems)
	}
	env := &bodyEnv{mustParse(t, orderBody)}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				if v, err := tmpl.Eval(env); err != nil || string(v.JSON()) != `{"a":"A-1Ann","b":"B"}` {
					t.Errorf("%s, %v", v.JSON(), err)
				}
			}
		})
	}
	all.Wait()
}
