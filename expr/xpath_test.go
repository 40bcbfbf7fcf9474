package expr

import (
	"fmt"
	"strings"
	"testing"
)

func FuzzXPath(f *testing.F) {
	for _, seed := range []string{
		`//a[@x = 1 or position() = last()]/..//text()`, `count(//*|/a/namespace::*) div -2.5`, `id('x')/a["y"][2]`,
		`substring(concat(.,'a'), 0 div 0, 2)`, `preceding::node()[lang('en')]/following-sibling::*[1]`, `((((//*))))[.//@*]`,
	} {
		f.Add(seed)
	}
	doc := mustXML(f, `<?p q?><a x="1" xmlns:p="u"><b>t<![CDATA[u]]></b><p:c xml:lang="en"/><!--k--><a><b>2</b></a></a>`)
	f.Fuzz(func(t *testing.T, path string) {
		first, err := selectXPath(doc, path, xpathBudget)
		second, again := selectXPath(doc, path, xpathBudget)
		if (err == nil) != (again == nil) || err == nil && string(first.JSON()) != string(second.JSON()) {
			t.Fatalf("%q gives %v %v, then %v %v", path, first, err, second, again)
		}
	})
}

func mustXML(t testing.TB, text string) *xmlNode {
	t.Helper()
	doc, err := parseXML(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// wideXML is a document of about 50,000 elements, ten deep.
func wideXML() string {
	var b strings.Builder
	b.WriteString("<r>")
	for i := range 5000 {
		b.WriteString(strings.Repeat("<a>", 9) + fmt.Sprint(i) + strings.Repeat("</a>", 9) + "<b/>")
	}
	return b.String() + "</r>"
}

// A step from many nodes leaves out those that add nothing; with a predicate it does
// not, and both must come to the same nodes.
func TestXPathStepsTwoWays(t *testing.T) {
	doc := mustXML(t, `<!--0--><r xmlns:p="u"><a i="1">x<a j="2"><b/>y<![CDATA[z]]><?q?></a><p:c k="3"/></a><b><a/><!--w--><b l="4">v<a m="5"/></b></b>u</r><?end?>`)
	axes := []string{"child", "ancestor", "ancestor-or-self", "attribute", "descendant", "descendant-or-self", "following",
		"following-sibling", "namespace", "parent", "preceding", "preceding-sibling", "self"}
	for _, start := range []string{"//node()", "//*", "//a", "//@*", "//namespace::*", "//text() | //@*", "/", "//node() | //@* | //namespace::*"} {
		for _, first := range axes {
			for _, second := range axes {
				fast := fmt.Sprintf("(%s)/%s::node()/%s::node()", start, first, second)
				slow := fmt.Sprintf("(%s)/%s::node()[true()]/%s::node()[true()]", start, first, second)
				a, err := selectXPath(doc, fast, xpathBudget)
				b, again := selectXPath(doc, slow, xpathBudget)
				if err != nil || again != nil || string(a.JSON()) != string(b.JSON()) {
					t.Fatalf("%s\n got %s %v\nwant %s %v", fast, a.JSON(), err, b.JSON(), again)
				}
			}
		}
	}
}

// Steps without predicates are linear, however many nodes they begin at.
func TestXPathLinearSteps(t *testing.T) {
	doc := mustXML(t, wideXML())
	for path, want := range map[string]string{
		"count(//*)":          "50001.0",
		"count(//*//*//*)":    "40000.0",
		"count(//*/..//*/..)": "40002.0",
		"count(//a/ancestor::*/descendant::*/following::*/preceding::*)": "49999.0",
		"count(//*/following-sibling::*/preceding-sibling::*)":           "9999.0",
		"count(//b[. = //a])": "error: it takes too many steps",
		"count(//a[//b])":     "45000.0",
		"count(" + strings.Repeat("//a|", 2000) + "//b)":                                       "error: it takes too many steps",
		"count(//*[count(preceding::*) > 5])":                                                  "error: it takes too many steps",
		"count(//*/preceding::*[1]/following::*[last()])":                                      "error: it takes too many steps",
		"string-length(concat(" + strings.Repeat("/,", 5000) + "/))":                           "error: it takes too many steps",
		"string-length(" + strings.Repeat("concat(/,/,", 500) + "/" + strings.Repeat(")", 501): "error: it takes too many steps",
		strings.Repeat("(", 2000) + "1" + strings.Repeat(")", 2000):                            "error: the path nests too deeply",
		strings.Repeat("//a[", 2000) + "1" + strings.Repeat("]", 2000):                         "error: the path nests too deeply",
		strings.Repeat("1+", 1<<16) + "1":                                                      "65537.0",
		strings.Repeat("1+", 1<<17) + "1":                                                      "error: the path is too long",
		strings.Repeat("-", 100000) + "1":                                                      "1.0",
		"count(/" + strings.Repeat("/*/..", 20000) + ")":                                       "error: it takes too many steps",
	} {
		v, err := selectXPath(doc, path, xpathBudget/10)
		if got := outcome(v, err); got != want {
			t.Errorf("%.80s\n got %s\nwant %s", path, got, want)
		}
	}
}
