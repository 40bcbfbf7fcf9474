package expr

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// Texts made to cost time or memory. Each would take minutes if the work were more
// than in proportion to the text, so a time limit of the test is all that is needed.

// manyMembers is an object of n members, each made of a name and its place.
func manyMembers(n int, name func(i int) string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%d", name(i), i)
	}
	return b.String() + "}"
}

const many = 100_000

func TestManyMembers(t *testing.T) {
	v := mustParse(t, manyMembers(many, func(i int) string { return fmt.Sprint("name", i) }))
	reversed := mustParse(t, manyMembers(many, func(i int) string { return fmt.Sprint("name", many-1-i) }))
	built := decoded(reversed)
	for i := range many {
		for _, o := range []Value{v, built} {
			if _, ok := o.Get(fmt.Sprint("name", i)); !ok {
				t.Fatal(i)
			}
			if _, ok := o.Get(fmt.Sprint("NAME", i)); !ok {
				t.Fatal("ignoring case", i)
			}
			if _, ok := o.Get(fmt.Sprint("none", i)); ok {
				t.Fatal("none", i)
			}
		}
	}
	if Equal(v, reversed) || Equal(v, built) {
		t.Error("other values are equal")
	}
	again := mustParse(t, string(built.JSON()))
	if !Equal(built, again) || !Equal(reversed, built) {
		t.Error("equal values differ")
	}
	if v.Without("name5").Len() != many-1 || v.With("name5", Null()).Len() != many {
		t.Error("another number of members")
	}
}

func TestManyDuplicates(t *testing.T) {
	same := mustParse(t, manyMembers(many, func(int) string { return "a" }))
	if got := string(same.JSON()); got != fmt.Sprintf(`{"a":%d}`, many-1) {
		t.Errorf("got %.80s", got)
	}
	pairs := mustParse(t, manyMembers(many, func(i int) string { return fmt.Sprint(i % (many / 2)) }))
	if pairs.Len() != many/2 {
		t.Errorf("%d members are left", pairs.Len())
	}
	cases := mustParse(t, manyMembers(1<<12, func(i int) string { return spelling("abcdefghijkl", i) }))
	for i := range 1 << 12 {
		if m, ok := cases.Get(spelling("abcdefghijkl", i)); !ok || m.num != uint64(i) {
			t.Fatal("exact name", i)
		}
	}
	if m, ok := mustParse(t, manyMembers(20, func(i int) string { return spelling("abcdef", i) })).Get("ABCDEF"); !ok || m.num != 0 {
		t.Error("not the first of the names that differ in case")
	}
}

// spelling writes the letters of a word large where i has a bit set.
func spelling(word string, i int) string {
	letters := []byte(word)
	for at := range letters {
		if i>>at&1 == 1 {
			letters[at] -= 'a' - 'A'
		}
	}
	return string(letters)
}

// nestedText is JSON that nests depth levels deep around a text.
func nestedText(depth int, inner string) string {
	return strings.Repeat(`{"a":[`, depth/2) + inner + strings.Repeat(`]}`, depth/2)
}

func TestDeepTextIsDecodedOnce(t *testing.T) {
	wide := strings.Repeat(`"0123456789",`, 300_000) + "0"
	v := mustParse(t, nestedText(MaxDepth, wide))
	for range 40 {
		at := v
		for at.Kind() == KindObject {
			at, _ = at.Get("a")
			if at.Len() > 1 {
				break
			}
			at = at.Index(0)
		}
	}
	if v.depth() != MaxDepth {
		t.Errorf("the depth is %d", v.depth())
	}
	tree := decoded(v)
	if tree.depth() != MaxDepth || !Equal(v, tree) || tree.Text() != v.Text() {
		t.Error("text and tree differ")
	}
	branches := mustParse(t, "["+nestedText(100, "1")+",["+strings.Repeat("1,", 600)+"1]]")
	if got := branches.Index(1).depth(); got != 1 {
		t.Errorf("a list of numbers is %d levels deep", got)
	}
}

// TestLookingInsideTakesLittleMemory: one level of a long text may take a few times
// the memory of the text, whatever is inside.
func TestLookingInsideTakesLittleMemory(t *testing.T) {
	for name, element := range map[string]string{
		"rows": orderBody, "nests": strings.Repeat("[", 100) + "1" + strings.Repeat("]", 100), "singles": `[{"":[0]}]`, "strings": `{"a":"b","c":"d"}`,
	} {
		v := mustParse(t, "["+strings.Repeat(element+",", 1_000_000/len(element))+"0]")
		size := allocated(1, func() { v.Index(0) })
		if most := uint64(30 * len(v.node.text)); size > most {
			t.Errorf("%s: %d bytes for a text of %d", name, size, len(v.node.text))
		}
		if !Equal(v, decoded(v)) {
			t.Errorf("%s: another value", name)
		}
	}
}

func TestDeepTextIsRefused(t *testing.T) {
	for name, open := range map[string]string{"arrays": "[", "objects": `{"a":`, "bare names": "{a:", "comments": "/**/[", "mixed": `[{"` + strings.Repeat("a", 1000) + `":`} {
		_, err := ReadJSON(strings.Repeat(open, 1_000_000/len(open)))
		if err == nil || !strings.Contains(err.Error(), "MaxDepth of 128") || len(err.Error()) > 1000 {
			t.Errorf("%s: %.200v", name, err)
		}
	}
	if _, err := ParseStored(nestedText(storedDepth, "1")); err != nil {
		t.Error(err)
	}
	if _, err := ParseStored(nestedText(storedDepth+2, "1")); err == nil {
		t.Error("stored text may nest without bound")
	}
}

