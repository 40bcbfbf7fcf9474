package expr

import (
	_ "embed"
	"strconv"
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
	years                   int // that its calendar is ahead

	dateSeparator, timeSeparator string
	// custom formats
	shortDate, longDate, shortTime, longTime, monthDay, yearMonth string

	decimalSeparator, groupSeparator, negativeSign string
	currencyDecimal, currencyGroup                 string // derived, as the separators of dates and longTime are
	groupSizes                                     []int  // from the point outward; the last repeats
	currencySymbol                                 string
	currencyDigits                                 int
	// Patterns with n for the number and $ for the symbol, % likewise.
	currencyPositive, currencyNegative string
	percentPositive, percentNegative   string
	percent, perMille                  string
	infinity, nan                      string

	// As the table has them: "=" follows from other fields.
	ownLongTime, ownCurrencyDecimal, ownCurrencyGroup string

	words func() *dateWords // made when first asked for
}

// cultureTable lists the cultures. A block begins with the names of one, the first its
// own, and "<" before the one it is like; each indented line is a key and a value, and
// replaces that of the culture it is like, else of "en". Lists have "|" between their
// members; "=" stands for nothing of its own.
//
//go:embed cultures.txt
var cultureTable string

// cultureBlocks returns the cultures by name in lower case; each is read when first
// asked for.
var cultureBlocks = sync.OnceValue(func() map[string]func() *culture {
	blocks := map[string]func() *culture{"": invariantCulture}
	head, lines := "", []string(nil)
	for line := range strings.Lines(cultureTable + "end\n") {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " "):
			lines = append(lines, line[1:])
		default:
			addBlock(blocks, head, lines)
			head, lines = line, nil
		}
	}
	return blocks
})

func addBlock(blocks map[string]func() *culture, head string, lines []string) {
	list, like, _ := strings.Cut(head, " < ")
	names := strings.Fields(list)
	if len(names) == 0 {
		return
	}
	if like == "" && names[0] != "en" {
		like = "en"
	}
	read := sync.OnceValue(func() *culture { return readCulture(names[0], blocks[strings.ToLower(like)], lines) })
	for _, name := range names {
		blocks[strings.ToLower(name)] = read
	}
}

// readCulture reads the lines of a culture that is like another one.
func readCulture(name string, like func() *culture, lines []string) *culture {
	c := *invariant()
	if like != nil {
		c = *like()
	}
	c.name = name
	for _, line := range lines {
		key, value, _ := strings.Cut(line, " ")
		c.set(key, value)
	}
	c.derive()
	return &c
}

// set stores a value of the table.
func (c *culture) set(key, value string) {
	if text := c.text(key); text != nil {
		*text = value
		return
	}
	switch first, second, _ := strings.Cut(value, "|"); key {
	case "months":
		copy(c.months[:], strings.Split(value, "|"))
	case "shortMonths":
		copy(c.shortMonths[:], strings.Split(value, "|"))
	case "genitive":
		c.genitive = optionalMonths(value)
	case "shortGenitive":
		c.shortGenitive = optionalMonths(value)
	case "days":
		copy(c.days[:], strings.Split(value, "|"))
	case "shortDays":
		copy(c.shortDays[:], strings.Split(value, "|"))
	case "years":
		c.years, _ = strconv.Atoi(value)
	case "currencyDigits":
		c.currencyDigits, _ = strconv.Atoi(value)
	case "currencyPattern":
		c.currencyPositive, c.currencyNegative = first, second
	case "percentPattern":
		c.percentPositive, c.percentNegative = first, second
	case "groups":
		c.groupSizes = nil
		for size := range strings.FieldsSeq(value) {
			n, _ := strconv.Atoi(size)
			c.groupSizes = append(c.groupSizes, n)
		}
	}
}

// text returns the field of a key whose value is a text.
func (c *culture) text(key string) *string {
	return map[string]*string{
		"am": &c.am, "pm": &c.pm, "era": &c.era,
		"shortDate": &c.shortDate, "longDate": &c.longDate, "shortTime": &c.shortTime, "longTime": &c.ownLongTime,
		"monthDay": &c.monthDay, "yearMonth": &c.yearMonth,
		"decimal": &c.decimalSeparator, "group": &c.groupSeparator, "minus": &c.negativeSign,
		"currencyDecimal": &c.ownCurrencyDecimal, "currencyGroup": &c.ownCurrencyGroup, "currency": &c.currencySymbol,
		"percent": &c.percent, "perMille": &c.perMille, "infinity": &c.infinity, "nan": &c.nan,
	}[key]
}

func optionalMonths(value string) *[12]string {
	if value == "=" {
		return nil
	}
	var months [12]string
	copy(months[:], strings.Split(value, "|"))
	return &months
}

// derive fills in what follows from the other fields.
func (c *culture) derive() {
	if c.longTime = c.ownLongTime; c.longTime == "=" {
		before, after, _ := strings.Cut(c.shortTime, "mm")
		c.longTime = before + "mm" + formatSeparator(c.shortTime, "Hhm") + "ss" + after
	}
	if c.currencyDecimal = c.ownCurrencyDecimal; c.currencyDecimal == "=" {
		c.currencyDecimal = c.decimalSeparator
	}
	if c.currencyGroup = c.ownCurrencyGroup; c.currencyGroup == "=" {
		c.currencyGroup = c.groupSeparator
	}
	c.dateSeparator = formatSeparator(c.shortDate, "dyM")
	c.timeSeparator = formatSeparator(c.longTime, "Hhms")
	c.words = sync.OnceValue(func() *dateWords { return newDateWords(c) })
}

// formatSeparator returns what stands between the first two parts of a custom format.
func formatSeparator(format, letters string) string {
	var between separatorFinder
	between.letters = letters
	scanDateFormat(format, &between)
	return between.text
}

type separatorFinder struct {
	letters, text string
	parts         int
}

func (f *separatorFinder) literal(text string) bool {
	if f.parts == 1 {
		f.text += text
	}
	return true
}

func (f *separatorFinder) specifier(letter byte, count, _ int) bool {
	switch {
	case letter == ':' || letter == '/':
		return f.literal(string(letter))
	case strings.IndexByte(f.letters, letter) >= 0:
		f.parts++
	}
	return f.parts < 2
}

// findCulture finds a culture by name, ignoring case; nil if there is none.
func findCulture(name string) *culture {
	read := cultureBlocks()[strings.ToLower(name)]
	if read == nil {
		return nil
	}
	return read()
}

// defaultCulture is that of functions whose caller named none.
var defaultCulture = sync.OnceValue(func() *culture { return findCulture("en-us") })

var invariantCulture = sync.OnceValue(func() *culture {
	c := invariant()
	c.derive()
	return c
})

func invariant() *culture {
	return &culture{
		months:      [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		shortMonths: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		days:        [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		shortDays:   [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		am:          "AM", pm: "PM", era: "A.D.",
		shortDate: "MM/dd/yyyy", longDate: "dddd, dd MMMM yyyy", shortTime: "HH:mm", ownLongTime: "=",
		monthDay: "MMMM dd", yearMonth: "yyyy MMMM",
		decimalSeparator: ".", groupSeparator: ",", negativeSign: "-", groupSizes: []int{3}, ownCurrencyDecimal: "=", ownCurrencyGroup: "=",
		currencySymbol: "¤", currencyDigits: 2, currencyPositive: "$n", currencyNegative: "($n)",
		percentPositive: "n %", percentNegative: "-n %", percent: "%", perMille: "‰", infinity: "Infinity", nan: "NaN",
	}
}
