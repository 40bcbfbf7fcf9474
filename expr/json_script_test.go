package expr

import (
	"strings"
	"testing"
)

// readAsScripted runs a line of a script that says how a JSON text is read:
//
//	read TEXT       as json() and request bodies do; first as ParseJson does (what
//	                follows the first value is ignored); parse reads strict JSON
//
// In TEXT, ␊ ␍ ␉ ␀ stand for a line feed, carriage return, tab, U+0000. Strict and
// lenient reader must agree where both accept.
func readAsScripted(t *testing.T, verb, arg string) string {
	text := strings.NewReplacer("␊", "\n", "␍", "\r", "␉", "\t", "␀", "\x00").Replace(arg)
	readers := map[string]func(string) (Value, error){"read": ReadJSON[string], "first": ReadFirstJSON[string], "parse": ParseJSON[string]}
	v, err := readers[verb](text)
	if strict, fault := readStrict(text, MaxDepth); fault == nil {
		if slow, err := readLenient(text, MaxDepth, true); err != nil || string(slow.JSON()) != string(strict.JSON()) {
			t.Errorf("%q is %s when read strictly, %s, %v when read leniently", text, strict.JSON(), slow.JSON(), err)
		}
	}
	return outcome(v, err)
}