func TestLongTokens(t *testing.T) {
	const long = 4_000_000
	digits := strings.Repeat("7", long)
	for text, want := range map[string]string{
		digits: "too large to parse", "-" + digits: "too large to parse", "[0" + digits + "]": "not a valid number", "0x" + digits: "not a valid number",
		digits + "." + digits: `"Infinity"`, "0." + digits: "0.7777777777777778", "1e" + digits: `"Infinity"`, "1e-" + digits: "0.0",
		digits + "x": "not a valid number", "'" + digits: "Unterminated string", "/*" + digits: "parsing comment", "{" + digits: "unquoted property name",
		`{"` + digits + `":x}`: "…",
	} {
		v, err := ReadJSON(text)
		got := string(v.JSON())
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || len(got) > 1000 {
			t.Errorf("%.20s… of %d bytes gives %.100s…", text, len(text), got)
		}
	}
}

func TestLongStrings(t *testing.T) {
	for name, part := range map[string]string{
		"plain": "abcdefgh", "escapes": `\n`, "escapes far apart": strings.Repeat("x", 50) + `\"`, "unicode escapes": `\u00e9`, "slashes": `\/`,
		"not ASCII": "é€😀", "not UTF-8": "\xff", "zeros": `\u0000`,
	} {
		text := `["` + strings.Repeat(part, 8_000_000/len(part)) + `",1]`
		v, err := ParseJSON(text)
		if err != nil {
			t.Fatal(name, err)
		}
		s, _ := v.Index(0).AsString()
		if again := mustParse(t, string(String(s).JSON())); !Equal(again, String(s)) {
			t.Errorf("%s: written and read it is another string", name)
		}
	}
}

func TestSizeOfResultsIsBounded(t *testing.T) {
	half := String(strings.Repeat("x", MaxSize/2))
	for _, text := range []string{
		`["@item()","@item()","@item()","@item()","@item()"]`, `"@createArray(item(), item(), item())"`, `{"a":"@item()","b":"@item()","c":"@{item()}","d":["@item()","@item()"]}`,
	} {
		tmpl, _ := Workflow().Compile(mustParse(t, text))
		var failure *Error
		if _, err := tmpl.Eval(itemEnv{half}); !errors.As(err, &failure) || failure.Kind != LimitError {
			t.Errorf("%s gives %v", text, err)
		}
	}
}

// TestManyGoroutinesLookIntoOneValue is for the race detector.
func TestManyGoroutinesLookIntoOneValue(t *testing.T) {
	v := mustParse(t, `{"rows":[`+strings.Repeat(orderBody+",", 50)+`0],"wide":`+manyMembers(50, func(i int) string { return fmt.Sprint("n", i) })+"}")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			rows, _ := v.Get("ROWS")
			wide, _ := v.Get("wide")
			if n, _ := wide.Get("N7"); rows.Index(49).Len() != 5 || n.num != 7 || v.Size() != int64(len(v.JSON())) {
				t.Error("another value")
			}
		})
	}
	group.Wait()
}

// TestMessagesAreShort: an error shows the beginning of a long value, whatever the
// function and the argument. The message of fail() is the author's own.
func TestMessagesAreShort(t *testing.T) {
	object := mustParse(t, manyMembers(10_000, func(i int) string { return fmt.Sprint("name", i) }))
	env := lookupEnv(func(string, []Value) (Value, error) { return object, nil })
	check := func(d *Dialect, text string) {
		tmpl, problems := d.CompileString(text)
		for _, p := range problems {
			if len(p.Message) > longestNames+2*longestShown {
				t.Errorf("%.90s: a message of %d bytes: %.200s", text, len(p.Message), p.Message)
			}
		}
		if tmpl == nil {
			return
		}
		if _, err := tmpl.Eval(env); err != nil && len(err.Error()) > longestNames+2*longestShown {
			t.Errorf("%.90s: a message of %d bytes: %.200s", text, len(err.Error()), err)
		}
	}
	for _, text := range append(misfits(Workflow(), "item()"),
		"item().none", "item()[string(item())]", "item()['a']['b']", "string(item())['a']", "createArray(1)[string(item())]", "null[string(item())]") {
		check(Workflow(), "@"+text)
	}
	for _, text := range append(misfits(ResourceTemplate(), "variables('x')"),
		"variables('x').none", "variables('x')[string(variables('x'))]", "variables('x')[variables('x')]", "string(variables('x'))[string(variables('x'))]") {
		check(ResourceTemplate(), "["+text+"]")
	}
	check(Workflow(), "@{"+strings.Repeat("x", 100_000))
}

// misfits are calls of every function with arguments most of which it refuses.
func misfits(d *Dialect, large string) (texts []string) {
	args := []string{large, "'a'", "1", "string(" + large + ")", "createArray(" + large + ")", "json('[[1]]')"}
	for _, f := range d.Functions() {
		if f.Contextual || f.Name == "fail" {
			continue
		}
		for _, a := range args {
			texts = append(texts, f.Name+"("+a+")")
			for _, b := range args {
				texts = append(texts, f.Name+"("+a+", "+b+")", f.Name+"('2020-01-01', "+a+", "+b+")")
			}
		}
	}
	return texts
}
