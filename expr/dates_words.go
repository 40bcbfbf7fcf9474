package expr

// The words and signs of timestamps in free form: those of a culture, the English
// ones, and what every culture has. A word means one thing as a part of a timestamp
// and may mean another as the separator behind a number: AM is both, a slash only
// the latter.

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wordKind is what a word or sign stands for.
type wordKind uint8

const (
	unknownWord wordKind = iota
	skippedWord          // commas, points, the words of the culture's own formats
	halfWord             // AM is 0, PM is 1
	monthWord            // from 1
	weekdayWord          // from 0
	eraWord
	zoneWord // GMT and Z

	dateSign
	dateOrZoneSign // a hyphen
	timeSign
	halfSign
	localTimeSign  // T
	dateSuffixSign // 年 and its like; the values are suffixYear and so on
	timeSuffixSign
)

// What the number before a suffix is.
const (
	suffixYear = iota
	suffixMonth
	suffixDay
	suffixHour
	suffixMinute
	suffixSecond
)

// dateWord is a word or sign with what it stands for.
type dateWord struct {
	text  string
	kind  wordKind
	value int
}

// dateWords finds words by their first letter in lower case, longer ones first.
type dateWords struct {
	parts, separators map[rune][]dateWord
}

// newDateWords gathers the words of a culture. Of equal ones the first counts.
func newDateWords(c *culture) *dateWords {
	w := &dateWords{map[rune][]dateWord{}, map[rune][]dateWord{}}
	w.signs(c)
	w.names(c)
	if c.name != "" {
		w.names(invariant())
	}
	separator(w, "T", localTimeSign, 0)
	part(w, "GMT", zoneWord, 0)
	part(w, "Z", zoneWord, 0)
	part(w, "AD", eraWord, 1)
	separator(w, "/", dateSign, 0)
	separator(w, ":", timeSign, 0)
	for _, list := range []map[rune][]dateWord{w.parts, w.separators} {
		for _, words := range list {
			slices.SortStableFunc(words, func(a, b dateWord) int { return len(b.text) - len(a.text) })
		}
	}
	return w
}

func (w *dateWords) signs(c *culture) {
	timeSeparator := strings.TrimSpace(c.timeSeparator)
	for _, ignored := range []string{",", "."} {
		if ignored != timeSeparator {
			part(w, ignored, skippedWord, 0)
		}
	}
	separator(w, timeSeparator, timeSign, 0)
	for i, name := range []string{c.am, c.pm} {
		part(w, name, halfWord, i)
		separator(w, name, halfSign, i)
	}
	for suffix, signs := range []string{suffixYear: "年년", suffixMonth: "月월", suffixDay: "日일"} {
		for _, sign := range signs {
			separator(w, string(sign), dateSuffixSign, suffix)
		}
	}
	for suffix, signs := range []string{suffixHour: "時时시", suffixMinute: "分분", suffixSecond: "秒초"} {
		for _, sign := range signs {
			separator(w, string(sign), timeSuffixSign, suffix)
		}
	}
	separator(w, "-", dateOrZoneSign, 0)
	for _, word := range c.formatWords() {
		part(w, word, skippedWord, 0)
	}
	if sign := strings.TrimSpace(c.dateSeparator); !strings.HasSuffix(c.shortDate, sign) {
		separator(w, sign, dateSign, 0) // where it also ends a date it separates nothing
	}
}

func (w *dateWords) names(c *culture) {
	for _, list := range []*[12]string{&c.months, &c.shortMonths, c.genitive, c.shortGenitive} {
		if list == nil {
			continue
		}
		for i, name := range list {
			part(w, name, monthWord, i+1)
		}
	}
	for _, list := range []*[7]string{&c.days, &c.shortDays} {
		for i, name := range list {
			part(w, name, weekdayWord, i)
		}
	}
	part(w, c.era, eraWord, 1)
	for i, name := range []string{c.am, c.pm} {
		part(w, name, halfWord, i)
		separator(w, name, halfSign, i)
	}
}

func part(w *dateWords, text string, kind wordKind, value int) {
	addWord(w.parts, dateWord{strings.TrimSpace(text), kind, value})
}
func separator(w *dateWords, text string, kind wordKind, value int) {
	addWord(w.separators, dateWord{strings.TrimSpace(text), kind, value})
}

func addWord(words map[rune][]dateWord, word dateWord) {
	if word.text == "" {
		return
	}
	r, _ := utf8.DecodeRuneInString(word.text)
	first := unicode.ToLower(r)
	same := func(other dateWord) bool { return strings.EqualFold(other.text, word.text) }
	if !slices.ContainsFunc(words[first], same) {
		words[first] = append(words[first], word)
	}
}

// find returns the longest word that s begins with, and its size in s. A word that
// begins with a letter must not be followed by one; behind 日 and its like a weekday
// may stand without a space.
func find(words map[rune][]dateWord, s string) (dateWord, int) {
	r, _ := utf8.DecodeRuneInString(s)
	for _, word := range words[unicode.ToLower(r)] {
		size, ok := foldPrefix(s, word.text)
		if !ok {
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[size:])
		if suffix := word.kind == dateSuffixSign || word.kind == timeSuffixSign; suffix || !unicode.IsLetter(r) || !unicode.IsLetter(next) {
			return word, size
		}
	}
	return dateWord{}, 0
}

// foldPrefix reports whether s begins with prefix in any case, and with how many of
// its bytes.
func foldPrefix(s, prefix string) (int, bool) {
	at := 0
	for _, want := range prefix {
		got, size := utf8.DecodeRuneInString(s[at:])
		if size == 0 || got != want && unicode.ToLower(got) != unicode.ToLower(want) && unicode.ToUpper(got) != unicode.ToUpper(want) {
			return 0, false
		}
		at += size
	}
	return at, true
}

// formatWords returns the words that stand quoted in the formats of the culture,
// such as de in Spanish, with and without a point behind.
func (c *culture) formatWords() []string {
	var words []string
	for _, format := range []string{c.longDate, c.shortDate, c.yearMonth, c.monthDay, c.shortTime, c.longTime} {
		for i, quoted := range strings.Split(format, "'") {
			if i%2 == 0 {
				continue
			}
			for _, word := range strings.Fields(quoted) {
				if word == "/" || word == "-" || strings.TrimSuffix(word, ".") == "" {
					continue
				}
				words = append(words, word, strings.TrimSuffix(word, "."))
			}
		}
	}
	return words
}
