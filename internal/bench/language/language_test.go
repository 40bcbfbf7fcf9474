package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/cel-go/common/types/ref"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

func plainCEL(tb testing.TB, v ref.Val) any {
	native, err := v.ConvertToNative(reflect.TypeFor[*structpb.Value]())
	if err != nil {
		tb.Fatal(err)
	}
	text, err := protojson.Marshal(native.(*structpb.Value))
	if err != nil {
		tb.Fatal(err)
	}
	return reread(tb, text)
}

// TestContendersAgree holds the comparison fair: the same question, one answer.
func TestContendersAgree(t *testing.T) {
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			var first any
			for i, c := range contenders(t) {
				answer := plain(t, answer(t, c, s))
				if i == 0 {
					first = answer
				} else if !reflect.DeepEqual(answer, first) {
					t.Errorf("%s says %v, isle %v", c.name, answer, first)
				}
			}
		})
	}
}

func answer(t *testing.T, c contender, s subject) any {
	t.Helper()
	p, err := c.compile(s)
	if err != nil {
		t.Fatal(c.name, err)
	}
	v, err := p.answer()
	if err != nil {
		t.Fatal(c.name, err)
	}
	return v
}

func BenchmarkCompile(b *testing.B) {
	each(b, func(b *testing.B, c contender, s subject) {
		for b.Loop() {
			if _, err := c.compile(s); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkEval(b *testing.B) {
	each(b, func(b *testing.B, c contender, s subject) {
		p, err := c.compile(s)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := p.run(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func each(b *testing.B, measure func(*testing.B, contender, subject)) {
	for _, s := range subjects {
		b.Run(s.name, func(b *testing.B) {
			for _, c := range contenders(b) {
				b.Run(c.name, func(b *testing.B) {
					b.ReportAllocs()
					measure(b, c, s)
				})
			}
		})
	}
}

func TestTableHasRatios(t *testing.T) {
	tables, err := read(strings.NewReader(`goos: linux
BenchmarkEval/deep_property/isle-2   	 1000000	       150.0 ns/op	      64 B/op	       1 allocs/op
BenchmarkEval/deep_property/cel-2    	 1000000	      2000 ns/op	       0 B/op	       0 allocs/op
BenchmarkEval/deep_property/expr-2   	 1000000	       100 ns/op	      16 B/op	       2 allocs/op
PASS
`))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := write(&out, tables); err != nil {
		t.Fatal(err)
	}
	want := `| Eval | isle | cel | expr | isle / the faster peer |
|---|---|---|---|---|
| deep property | 150 ns, 1 | 2.0 µs, 0 | 100 ns, 2 | 1.50 |

`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	if _, err := read(strings.NewReader("FAIL\tlanguage\n")); err == nil {
		t.Error("a failed benchmark makes a table")
	}
}
