package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// words calls yield for each word of a text, folded: what is joined by connectors as one.
// It ends when yield returns false.
func words(text string, yield func(word string) bool) {
	start := -1
	for i := 0; i <= len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		if i < len(text) && !alone(c) && (isPart(c) || isConnector(c)) {
			if start < 0 {
				start = i
			}
			i += size
			continue
		}
		if start >= 0 {
			if word := strings.Trim(text[start:i], connectors); word != "" && !yield(fold(word)) {
				return
			}
			start = -1
		}
		if i == len(text) {
			return
		}
		if alone(c) && !yield(fold(text[i:i+size])) {
			return
		}
		i += size
	}
}

const connectors = "-_.@+'"

func isConnector(c rune) bool {
	return c < utf8.RuneSelf && strings.IndexByte(connectors, byte(c)) >= 0
}

func isPart(c rune) bool {
	if c < utf8.RuneSelf {
		return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z'
	}
	return c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c))
}

// alone tells the characters that are words by themselves, of scripts without spaces.
func alone(c rune) bool {
	return c >= 0x2E80 && unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// fold makes spellings of a word equal that differ in letter case or composition.
func fold(word string) string {
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf {
			return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(word)))
		}
	}
	return strings.ToLower(word)
}

// maxParts is how long a word is taken apart, in bytes: what is longer is no name.
const maxParts = 256

// parts calls yield for a word and for what else it is found by.
func parts(word string, yield func(string)) {
	yield(word)
	if len(word) > maxParts {
		return
	}
	for from := 0; ; {
		n := strings.IndexAny(word[from:], connectors)
		if n < 0 {
			if from > 0 {
				yield(word[from:])
			}
			return
		}
		if n > 0 {
			yield(word[from : from+n])
		}
		if next := from + n + 1; n > 0 && (word[from+n] == '.' || word[from+n] == '@') && strings.ContainsAny(word[next:], connectors) {
			yield(word[next:])
		}
		from += n + 1
	}
}
