package expr

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// values draws JSON values, nested up to a depth.
func values(depth int) *rapid.Generator[Value] {
	scalar := rapid.OneOf(
		rapid.Just(Null()),
		rapid.Map(rapid.Bool(), Bool),
		rapid.Map(rapid.Int64(), Int),
		rapid.Map(rapid.Float64(), func(f float64) Value {
			if math.IsInf(f, 0) || math.IsNaN(f) {
				return Float(0.5)
			}
			return Float(f)
		}),
		rapid.Map(rapid.String(), String),
		rapid.Map(rapid.Int64(), func(i int64) Value {
			return BigInt(new(big.Int).Mul(big.NewInt(i), new(big.Int).Lsh(big.NewInt(1), 70)))
		}),
	)
	if depth == 0 {
		return scalar
	}
	inner := values(depth - 1)
	member := rapid.Custom(func(t *rapid.T) Member {
		name := rapid.OneOf(rapid.SampledFrom([]string{"a", "A", "b", "id", "$content", "é", "\"q\""}), rapid.String()).Draw(t, "name")
		return Member{name, inner.Draw(t, "value")}
	})
	return rapid.OneOf(scalar,
		rapid.Map(rapid.SliceOfN(inner, 0, 20), func(e []Value) Value { return Array(e...) }),
		rapid.Map(rapid.SliceOfN(member, 0, 20), func(m []Member) Value { return Object(m...) }),
	)
}

// TestJSONRoundTrips: writing and reading gives an equal value, whose text is the
// same again.
func TestJSONRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := values(4).Draw(t, "v")
		text := v.JSON()
		if v.Size() != int64(len(text)) {
			t.Fatalf("Size is %d, the text has %d bytes: %s", v.Size(), len(text), text)
		}
		if v.weight() > v.Size() {
			t.Fatalf("the weight %d is no lower bound of the size %d: %s", v.weight(), v.Size(), text)
		}
		for _, read := range []func([]byte) (Value, error){ParseJSON[[]byte], ReadJSON[[]byte], ParseStored[[]byte]} {
			again, err := read(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if !sameValue(v, again) || string(again.JSON()) != string(text) {
				t.Fatalf("\n got %s\nwant %s", again.JSON(), text)
			}
		}
	})
}

// decoded is v without any undecoded text inside.
func decoded(v Value) Value {
	switch v.Kind() {
	case KindArray:
		var elems []Value
		for _, e := range v.Elements() {
			elems = append(elems, decoded(e))
		}
		return arrayOf(elems)
	case KindObject:
		var members []Member
		for name, m := range v.Members() {
			members = append(members, Member{name, decoded(m)})
		}
		return objectOf(members)
	}
	return v
}

// TestTextAndTreeAnswerTheSame: a value that is still text answers every question
// like the tree it stands for.
func TestTextAndTreeAnswerTheSame(t *testing.T) {
	templates := []string{
		"@string(item())", "@item()?['a']", "@item()?['ID']", "@item()[0]", "@item()?[1]?.b", "@length(item())", "@empty(item())",
		"@first(item())", "@last(item())", "@skip(item(), 1)", "@reverse(item())", "@union(item(), item())", "@intersection(item(), item())",
		"@setProperty(item(), 'A', 1)", "@addProperty(item(), 'zz', item())", "@removeProperty(item(), 'a')", "@contains(item(), 'a')",
		"@join(item(), ',')", "@sort(item())", "@createArray(item(), item()?['a'])", "@base64(item())", "@json(string(item()))",
		"x@{item()}y", "@xml(item())", "@item()['a']['b']", "@mergeObjects(item(), item())",
	}
	rapid.Check(t, func(t *rapid.T) {
		raw, err := ParseJSON(values(3).Draw(t, "v").JSON())
		if err != nil {
			t.Fatal(err)
		}
		text := rapid.SampledFrom(templates).Draw(t, "template")
		tmpl, _ := Workflow().CompileString(text)
		tree := decoded(raw)
		got, gotErr := tmpl.Eval(itemEnv{raw})
		want, wantErr := tmpl.Eval(itemEnv{tree})
		if (gotErr == nil) != (wantErr == nil) || gotErr != nil && gotErr.Error() != wantErr.Error() {
			t.Fatalf("%s: text gives error %v, tree %v", text, gotErr, wantErr)
		}
		if string(got.JSON()) != string(want.JSON()) || !Equal(got, want) || !Equal(raw, tree) {
			t.Fatalf("%s\ntext gives %s\ntree gives %s", text, got.JSON(), want.JSON())
		}
	})
}

// itemEnv answers item() alone.
type itemEnv struct{ item Value }

func (e itemEnv) Now() time.Time { return time.Unix(0, 0) }
func (e itemEnv) Random() uint64 { return 1 }
func (e itemEnv) Lookup(name string, _ []Value) (Value, error) {
	if name == "item" {
		return e.item, nil
	}
	return Value{}, NotExpected(name)
}

