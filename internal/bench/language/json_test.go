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

// body is a JSON text of some shape.
type body struct{ shape, text string }

func bodies() []body {
	return []body{
		{"objects", array(func(i int) string { return fmt.Sprintf(`{"id":%d,"sku":"A-%d","open":true,"note":null}`, i, i*7) })},
		{"orders", array(orderText)},
		{"words", array(func(i int) string { return []string{"true", "false", "null", "[]", "{}", "0"}[i%6] })},
		{"wide", object(func(i int) string { return fmt.Sprintf(`"member%d":"value %d"`, i, i) })},
		{"strings", array(func(int) string {
			return `"` + strings.Repeat("The quick brown fox jumps over the lazy dog. ", 40) + `"`
		})},
		{"escapes", array(func(i int) string { return fmt.Sprintf(`"C:\\temp\\file%d.txt\r\nline \"two\"\t"`, i) })},
		{"integers", array(func(i int) string { return fmt.Sprint(i * 7919) })},
		{"floats", array(func(i int) string { return fmt.Sprintf("%d.%02d5", i*31%10000, i%100) })},
		{"doubles", array(func(i int) string { return fmt.Sprintf("%.17g", 1/(float64(i)+3.7)) })},
		{"coordinates", array(func(i int) string {
			return fmt.Sprintf("[%.15f,%.15f]", float64(i%360)-179.386383, float64(i)/7e3+41.976785)
		})},
		{"deep", array(func(i int) string { return strings.Repeat(`{"a":[`, 60) + fmt.Sprint(i) + strings.Repeat("]}", 60) })},
		{"non-ASCII", array(func(int) string {
			return `{"имя":"Привет, мир","都市":"東京都","😀":"日本語テキスト"}`
		})},
		{"pretty", pretty(array(orderText))},
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

// object is array for members.
func object(member func(i int) string) string {
	text := array(member)
	return "{" + text[1:len(text)-1] + "}"
}

// pretty spreads the first orders of a body over lines.
func pretty(text string) string {
	var b bytes.Buffer
	half := text[:bodySize/2]
	if err := stdjson.Indent(&b, []byte(half[:strings.LastIndex(half, `,{"id"`)]+"]"), "", "  "); err != nil {
		panic(err)
	}
	return b.String()
}

// eachBody measures what ours and the peer make of each body.
func eachBody(b *testing.B, our, peer func(text []byte) func() error) {
	for _, body := range bodies() {
		text := []byte(body.text)
		for _, c := range []struct {
			name    string
			prepare func(text []byte) func() error
		}{{ours, our}, {"go-json-experiment", peer}} {
			b.Run(body.shape+"/"+c.name, func(b *testing.B) {
				run := c.prepare(text)
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

// reading prepares the reading of a body, and use of what was read.
func reading(read func([]byte) (expr.Value, error), use func(expr.Value)) func([]byte) func() error {
	return func(text []byte) func() error {
		return func() error {
			v, err := read(text)
			use(v)
			return err
		}
	}
}

func peerReading(text []byte) func() error {
	return func() error {
		var v any
		return json.Unmarshal(text, &v)
	}
}

// visit looks at every value in v, which decodes all of it.
func visit(v expr.Value) {
	for _, e := range v.Elements() {
		visit(e)
	}
	for _, m := range v.Members() {
		visit(m)
	}
}

func keep(expr.Value) {}

// BenchmarkReadTree reads a body and decodes every level of it.
func BenchmarkReadTree(b *testing.B) { eachBody(b, reading(expr.ParseJSON, visit), peerReading) }

// BenchmarkReadText checks a body and keeps it as text, as a trigger does that only
// passes it on; the peer has but the tree.
func BenchmarkReadText(b *testing.B) { eachBody(b, reading(expr.ParseJSON, keep), peerReading) }

// BenchmarkReadLenient reads strict JSON as request bodies and json() do, whole.
func BenchmarkReadLenient(b *testing.B) { eachBody(b, reading(expr.ReadJSON, visit), peerReading) }

// BenchmarkWriteTree writes a body from a tree that was built.
func BenchmarkWriteTree(b *testing.B) {
	eachBody(b, func(text []byte) func() error { return writing(built(parse(text))) }, peerWriting)
}

// BenchmarkWriteText writes a body that was read and not changed.
func BenchmarkWriteText(b *testing.B) {
	eachBody(b, func(text []byte) func() error { return writing(parse(text)) }, peerWriting)
}

func writing(v expr.Value) func() error {
	return func() error {
		v.JSON()
		return nil
	}
}

func peerWriting(text []byte) func() error {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		panic(err)
	}
	return func() error {
		_, err := json.Marshal(v)
		return err
	}
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

// TestBodiesAreReadAlike: both read and write the same content.
func TestBodiesAreReadAlike(t *testing.T) {
	for _, body := range bodies() {
		var peer, std any
		if err := json.Unmarshal([]byte(body.text), &peer); err != nil {
			t.Fatal(body.shape, err)
		}
		if err := stdjson.Unmarshal(built(parse([]byte(body.text))).JSON(), &std); err != nil {
			t.Fatal(body.shape, err)
		}
		if !reflect.DeepEqual(peer, std) {
			t.Errorf("%s: another content", body.shape)
		}
	}
}
