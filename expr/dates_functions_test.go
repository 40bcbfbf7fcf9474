package expr

import (
	"strings"
	"testing"
	"time"
)

// frozen is an environment whose clock stands still.
type frozen struct{}

func (frozen) Lookup(name string, _ []Value) (Value, error) { return Value{}, NotExpected(name) }
func (frozen) Now() time.Time                               { return time.Date(2026, 3, 5, 14, 7, 9, 123456700, time.UTC) }
func (frozen) Random() uint64                               { return 4 }

func evaluateFrozen(t *testing.T, expression string) (Value, error) {
	t.Helper()
	template, problems := Workflow().Compile(String(expression))
	if len(problems) > 0 {
		t.Fatalf("%s: %v", expression, problems)
	}
	return template.Eval(frozen{})
}

func TestDateFunctionsFailInTheServicesWords(t *testing.T) {
	for expression, want := range map[string]string{
		"@addDays('garbage', 1)":      "In function 'addDays', the value provided for date time string 'garbage' was not valid. The datetime string must match ISO 8601 format.",
		"@formatDateTime('')":         "In function 'formatDateTime', the value provided for date time string '' was not valid. The datetime string must match ISO 8601 format.",
		"@formatDateTime(null)":       "The template language function 'formatDateTime' expects its first parameter to be of type string. The provided value is of type 'Null'.",
		"@addDays('2026-01-01', '1')": "The template language function 'addDays' expects its second parameter to be an integer. The provided value is of type 'String'.",
		"@addDays('2026-01-01', 1.5)": "expects its second parameter to be an integer. The provided value is of type 'Float'.",
		"@convertToUtc('2026-01-15T10:30:00Z', 'W. Europe Standard Time')": "The template language function 'convertToUtc' expects its second parameter to be a time zone matching the time zone indicated by the timestamp. The provided value 'W. Europe Standard Time' does not match.",
		"@convertFromUtc('2026-01-15T10:30:00Z', 'No Such Time')":          "In the template language function 'convertFromUtc', the value provided for the time zone id 'No Such Time' was not valid.",
		"@convertTimeZone('2026-01-15T10:30:00Z', 'UTC', 'Europe/Berlin')": "In the template language function 'convertTimeZone', the value provided for the time zone id 'Europe/Berlin' was not valid.",
		"@convertToUtc('2024-03-31T02:30:00', 'W. Europe Standard Time')":  "does not exist in the time zone",
		"@addDays('9999-12-31', 1)":                                        "outside the years 1 to 9999",
		"@addToTime('2026-01-01', -9223372036854775808, 'Day')":            "outside the years 1 to 9999",
		"@subtractFromTime('2026-01-01', -9223372036854775808, 'Month')":   "outside the years 1 to 9999",
		"@addToTime('2026-01-01', 1, 'Fortnight')":                         "time unit 'Fortnight' was not valid",
		"@formatDateTime('2026-01-01', 'q')":                               "format string 'q' was not valid",
		"@formatDateTime('2026-01-01', 'd', 'xx-XX')":                      "locale string 'xx-XX' was not valid",
		"@formatNumber(1.5, 'D')":                                          "format string 'D' was not valid",
		"@formatNumber('1', 'D')":                                          "expects its first parameter to be an integer, a float or a decimal number",
		"@formatNumber(1, 'F2', 'xx')":                                     "locale string 'xx' was not valid",
		"@formatTimeSpan('x', 'c')":                                        "time span string 'x' was not valid",
		"@uriHost('not a uri')":                                            "In function 'uriHost', the value provided for URI string 'not a uri' was not valid.",
	} {
		v, err := evaluateFrozen(t, expression)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s %v, want %s", expression, v.JSON(), err, want)
		}
	}
}

