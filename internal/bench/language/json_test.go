package main

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"isle/expr"
)

// bodySize is about the size of each body, in bytes.
const bodySize = 1_000_000

// bodies are JSON texts of bodySize, each of another shape.
func bodies() map[string]string {
	return map[string]string{
		"objects":   array(func(i int) string { return fmt.Sprintf(`{"id":%d,"sku":"A-%d","open":true,"note":null}`, i, i*7) }),
		"orders":    array(orderText),
		"strings":   array(func(i int) string { return `"` + strings.Repeat("The quick brown fox jumps over the lazy dog. ", 40) + `"` }),
		"escapes":   array(func(i int) string { return `"C:\\temp\\file` + fmt.Sprint(i) + `.txt\r\nline \"two\"\t"` }),
		"integers":  array(func(i int) string { return fmt.Sprint(i * 7919) }),
		"floats":    array(func(i int) string { return fmt.Sprintf("%d.%02d5", i*31%10000, i%100) }),
		"doubles":   array(func(i int) string { return fmt.Sprintf("%.17g", 1/(float64(i)+3.7)) }),
		"deep":      array(func(i int) string { return strings.Repeat(`{"a":[`, 60) + fmt.Sprint(i) + strings.Repeat("]}", 60) }),
		"non-ASCII": array(func(i int) string { return `{"имя":"Привет, мир","都市":"東京都","😀":"日本語テキスト"}` }),
		"pretty":    pretty(array(orderText)),
	}
}

func orderText(i int) string {
	return fmt.Sprintf(`{"id":"A-%d","customer":{"name":"Ann","address":{"city":"Oslo","zip":"0150"}},"qty":%d,"price":%d.5,"lines":[{"sku":"A","qty":1},{"sku":"B","qty":2}]}`, i, i%10, i%1000)
}

// array repeats an element until the text has bodySize.
func array(element func(i int) string) string {
	var b strings.Builder
	b.WriteString("[" + element(0))
	for i := 1; b.Len() < bodySize; i++ {
		b.WriteString("," + element(i))
	}
	return b.String() + "]"
}

func pretty(text string) string {
	var b bytes.Buffer
	if err := stdjson.Indent(&b, []byte(text[:bodySize/2][:strings.LastIndex(text[:bodySize/2], ",{\"id")]+"]"), "", "  "); err != nil {
		panic(err)
	}
	return b.String()
}

var shapes = []string{"objects", "orders", "strings", "escapes", "integers", "floats", "doubles", "deep", "non-ASCII", "pretty"}

// eachBody runs a benchmark per shape of a body and contender.
func eachBody(b *testing.B, contenders map[string]func(text []byte) func() error) {
	all := bodies()
	for _, shape := range shapes {
		text := []byte(all[shape])
		for _, name := range []string{ours, "isle-strict", "isle-lenient", "isle-text", "go-json-experiment"} {
			prepare, ok := contenders[name]
			if !ok {
				continue
			}
			b.Run(shape+"/"+name, func(b *testing.B) {
				run := prepare(text)
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					if err := run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// visit looks at every value in v, which decodes all of it.
func visit(v expr.Value) (n int) {
	for _, e := range v.Elements() {
		n += visit(e)
	}
	for _, m := range v.Members() {
		n += visit(m)
	}
	return n + 1
}

// built is v as a program would have built it, without any text to copy.
func built(v expr.Value) expr.Value {
	switch v.Kind() {
	case expr.KindArray:
		elems := make([]expr.Value, 0, v.Len())
		for _, e := range v.Elements() {
			elems = append(elems, built(e))
		}
		return expr.Array(elems...)
	case expr.KindObject:
		members := make([]expr.Member, 0, v.Len())
		for name, m := range v.Members() {
			members = append(members, expr.Member{Name: name, Value: built(m)})
		}
		return expr.Object(members...)
	}
	return v
}

func parse(text []byte) expr.Value {
	v, err := expr.ParseJSON(text)
	if err != nil {
		panic(err)
	}
	return v
}

// BenchmarkReadTree reads a body and decodes every level of it.
func BenchmarkReadTree(b *testing.B) {
	tree := func(read func([]byte) (expr.Value, error)) func([]byte) func() error {
		return func(text []byte) func() error {
			return func() error {
				v, err := read(text)
				visit(v)
				return err
			}
		}
	}
	eachBody(b, map[string]func([]byte) func() error{
		ours: tree(expr.ParseJSON),
		"go-json-experiment": func(text []byte) func() error {
			return func() error {
				var v any
				return json.Unmarshal(text, &v)
			}
		},
	})
}

// BenchmarkReadText checks a body and keeps it as text, as a trigger does that only
// passes it on; the peer has but the tree.
func BenchmarkReadText(b *testing.B) {
	read := func(read func([]byte) (expr.Value, error)) func([]byte) func() error {
		return func(text []byte) func() error {
			return func() error {
				_, err := read(text)
				return err
			}
		}
	}
	eachBody(b, map[string]func([]byte) func() error{
		ours:           read(expr.ParseJSON),
		"isle-lenient": read(expr.ReadJSON),
		"go-json-experiment": func(text []byte) func() error {
			return func() error {
				var v any
				return json.Unmarshal(text, &v)
			}
		},
	})
}

// BenchmarkWrite writes a body from a tree, and from the text that was kept of it.
func BenchmarkWrite(b *testing.B) {
	write := func(v expr.Value) func() error {
		return func() error {
			v.JSON()
			return nil
		}
	}
	eachBody(b, map[string]func([]byte) func() error{
		ours:        func(text []byte) func() error { return write(built(parse(text))) },
		"isle-text": func(text []byte) func() error { return write(parse(text)) },
		"go-json-experiment": func(text []byte) func() error {
			var v any
			if err := json.Unmarshal(text, &v); err != nil {
				panic(err)
			}
			return func() error {
				_, err := json.Marshal(v)
				return err
			}
		},
	})
}

// TestBodiesAreReadAlike: the contenders read and write the same content.
func TestBodiesAreReadAlike(t *testing.T) {
	for shape, text := range bodies() {
		var peer, std any
		if err := json.Unmarshal([]byte(text), &peer); err != nil {
			t.Fatal(shape, err)
		}
		if err := stdjson.Unmarshal(built(parse([]byte(text))).JSON(), &std); err != nil {
			t.Fatal(shape, err)
		}
		if !reflect.DeepEqual(peer, std) {
			t.Errorf("%s: another content", shape)
		}
	}
}
