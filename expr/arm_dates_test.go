package expr

import (
	"strings"
	"testing"
)

func evaluateTemplateFrozen(t *testing.T, expression string) (Value, error) {
	t.Helper()
	template, problems := ResourceTemplate().Compile(String(expression))
	if len(problems) > 0 {
		t.Fatalf("%s: %v", expression, problems)
	}
	return template.Eval(frozen{})
}

func TestTemplateDates(t *testing.T) {
	for expression, want := range map[string]string{
		// a year is 365 days, a month 30
		"[dateTimeAdd('2023-01-01 00:00:00Z', 'P1Y')]":                      `"2024-01-01T00:00:00Z"`,
		"[dateTimeAdd('2024-01-01 00:00:00Z', 'P1Y')]":                      `"2024-12-31T00:00:00Z"`,
		"[dateTimeAdd('2023-02-01 00:00:00Z', 'P1M')]":                      `"2023-03-03T00:00:00Z"`,
		"[dateTimeAdd('2024-02-01 00:00:00Z', 'P1M')]":                      `"2024-03-02T00:00:00Z"`,
		"[dateTimeAdd('2020-04-07 14:53:14Z', 'P3Y')]":                      `"2023-04-07T14:53:14Z"`,
		"[dateTimeAdd('2020-04-07 14:53:14Z', '-P9D')]":                     `"2020-03-29T14:53:14Z"`,
		"[dateTimeAdd('2020-04-07 14:53:14Z', 'PT1H', 'u')]":                `"2020-04-07 15:53:14Z"`,
		"[dateTimeAdd('2020-04-07 14:53:14Z', 'PT1H', 'M/d/yyyy h:mm tt')]": `"4/7/2020 3:53 PM"`,
		"[dateTimeAdd('2020-04-07', 'P2W')]":                                `"2020-04-21T00:00:00Z"`,
		"[dateTimeAdd('2020-04-07T01:00:00+02:00', 'PT0.25S')]":             `"2020-04-06T23:00:00.25Z"`,
		"[dateTimeAdd('2020-04-07', 'P1Y2M3DT4H5M6S', 'yyyyMMddTHHmmssZ')]": `"20210609T040506Z"`,
		"[dateTimeAdd(utcNow(), 'P1D')]":                                    `"2026-03-06T14:07:09Z"`,
		"[dateTimeToEpoch(dateTimeAdd(utcNow(), 'P1Y'))]":                   `1804255629`,
		"[dateTimeToEpoch('1970-01-01T00:00:00Z')]":                         `0`,
		"[dateTimeToEpoch('1969-12-31T23:59:59.5Z')]":                       `-1`,
		"[dateTimeToEpoch('1970-01-01T02:00:00+02:00')]":                    `0`,
		"[dateTimeFromEpoch(1683040573)]":                                   `"2023-05-02T15:16:13Z"`,
		"[dateTimeFromEpoch(0)]":                                            `"1970-01-01T00:00:00Z"`,
		"[dateTimeFromEpoch(sub(0, 1))]":                                    `"1969-12-31T23:59:59Z"`,
		"[utcNow()]":                                                        `"20260305T140709Z"`,
		"[utcNow('d')]":                                                     `"3/5/2026"`,
		"[utcNow('M d')]":                                                   `"3 5"`,
		"[utcNow('yyyy-MM-ddThhmmssK')]":                                    `"2026-03-05T020709Z"`,
		"[utcNow('yyyy-MM-ddTHH-mm-ss-fffffffK')]":                          `"2026-03-05T14-07-09-1234567Z"`,
		"[utcNow('u')]": `"2026-03-05 14:07:09Z"`,
		"[dateTimeAdd('9999-12-31T23:59:59Z', 'PT0S')]":                       `"9999-12-31T23:59:59Z"`,
		"[dateTimeAdd(dateTimeFromEpoch(86400), '-P1D', 'yyyy-MM-dd HH:mm')]": `"1970-01-01 00:00"`,
	} {
		v, err := evaluateTemplateFrozen(t, expression)
		if got := string(v.JSON()); err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", expression, got, err, want)
		}
	}
}

func TestTemplateDatesRefuse(t *testing.T) {
	for expression, want := range map[string]string{
		"[dateTimeAdd('garbage', 'P1D')]":                       "garbage",
		"[dateTimeAdd('2020-01-01', '1D')]":                     "ISO 8601",
		"[dateTimeAdd('2020-01-01', 'P')]":                      "ISO 8601",
		"[dateTimeAdd('2020-01-01', 'PT')]":                     "ISO 8601",
		"[dateTimeAdd('2020-01-01', 'P1DT')]":                   "ISO 8601",
		"[dateTimeAdd('2020-01-01', 'P1D1Y')]":                  "ISO 8601",
		"[dateTimeAdd('2020-01-01', 'P1.5D')]":                  "ISO 8601",
		"[dateTimeAdd('2020-01-01', 'PT1')]":                    "ISO 8601",
		"[dateTimeAdd('2020-01-01', 'PT1.S')]":                  "ISO 8601",
		"[dateTimeAdd('2020-01-01', 'P99999999999999999999D')]": "ISO 8601",
		"[dateTimeAdd('2020-01-01', 'PT999999999999999S')]":     "ISO 8601",
		"[dateTimeAdd('2020-01-01', 'P4000000DT95999999H')]":    "outside the years 1 to 9999",
		"[dateTimeAdd('9999-12-31', 'P1D')]":                    "outside the years 1 to 9999",
		"[dateTimeAdd('0001-01-01', '-PT1S')]":                  "outside the years 1 to 9999",
		"[dateTimeAdd('2020-01-01', 'P1D', 'q')]":               "format string 'q' was not valid",
		"[dateTimeFromEpoch(999999999999999999)]":               "outside the years 1 to 9999",
		"[dateTimeToEpoch('x')]":                                "'x'",
		"[utcNow('q')]":                                         "format string 'q' was not valid",
	} {
		v, err := evaluateTemplateFrozen(t, expression)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s %v, want %s", expression, v.JSON(), err, want)
		}
	}
}