// Long values are bounded: what a format prints, and what a message quotes.
func TestLongFormatsAndValuesAreRefused(t *testing.T) {
	long := strings.Repeat("d", 20_000)
	for _, expression := range []string{
		"@formatDateTime('2026-01-01', variables('long'))", "@utcNow(variables('long'))", "@parseDateTime('1', 'en-US', variables('long'))", "@formatDateTime(variables('long'))",
		"@formatNumber(1, variables('long'))", "@formatTimeSpan('1', variables('long'))", "@formatNumber(1, 'N', variables('long'))", "@convertFromUtc('2026-01-01', variables('long'))", "@getPastTime(1, variables('long'))",
	} {
		template, problems := Workflow().Compile(String(expression))
		if len(problems) > 0 {
			t.Fatalf("%s: %v", expression, problems)
		}
		_, err := template.Eval(longVariable{frozen{}, long})
		if err == nil || len(err.Error()) > 2*longestShown {
			t.Errorf("%s: %.100v", expression, err)
		}
	}
}

// longVariable is an environment with one variable.
type longVariable struct {
	frozen
	value string
}

func (e longVariable) Lookup(string, []Value) (Value, error) { return String(e.value), nil }

func TestDateFunctions(t *testing.T) {
	for expression, want := range map[string]string{
		"@convertFromUtc('0001-01-01T00:00:00Z', 'Pacific Standard Time')":               `"0001-01-01T00:00:00.0000000"`,
		"@convertFromUtc('9999-12-31T23:59:59Z', 'Tokyo Standard Time')":                 `"9999-12-31T23:59:59.9999999"`,
		"@convertToUtc('0001-01-01', 'Tokyo Standard Time')":                             `"0001-01-01T00:00:00.0000000Z"`,
		"@convertToUtc('9999-12-31T23:59:59', 'Pacific Standard Time')":                  `"9999-12-31T23:59:59.9999999Z"`,
		"@convertTimeZone('0001-01-01', 'Pacific Standard Time', 'Tokyo Standard Time')": `"0001-01-01T17:00:00.0000000"`,
		"@convertTimeZone('0001-01-01', 'Tokyo Standard Time', 'Pacific Standard Time')": `"0001-01-01T00:00:00.0000000"`,
		"@utcNow()":                                                                        `"2026-03-05T14:07:09.1234567Z"`,
		"@utcNow('yyyyMMdd')":                                                              `"20260305"`,
		"@getFutureTime(2, 'hours')":                                                       `"2026-03-05T16:07:09.1234567Z"`,
		"@getPastTime(1, 'Month', 'd')":                                                    `"2/5/2026"`,
		"@startOfMonth('2024-02-29T10:11:12.5')":                                           `"2024-02-01T00:00:00.0000000"`,
		"@startOfHour('2024-02-29 10:11 +02:00')":                                          `"2024-02-29T08:00:00.0000000+00:00"`,
		"@addDays('2024-02-28T00:00:00Z', 1, null)":                                        `"2024-02-29T00:00:00.0000000Z"`,
		"@convertFromUtc('2026-01-15T10:30:00', 'w. europe standard time')":                `"2026-01-15T11:30:00.0000000"`,
		"@convertToUtc('2026-01-15T11:30:00+01:00', 'Tokyo Standard Time')":                `"2026-01-15T10:30:00.0000000Z"`,
		"@convertTimeZone('2024-10-27T02:30:00','W. Europe Standard Time','UTC')":          `"2024-10-27T01:30:00.0000000Z"`,
		"@convertTimeZone('2026-01-15T10:30:00Z','UTC','Tokyo Standard Time','HH:mm zzz')": `"19:30 +00:00"`,
		"@dateDifference('2026-01-15T11:00:00Z', '2026-01-15T10:00:00Z')":                  `"-01:00:00"`,
		"@ticks('0001-01-01')":                                                             `0`,
		"@parseDateTime('5 mars 2026', 'fr')":                                              `"2026-03-05T00:00:00.0000000"`,
		"@formatTimeSpan('1.02:03:04', 'g')":                                               `"1:2:03:04"`,
		"@uriPort('http://h:81')":                                                          `81`,
		"@uriQuery('http://h')":                                                            `""`,
	} {
		v, err := evaluateFrozen(t, expression)
		if got := string(v.JSON()); err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", expression, got, err, want)
		}
	}
}

func BenchmarkFormatDateTime(b *testing.B) {
	c := defaultCulture()
	for b.Loop() {
		d, _ := parseISO("2026-03-05T14:07:09.1234567Z")
		d.format("yyyy-MM-dd HH:mm:ss", c)
	}
}
