package expr

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// today fills in what a text leaves out.
var today = func() dateTime { d, _ := parseISO("2026-03-05T14:07:09.1234567Z"); return d }()

func TestParsesTimestamps(t *testing.T) {
	for _, test := range []struct{ culture, text, want string }{
		// ISO 8601
		{"en-US", "2018-03-15T13:27:36Z", "2018-03-15T13:27:36.0000000Z"},
		{"en-US", "2018-03-15", "2018-03-15T00:00:00.0000000"},
		{"en-US", "2018-03-15T13:27", "2018-03-15T13:27:00.0000000"},
		{"en-US", "2018-03-15 13:27:36.5", "2018-03-15T13:27:36.5000000"},
		{"en-US", "2018-03-15T13:27:36.12345678Z", "2018-03-15T13:27:36.1234568Z"},
		{"en-US", "2018-03-15T23:59:59.99999999", "2018-03-16T00:00:00.0000000"},
		{"en-US", "2026-01-15T12:30:00+02:00", "2026-01-15T10:30:00.0000000+00:00"},
		{"en-US", "2026-01-15T12:30:00-0530", "2026-01-15T18:00:00.0000000+00:00"},
		{"en-US", "2026-01-15T12:30:00 +2", "2026-01-15T10:30:00.0000000+00:00"},
		{"en-US", "2026-01-15T12:30:00+00:00", "2026-01-15T12:30:00.0000000+00:00"},
		{"en-US", "2018-3-5", "2018-03-05T00:00:00.0000000"},
		{"en-US", "2018-03", "2018-03-01T00:00:00.0000000"},
		{"en-US", "0001-01-01T00:00:00", "0001-01-01T00:00:00.0000000"},
		{"en-US", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"},
		{"en-US", "2018-03-15t13:27:36.5z", "2018-03-15T13:27:36.5000000Z"},
		{"en-US", "2018-03-15 T 13 : 27 : 36 Z ", "2018-03-15T13:27:36.0000000Z"},
		{"en-US", "2018-03-15T13:27:36+5:30", "2018-03-15T07:57:36.0000000+00:00"},
		{"en-US", "2018-03-15T13:27:36+05", "2018-03-15T08:27:36.0000000+00:00"},
		{"en-US", "2018-03-15T13:27:36-00:00", "2018-03-15T13:27:36.0000000+00:00"},
		{"en-US", "2018-03-15Z", "2018-03-15T00:00:00.0000000Z"},
		{"en-US", "2018-03-15+02:00", "2018-03-14T22:00:00.0000000+00:00"},
		{"en-US", "2018-03-15-02:00", "2018-03-15T02:00:00.0000000+00:00"},
		{"en-US", "#2018-03-15#", "2018-03-15T00:00:00.0000000"},
		{"en-US", "Mon 2018-03-15T10:00:00", "2018-03-15T10:00:00.0000000"}, // the weekday does not count before ISO 8601
		{"en-US", "0001-01-01T00:00:00+01:00", "0001-01-01T23:00:00.0000000+00:00"},
		// the culture's way
		{"en-US", "03/15/2018", "2018-03-15T00:00:00.0000000"},
		{"en-US", "03/15/2018 12:00:00", "2018-03-15T12:00:00.0000000"},
		{"en-US", " 3/15/2018 1:05:09 PM ", "2018-03-15T13:05:09.0000000"},
		{"en-US", "3/15/2018 12:30 AM", "2018-03-15T00:30:00.0000000"},
		{"en-US", "3/15/18", "2018-03-15T00:00:00.0000000"},
		{"en-US", "3/15/50", "1950-03-15T00:00:00.0000000"},
		{"en-US", "2018/3/15", "2018-03-15T00:00:00.0000000"},
		{"en-US", "3/15", "2026-03-15T00:00:00.0000000"},
		{"en-US", "13:05", "2026-03-05T13:05:00.0000000"},
		{"en-US", "10 PM", "2026-03-05T22:00:00.0000000"},
		{"en-US", "3/15/49", "2049-03-15T00:00:00.0000000"},
		{"en-US", "3-15-2018", "2018-03-15T00:00:00.0000000"},
		{"en-US", "12.31.2018", "2018-12-31T00:00:00.0000000"},
		{"en-US", "0001/2/3", "0001-02-03T00:00:00.0000000"},
		{"en-US", "12/2018", "2018-12-01T00:00:00.0000000"},
		{"en-US", "1/10 5 AM", "2026-01-10T05:00:00.0000000"},
		{"en-US", "3/15/2018 13:00 PM", "2018-03-15T13:00:00.0000000"},
		{"en-US", "PM 3:00 3/4/2018", "2018-03-04T15:00:00.0000000"},
		{"en-US", "10:00 3/15/2018", "2018-03-15T10:00:00.0000000"},
		{"en-US", "3/15/2018\u202f1:05\u202fPM", "2018-03-15T13:05:00.0000000"},
		{"en-US", "3/15/2018, 1:05 pm", "2018-03-15T13:05:00.0000000"},
		{"en-US", "Mar 15 10:00", "2026-03-05T15:10:00.0000000"}, // 15 hours, 10 minutes; the month stands alone
		{"en-GB", "15/03/2018", "2018-03-15T00:00:00.0000000"},
		{"fr-FR", "20/10/2014", "2014-10-20T00:00:00.0000000"},
		{"de-DE", "15.01.2026", "2026-01-15T00:00:00.0000000"},
		{"de-DE", "15.01.2026 08:09", "2026-01-15T08:09:00.0000000"},
		{"ja-JP", "26/01/15", "2026-01-15T00:00:00.0000000"},
		// names
		{"en-US", "Thu, 15 Mar 2018 13:27:36 GMT", "2018-03-15T13:27:36.0000000Z"},
		{"en-US", "Thursday, March 15, 2018 1:27 PM", "2018-03-15T13:27:00.0000000"},
		{"en-US", "15-Mar-2018", "2018-03-15T00:00:00.0000000"},
		{"en-US", "March 2018", "2018-03-01T00:00:00.0000000"},
		{"en-US", "march 15", "2026-03-15T00:00:00.0000000"},
		{"en-US", "15 Mar 18", "2018-03-15T00:00:00.0000000"},
		{"en-US", "March 15, 2018 10:00 +02:00", "2018-03-15T08:00:00.0000000+00:00"},
		{"en-US", "49-december-31", "2049-12-31T00:00:00.0000000"},
		{"en-US", "2018 March 15", "2018-03-15T00:00:00.0000000"},
		{"en-GB", "march 18", "2018-03-01T00:00:00.0000000"}, // the day stands before the month there
		{"da-DK", "05.03.2018 14.07.09", "2018-03-05T14:07:09.0000000"},
		{"ja-JP", "2018年3月15日14時7分9秒", "2018-03-15T14:07:09.0000000"},
		{"ko-KR", "2018년 3월 15일", "2018-03-15T00:00:00.0000000"},
		{"th-TH", "5/3/2569", "2026-03-05T00:00:00.0000000"},
		{"th-TH", "5/3/69", "2026-03-05T00:00:00.0000000"},
		{"th-TH", "2026-03-05T10:00:00", "2026-03-05T10:00:00.0000000"},
		{"de-DE", "15. März 2018", "2018-03-15T00:00:00.0000000"},
		{"fr-FR", "jeudi 15 mars 2018", "2018-03-15T00:00:00.0000000"},
		{"es-ES", "jueves, 15 de marzo de 2018", "2018-03-15T00:00:00.0000000"},
		{"ja-JP", "2018年3月15日", "2018-03-15T00:00:00.0000000"},
	} {
		d, ok := parseDate(test.text, findCulture(test.culture), today)
		if got := string(d.appendRoundTrip(nil)); !ok || got != test.want {
			t.Errorf("%s %q: %s %v, want %s", test.culture, test.text, got, ok, test.want)
		}
	}
}

func TestRefusesWhatIsNoTimestamp(t *testing.T) {
	for _, text := range []string{
		"", " ", "garbage", "2018", "15", "2018-02-29", "2018-13-01", "13/13/2018", "2018-03-15T24:00:00", "2018-03-15T12:60:00",
		"0000-01-01", "10000-01-01", "2018-03-15T12:30:00+15:00", "9999-12-31T23:59:59-01:00",
		"Friday, March 15, 2018", "2018-03-15T", "2018-03-15Tx", "1:2:3:4", "3/15/2018 13:00 AM", "2018-03-15T10:00:00ZZ", "1,2,3,4", "12 May May",
		"--", "Z", "AM", "2018-03-15T10:00:00+", "99999999999999999999999", "12:30:99", "2018-03-15T13:27:36.", "2018-03-15T13:27:36,5", "20180315", "20180315T132736Z", "2018-W11", "2018-074", "2018-03-15T13", "2018-3-5T1:2:3Z", "March99", "15:00 AM", "#2018-03-15", "2018-03-15 10:00 UTC", "2018-03-15T10:00GMT", "3/15/2018, 1:05 P", "2018-03-15 10:00 11:00",
	} {
		if d, ok := parseDate(text, defaultCulture(), today); ok {
			t.Errorf("%q is read as %s", text, d.appendRoundTrip(nil))
		}
	}
}

func TestFormatsTimestamps(t *testing.T) {
	for _, test := range []struct{ culture, format, want string }{
		{"en-US", "d", "3/5/2026"}, {"en-US", "D", "Thursday, March 5, 2026"},
		{"en-US", "f", "Thursday, March 5, 2026 2:07 PM"}, {"en-US", "F", "Thursday, March 5, 2026 2:07:09 PM"},
		{"en-US", "g", "3/5/2026 2:07 PM"}, {"en-US", "G", "3/5/2026 2:07:09 PM"},
		{"en-US", "m", "March 5"}, {"en-US", "M", "March 5"}, {"en-US", "y", "March 2026"}, {"en-US", "Y", "March 2026"},
		{"en-US", "o", "2026-03-05T14:07:09.1234567Z"}, {"en-US", "O", "2026-03-05T14:07:09.1234567Z"}, {"en-US", "", "2026-03-05T14:07:09.1234567Z"},
		{"en-US", "r", "Thu, 05 Mar 2026 14:07:09 GMT"}, {"de-DE", "R", "Thu, 05 Mar 2026 14:07:09 GMT"},
		{"en-US", "s", "2026-03-05T14:07:09"}, {"en-US", "t", "2:07 PM"}, {"en-US", "T", "2:07:09 PM"},
		{"en-US", "u", "2026-03-05 14:07:09Z"}, {"en-US", "U", "Thursday, March 5, 2026 2:07:09 PM"},
		{"en-US", "ddd dddd d dd", "Thu Thursday 5 05"}, {"en-US", "M MM MMM MMMM", "3 03 Mar March"}, {"en-US", "y yy yyy yyyy yyyyy", "26 26 2026 2026 02026"},
		{"en-US", "h hh H HH m mm s ss t tt", "2 02 14 14 7 07 9 09 P PM"}, {"en-US", "f ff fff ffff fffff ffffff fffffff", "1 12 123 1234 12345 123456 1234567"},
		{"en-US", "z zz zzz K", "+0 +00 +00:00 Z"}, {"en-US", "'week' dd", "week 05"}, {"en-US", `"at" HH\h`, "at 14h"},
		{"en-US", "%h", "2"}, {"en-US", "% h", " 2"}, {"en-US", "yyyyMMddTHHmmss", "20260305T140709"}, {"en-US", "yyyy年", "2026年"},
		{"fr-FR", "dddd MMMM d", "jeudi mars 5"}, {"fr-FR", "D", "jeudi 5 mars 2026"}, {"es-ES", "D", "jueves, 5 de marzo de 2026"},
		{"de-DE", "d", "05.03.2026"}, {"de-DE", "dd/MM/yyyy HH:mm", "05.03.2026 14:07"}, {"da-DK", "t", "14.07"}, {"da-DK", "T", "14.07.09"},
		{"pl-PL", "d MMMM", "5 marca"}, {"pl-PL", "MMMM yyyy", "marzec 2026"}, {"ja-JP", "D", "2026年3月5日木曜日"}, {"ko-KR", "T", "오후 2:07:09"}, {"ko-KR", "d", "2026. 3. 5."},
		{"th-TH", "d", "5/3/2569"}, {"th-TH", "yy", "69"}, {"th-TH", "o", "2026-03-05T14:07:09.1234567Z"}, {"pl-PL", "dddd MMMM", "czwartek marzec"}, {"pl-PL", "MMMM dd", "marca 05"},
		{"nl-NL", "d", "05-03-2026"}, {"en-ZA", "d", "2026/03/05"}, {"sv-SE", "d", "2026-03-05"}, {"fi-FI", "T", "14.07.09"},
	} {
		if got, ok := today.format(test.format, findCulture(test.culture)); !ok || got != test.want {
			t.Errorf("%s %q: %q %v, want %q", test.culture, test.format, got, ok, test.want)
		}
	}
	for _, format := range []string{"K", "x", "q", "%", "%%", "'open", `open"`, `\`, "ffffffff", "yyyy FFFFFFFF"} {
		if got, ok := today.format(format, defaultCulture()); ok {
			t.Errorf("%q prints %q, want an error", format, got)
		}
	}
}

func TestFractionWithoutDigitsDropsThePoint(t *testing.T) {
	d, _ := parseISO("2026-03-05T00:00:00.1200000")
	for format, want := range map[string]string{"ss.FFF": "00.12", "ss.fff": "00.120", "ss.FFFFFFF": "00.12"} {
		if got, _ := d.format(format, defaultCulture()); got != want {
			t.Errorf("%s: %s, want %s", format, got, want)
		}
	}
	d, _ = parseISO("2026-03-05T00:00:00")
	if got, _ := d.format("ss.FFF", defaultCulture()); got != "00" {
		t.Errorf("got %s", got)
	}
}

func TestParsesExactly(t *testing.T) {
	for _, test := range []struct{ culture, text, format, want string }{
		{"fr-FR", "21052019", "ddMMyyyy", "2019-05-21T00:00:00.0000000"},
		{"en-US", "10/20/2014 15h", `MM/dd/yyyy HH\h`, "2014-10-20T15:00:00.0000000"},
		{"en-US", "20141020153045123", "yyyyMMddHHmmssfff", "2014-10-20T15:30:45.1230000"},
		{"en-US", "1/2/14 3:04 PM", "M/d/yy h:mm tt", "2014-01-02T15:04:00.0000000"},
		{"en-US", "12 AM", "h tt", "2026-03-05T00:00:00.0000000"},
		{"en-US", "12:30", "hh:mm", "2026-03-05T00:30:00.0000000"},
		{"en-US", "Thu 15 March 2018", "ddd d MMMM yyyy", "2018-03-15T00:00:00.0000000"},
		{"de-DE", "5. märz 2018", "d. MMMM yyyy", "2018-03-05T00:00:00.0000000"},
		{"pl-PL", "5 marca 2018", "d MMMM yyyy", "2018-03-05T00:00:00.0000000"},
		{"en-US", "2018-03-15T10:00:00+02:00", "yyyy-MM-ddTHH:mm:ssK", "2018-03-15T08:00:00.0000000+00:00"},
		{"en-US", "2018-03-15T10:00:00Z", "yyyy-MM-ddTHH:mm:ssK", "2018-03-15T10:00:00.0000000Z"},
		{"en-US", "2018-03-15T10:00:00", "yyyy-MM-ddTHH:mm:ssK", "2018-03-15T10:00:00.0000000"},
		{"en-US", "2018-03-15 10:00 -5", "yyyy-MM-dd HH:mm z", "2018-03-15T15:00:00.0000000+00:00"},
		{"en-US", "10:00:05", "HH:mm:ss.FFF", "2026-03-05T10:00:05.0000000"},
		{"en-US", "10:00:05.25", "HH:mm:ss.FFF", "2026-03-05T10:00:05.2500000"},
		{"en-US", "May", "MMM", "2026-05-01T00:00:00.0000000"},
		{"en-US", "Thu, 05 Mar 2026 14:07:09 GMT", "r", "2026-03-05T14:07:09.0000000"},
	} {
		d, ok := parseExact(test.text, test.format, findCulture(test.culture), today)
		if got := string(d.appendRoundTrip(nil)); !ok || got != test.want {
			t.Errorf("%s %q as %q: %s %v, want %s", test.culture, test.text, test.format, got, ok, test.want)
		}
	}
	for _, test := range [][2]string{
		{"1/2/2014", "MM/dd/yyyy"}, {"01/02/2014x", "MM/dd/yyyy"}, {"01/02/20", "MM/dd/yyyy"}, {"13 PM", "h tt"}, {"13 AM", "H tt"},
		{"Fri 15 March 2018", "ddd d MMMM yyyy"}, {"2014", "q"}, {"2014", "'2014"}, {"30 02", "dd MM"}, {"10:00:05x", "HH:mm:ss.FFF"}, {"", "yyyy"}, {"1.x", "d.x."},
	} {
		if d, ok := parseExact(test[0], test[1], defaultCulture(), today); ok {
			t.Errorf("%q as %q is read as %s", test[0], test[1], d.appendRoundTrip(nil))
		}
	}
}

func TestMonthsClampToTheirLastDay(t *testing.T) {
	for _, test := range []struct {
		from  string
		count int64
		unit  string
		want  string
	}{
		{"2026-01-31T00:00:00Z", 1, "Month", "2026-02-28T00:00:00.0000000Z"},
		{"2024-01-31", 1, "months", "2024-02-29T00:00:00.0000000"},
		{"2024-02-29T12:00:00Z", 1, "Year", "2025-02-28T12:00:00.0000000Z"},
		{"2024-02-29T12:00:00Z", -4, "YEARS", "2020-02-29T12:00:00.0000000Z"},
		{"2026-01-15", -13, "Month", "2024-12-15T00:00:00.0000000"},
		{"2025-12-15T00:00:00Z", 3, "week", "2026-01-05T00:00:00.0000000Z"},
	} {
		d, _ := parseISO(test.from)
		unit, _ := unitOf(test.unit)
		d, ok := d.add(test.count, unit)
		if got := string(d.appendRoundTrip(nil)); !ok || got != test.want {
			t.Errorf("%s + %d %s: %s, want %s", test.from, test.count, test.unit, got, test.want)
		}
	}
	if _, ok := unitOf("fortnight"); ok {
		t.Error("fortnight is no unit")
	}
}

func TestArithmeticStaysInTheCalendar(t *testing.T) {
	first, last := dateTime{}, dateTime{ticks: maxTicks}
	for name := range strings.FieldsSeq("second minute hour day week month year") {
		unit, _ := unitOf(name)
		if _, ok := first.add(-1, unit); ok {
			t.Errorf("a %s before the first moment", name)
		}
		if _, ok := last.add(1, unit); ok {
			t.Errorf("a %s after the last moment", name)
		}
		for _, huge := range []int64{1 << 62, -1 << 63, 1<<63 - 1} {
			if _, ok := today.add(huge, unit); ok {
				t.Errorf("%d %ss", huge, name)
			}
		}
	}
}

func anyDate(t *rapid.T) dateTime {
	return dateTime{rapid.Int64Range(0, maxTicks).Draw(t, "ticks"), dateKind(rapid.IntRange(0, 2).Draw(t, "kind"))}
}

func TestRoundTripFormatComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate(t)
		text, _ := d.format("o", defaultCulture())
		if back, ok := parseISO(text); !ok || back != d {
			t.Fatalf("%s came back as %v", text, back)
		}
		custom, _ := d.format(roundTripFormat, defaultCulture())
		if custom != text {
			t.Fatalf("o prints %s, its custom format %s", text, custom)
		}
		if exact, ok := parseExact(text, "o", defaultCulture(), today); !ok || exact != d {
			t.Fatalf("%s read exactly is %v", text, exact)
		}
	})
}

// What the formats without a culture print is read again, to their precision.
func TestFixedFormatsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate(t)
		for format, kind := range map[string]dateKind{"o": d.kind, "r": kindUTC, "s": kindUnspecified, "u": kindUTC} {
			want := d
			if want.kind = kind; format != "o" {
				want.ticks -= want.ticks % ticksPerSecond
			}
			text, _ := d.format(format, defaultCulture())
			for _, name := range []string{"", "en-US", "de-DE", "ja-JP"} {
				if back, ok := parseDate(text, findCulture(name), today); !ok || back != want {
					t.Fatalf("%s in %q: %s came back as %v %v", format, name, text, back, ok)
				}
			}
		}
	})
}

// A custom format with all parts is read exactly as it was printed.
func TestCustomFormatsComeBack(t *testing.T) {
	parts := []string{"yyyy", "MM", "dd", "HH", "mm", "ss", "fffffff"}
	separators := []string{"", " ", "-", "'x'", `\h`, "~"}
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate(t)
		var format strings.Builder
		for _, part := range rapid.Permutation(parts).Draw(t, "parts") {
			format.WriteString(part)
			format.WriteString(rapid.SampledFrom(separators).Draw(t, "separator"))
		}
		format.WriteString("K") // last: a hyphen behind it could begin an offset
		text, ok := d.format(format.String(), defaultCulture())
		back, okBack := parseExact(text, format.String(), defaultCulture(), today)
		if !ok || !okBack || back != d {
			t.Fatalf("%s printed %s, which came back as %v %v", format.String(), text, back, okBack)
		}
	})
}

func TestAddingAndSubtractingCancel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate(t)
		unit, _ := unitOf(rapid.SampledFrom([]string{"second", "minute", "hour", "day", "week"}).Draw(t, "unit"))
		count := rapid.Int64Range(-1e6, 1e6).Draw(t, "count")
		there, ok := d.add(count, unit)
		if !ok {
			t.Skip()
		}
		if back, ok := there.add(-count, unit); !ok || back != d {
			t.Fatalf("%v came back as %v", d, back)
		}
	})
}

// The short way of reading ISO 8601 and the long one give one result.
func TestShortAndLongWayOfReadingAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`\d{4}-[01]\d-[0-3]\d(T[0-2]\d:[0-5]\d(:[0-5]\d(\.\d{1,7})?)?(Z|[+-][01]\d:[03]0)?)?`).Draw(t, "text")
		short, ok := parseISO(text)
		long, okLong := parseLoose(text, defaultCulture(), today)
		if ok != okLong || ok && short != long {
			t.Fatalf("%s: short %v %v, long %v %v", text, short, ok, long, okLong)
		}
	})
}

func TestTimeSpans(t *testing.T) {
	for text, want := range map[string]string{
		"00:00:00": "00:00:00", "1.02:03:04.5": "1.02:03:04.5000000", "-01:00:00": "-01:00:00", "5": "5.00:00:00", "1:2": "01:02:00", "1:2:3:4": "1.02:03:04", "24:00:00": "24.00:00:00", "-60:1:24": "-60.01:24:00", "0:1:007": "00:01:07",
		"10675199.02:48:05.4775807": "10675199.02:48:05.4775807",
	} {
		span, ok := parseTimeSpan(text)
		if got := string(appendTimeSpan(nil, span)); !ok || got != want {
			t.Errorf("%s: %s %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "x", "1.24:00:00", "24:00", "00:60:00", "1.", "1:2:3:4:5", "10675199.02:48:05.4775808", "1:-2", ":"} {
		if span, ok := parseTimeSpan(text); ok {
			t.Errorf("%q is read as %s", text, appendTimeSpan(nil, span))
		}
	}
	span, _ := parseTimeSpan("-1.02:03:04.5")
	for format, want := range map[string]string{
		"c": "-1.02:03:04.5000000", "g": "-1:2:03:04.5", "G": "-1:02:03:04.5000000", `hh\:mm`: "02:03", `d' days'`: "1 days", "%s": "4", "ss\\.FF": "04.5",
	} {
		if got, ok := formatTimeSpan(span, format, defaultCulture()); !ok || got != want {
			t.Errorf("%s: %s %v, want %s", format, got, ok, want)
		}
	}
	for _, format := range []string{"x", "hh:mm", "hhh", "'"} {
		if got, ok := formatTimeSpan(span, format, defaultCulture()); ok {
			t.Errorf("%q prints %q", format, got)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2018-03-15T13:27:36Z", "3/15/2018 1:05 PM", "Thu, 15 Mar 2018 13:27:36 GMT", "2018年3月15日", "15. März 2018", "+1:2", "1.1.1.1"} {
		f.Add(seed, "en-US")
		f.Add(seed, "ja-JP")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		c := findCulture(name)
		if c == nil {
			c = defaultCulture()
		}
		if d, ok := parseDate(text, c, today); ok && (d.ticks < 0 || d.ticks > maxTicks) {
			t.Errorf("%q lies outside the calendar: %d", text, d.ticks)
		}
		parseTimeSpan(text)
	})
}

func FuzzDateFormats(f *testing.F) {
	for _, seed := range []string{"o", "dddd, d MMMM yyyy", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", `'x' "y" \z %d`, "hh:mm tt zzz g"} {
		f.Add(seed, "2018-03-15")
	}
	f.Fuzz(func(t *testing.T, format, text string) {
		for _, name := range []string{"", "en-US", "de-DE", "da-DK", "pl-PL", "ja-JP", "ko-KR", "th-TH"} {
			c := findCulture(name)
			today.format(format, c)
			if d, ok := parseExact(text, format, c, today); ok && (d.ticks < 0 || d.ticks > maxTicks) {
				t.Errorf("%q as %q lies outside the calendar", text, format)
			}
		}
		formatTimeSpan(today.ticks, format, defaultCulture())
	})
}
