package expr

import (
	"strings"
	"sync"
)

// culture is what a language and region contribute to printing and reading dates
// and numbers, in the form of .NET's DateTimeFormatInfo and NumberFormatInfo.
type culture struct {
	name                string
	months, shortMonths [12]string
	// months beside a day of the month; nil if the same
	genitive, shortGenitive *[12]string
	days, shortDays         [7]string // from Sunday
	am, pm, era             string

	dateSeparator, timeSeparator string
	// custom formats
	shortDate, longDate, shortTime, longTime, monthDay, yearMonth string

	decimalSeparator, groupSeparator, negativeSign string
	groupSizes                                     []int // from the point outward; the last repeats
	currencySymbol                                 string
	currencyDigits                                 int
	// Patterns with n for the number and $ for the symbol, % likewise.
	currencyPositive, currencyNegative string
	percentPositive, percentNegative   string
	infinity                           string

	words func() *dateWords // made when first asked for
}

// cultures returns all cultures by name in lower case.
var cultures = sync.OnceValue(func() map[string]*culture {
	all := map[string]*culture{}
	for _, c := range cultureList() {
		c.words = sync.OnceValue(func() *dateWords { return newDateWords(c) })
		all[strings.ToLower(c.name)] = c
		language, _, _ := strings.Cut(c.name, "-")
		if _, taken := all[strings.ToLower(language)]; !taken {
			all[strings.ToLower(language)] = c // the first region of a language is its default
		}
	}
	return all
})

// findCulture finds a culture by name, ignoring case; nil if there is none.
func findCulture(name string) *culture { return cultures()[strings.ToLower(name)] }

// defaultCulture is that of functions whose caller named none.
func defaultCulture() *culture { return findCulture("en-us") }

func invariantCulture() *culture { return cultures()[""] }