func TestReferencesAreAskedFor(t *testing.T) {
	ref := Reference(ContentReference{ID: "c1", Size: 70_000, Kind: KindArray})
	for text, loads := range map[string]bool{
		"@item()": false, "@createArray(item(), 1)": false, "@if(true, item(), 1)": false, "@coalesce(null, item())": false,
		"@length(item())": true, "@item()[0]": true, "x@{item()}": true, "@string(createArray(item()))": true,
		"@length(createArray(item()))": false, "@createArray(item())[0]": false, "@equals(item(), 1)": true,
	} {
		tmpl, _ := Workflow().CompileString(text)
		_, err := tmpl.Eval(itemEnv{ref})
		var unloaded *Unloaded
		if asked := errors.As(err, &unloaded) && unloaded.Reference.ID == "c1"; asked != loads || err != nil && !asked {
			t.Errorf("%s: asked %v, error %v", text, asked, err)
		}
	}
	if got := string(ref.JSON()); got != `{"$isle.content":{"id":"c1","size":70000,"kind":7,"contentType":""}}` {
		t.Errorf("a reference is written as %s", got)
	}
}

func TestLimitsAreErrors(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1)
	for name, read := range map[string]func([]byte) (Value, error){"ParseJSON": ParseJSON[[]byte], "ReadJSON": ReadJSON[[]byte]} {
		if _, err := read([]byte(deep)); err == nil {
			t.Errorf("%s accepts %d levels", name, MaxDepth+1)
		}
		if _, err := read([]byte(deep[1 : len(deep)-1])); err != nil {
			t.Errorf("%s refuses %d levels: %v", name, MaxDepth, err)
		}
		if _, err := read([]byte(strings.Repeat("[", 1_000_000))); err == nil {
			t.Errorf("%s accepts a million open brackets", name)
		}
	}
	if _, err := parseXML(strings.Repeat("<a>", 100_000)); err == nil {
		t.Error("deep XML is accepted")
	}
	nested := "@" + strings.Repeat("array(", 450) + "1" + strings.Repeat(")", 450)
	tmpl, problems := Workflow().CompileString(nested)
	if problems != nil {
		t.Fatal(problems)
	}
	var failure *Error
	if _, err := tmpl.Eval(itemEnv{}); !errors.As(err, &failure) || failure.Kind != LimitError {
		t.Errorf("450 nested arrays give %v", err)
	}
	long := String(strings.Repeat("x", MaxSize/2))
	for _, text := range []string{"@concat(item(), item(), item())", "@{item()}@{item()}@{item()}", "@replace(item(), 'x', 'yyy')", "@join(createArray(item(), item()), item())"} {
		tmpl, _ := Workflow().CompileString(text)
		if _, err := tmpl.Eval(itemEnv{long}); !errors.As(err, &failure) || failure.Kind != LimitError {
			t.Errorf("%s gives no limit error but %v", text, err)
		}
	}
	if _, problems := Workflow().CompileString("@concat('" + strings.Repeat("x", 8192) + "')"); problems == nil || problems[0].Code != CodeLength {
		t.Errorf("a long expression gives %v", problems)
	}
}

func TestNoFunctionIsListedTwice(t *testing.T) {
	for _, d := range []*Dialect{Workflow(), ResourceTemplate()} {
		list := d.Functions()
		for i := range list[1:] {
			if strings.EqualFold(list[i].Name, list[i+1].Name) {
				t.Errorf("%s is listed twice", list[i].Name)
			}
		}
	}
}

// TestFunctionsAreThoseOfTheReference compares names, argument counts and flags.
func TestFunctionsAreThoseOfTheReference(t *testing.T) {
	text, err := os.ReadFile("../../shared/reference/wdl-functions.json")
	if err != nil {
		t.Skipf("THE REFERENCE'S LIST OF FUNCTIONS IS NOT HERE: %v", err)
	}
	var reference []struct {
		Name                       string
		MinArgs                    int
		MaxArgs                    *int
		Lazy, Contextual, Volatile bool
		Deprecated                 bool
	}
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatal(err)
	}
	ours := map[string]Function{}
	for _, f := range Workflow().Functions() {
		ours[f.Name] = f
	}
	for _, want := range reference {
		most := -1
		if want.MaxArgs != nil {
			most = *want.MaxArgs
		}
		got, ok := ours[want.Name]
		if !ok {
			t.Errorf("%s is missing", want.Name)
			continue
		}
		delete(ours, want.Name)
		if got.Min != want.MinArgs || got.Max != most || got.Lazy != want.Lazy || got.Contextual != want.Contextual {
			t.Errorf("%s takes %d to %d, lazy %v, contextual %v; the reference has %+v", got.Name, got.Min, got.Max, got.Lazy, got.Contextual, want)
		}
		if got.Volatile != want.Volatile || got.Deprecated != want.Deprecated {
			t.Errorf("%s: volatile %v, deprecated %v; the reference has %v, %v", got.Name, got.Volatile, got.Deprecated, want.Volatile, want.Deprecated)
		}
	}
	for name := range ours {
		t.Errorf("%s is not in the reference", name)
	}
}

func TestReadFirstJSONIgnoresTheRest(t *testing.T) {
	v, err := ReadFirstJSON([]byte(` {"a":1} trailing`))
	if err != nil || string(v.JSON()) != `{"a":1}` {
		t.Errorf("got %s, %v", v.JSON(), err)
	}
	if _, err := ReadFirstJSON([]byte("  ")); err == nil {
		t.Error("white space is a value")
	}
}
