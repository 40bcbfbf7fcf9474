package search

import (
	"strings"
	"unicode/utf8"

	"isle/internal/store"
)

const (
	maxQuery  = 1 << 10 // bytes
	maxWords  = 16
	minPrefix = 2 // characters
)

// Parse reads what is looked for: words, all of which a run must hold, and beginnings of
// words, each with * behind it. A problem is told in words that follow the text; "" is
// none.
func Parse(text string) (all [][]store.TermQuery, problem string) {
	if len(text) > maxQuery {
		return nil, "it is longer than 1 KB"
	}
	if !utf8.ValidString(text) {
		return nil, "it is not UTF-8"
	}
	for _, piece := range strings.Fields(text) {
		rest, prefix := strings.CutSuffix(piece, "*")
		if strings.Contains(rest, "*") {
			return nil, "'*' may only stand at the end of a word: '" + piece + "'"
		}
		var list []string
		words(rest, func(word string) bool {
			list = append(list, word)
			return true
		})
		if len(list) == 0 {
			return nil, "there is no letter or digit in '" + piece + "'"
		}
		for i, word := range list {
			q := store.TermQuery{Term: store.Term{Kind: store.TermWord, Text: word}, Prefix: prefix && i == len(list)-1}
			if q.Prefix { // "A-*" begins with the dash, too
				q.Text += rest[len(strings.TrimRight(rest, connectors)):]
				word = q.Text
			}
			if q.Prefix && utf8.RuneCountInString(word) < minPrefix {
				return nil, "before '*' at least two characters are needed: '" + piece + "'"
			}
			all = append(all, []store.TermQuery{q})
		}
	}
	if len(all) == 0 {
		return nil, "it is empty: give words, such as A-1001 or contoso*"
	}
	if len(all) > maxWords {
		return nil, "it has more than 16 words"
	}
	return all, ""
}

// Tracked looks for a tracked property by its value, or by the beginning of it.
func Tracked(name, value string, prefix bool) []store.TermQuery {
	return one(store.TermTracked, trackedText(name, value), prefix)
}

// Failure looks for the error code of an action.
func Failure(code string, prefix bool) []store.TermQuery {
	return one(store.TermFailure, strings.ToLower(code), prefix)
}

// Head narrows by what the head of a run says: any of the values of each kind.
func Head(kind store.TermKind, values ...string) []store.TermQuery {
	var list []store.TermQuery
	for _, v := range values {
		switch kind {
		case store.TermStatus, store.TermError:
			v = strings.ToLower(v)
		case store.TermTracking:
			v = fold(v)
		}
		list = append(list, store.TermQuery{Term: store.Term{Kind: kind, Text: v}})
	}
	return list
}

func one(kind store.TermKind, text string, prefix bool) []store.TermQuery {
	return []store.TermQuery{{Term: store.Term{Kind: kind, Text: text}, Prefix: prefix}}
}
