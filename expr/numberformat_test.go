package expr

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"
)

func TestFormatsNumbers(t *testing.T) {
	decimal := func(s string) Value { d, _, _ := apd.NewFromString(s); return Decimal(d) }
	for _, test := range []struct {
		value                 Value
		format, culture, want string
	}{
		// standard
		{Float(1234.5678), "F2", "en-US", "1234.57"}, {Float(2.5), "F0", "en-US", "2"}, {Float(3.5), "F0", "en-US", "4"},
		{Float(0.125), "N2", "en-US", "0.12"}, {Float(1.005), "N2", "en-US", "1.00"}, {Int(1234567), "N", "en-US", "1,234,567.00"},
		{Int(-1234567), "n0", "en-US", "-1,234,567"}, {Int(1234567), "N0", "en-IN", "12,34,567"}, {Float(-0.001), "F2", "en-US", "-0.00"}, {decimal("-0.001"), "F2", "en-US", "0.00"},
		{decimal("2.5"), "F0", "en-US", "3"}, {decimal("99.995"), "F2", "en-US", "100.00"}, {decimal("1.50"), "G", "en-US", "1.50"}, {decimal("0.004"), "F2", "en-US", "0.00"},
		{Float(1234.5), "C", "en-US", "$1,234.50"}, {Float(-1234.5), "C", "en-US", "-$1,234.50"}, {Float(1234.5), "C", "de-DE", "1.234,50 €"},
		{Float(17.35), "C2", "is-IS", "17,35 kr"}, {Int(1234), "C", "ja-JP", "￥1,234"}, {Float(-1), "C", "de-CH", "CHF-1.00"}, {Float(1.5), "C", "nl-NL", "€ 1,50"},
		{Float(0.5), "P0", "en-US", "50%"}, {Float(0.5), "P", "en-US", "50.00%"}, {Float(-0.1234), "P1", "en-US", "-12.3%"}, {Float(0.5), "P0", "de-DE", "50 %"}, {Int(1), "P", "", "100.00 %"},
		{Int(255), "X", "en-US", "FF"}, {Int(255), "x4", "en-US", "00ff"}, {Int(-1), "X", "en-US", "FFFFFFFFFFFFFFFF"},
		{Int(42), "D5", "en-US", "00042"}, {Int(-42), "D", "en-US", "-42"}, {Int(0), "D", "en-US", "0"}, {Int(0), "D3", "en-US", "000"},
		{Float(12345.678), "E", "en-US", "1.234568E+004"}, {Float(12345.678), "e2", "en-US", "1.23e+004"}, {Int(0), "E2", "en-US", "0.00E+000"}, {Int(99999), "E2", "en-US", "1.00E+005"}, {Float(0.00012), "E1", "en-US", "1.2E-004"},
		{Float(0.1), "G", "en-US", "0.1"}, {Float(1e15), "G", "en-US", "1E+15"}, {Float(1234567890123456), "G", "en-US", "1234567890123456"}, {Float(1 << 63), "R", "en-US", "9.223372036854776E+18"}, {Float(123456), "G3", "en-US", "1.23E+05"}, {Float(1.5), "G", "de-DE", "1,5"}, {Int(12345), "G2", "en-US", "1.2E+04"}, {Int(12345), "G", "en-US", "12345"}, {Float(1e-5), "G", "en-US", "1E-05"},
		{Float(0.1), "R", "en-US", "0.1"}, {Float(120), "G", "en-US", "120"},
		{Float(math.Inf(1)), "F2", "en-US", "∞"}, {Float(math.Inf(-1)), "0.0", "", "-Infinity"}, {Float(math.NaN()), "C", "en-US", "NaN"},
		{BigInt(new(big.Int).Lsh(big.NewInt(1), 70)), "N0", "en-US", "1,180,591,620,717,411,303,424"}, {BigInt(new(big.Int).Lsh(big.NewInt(1), 71)), "X", "en-US", "0800000000000000000"},
		{Float(-1.5), "F1", "sv-SE", "−1,5"}, {Float(1), "", "en-US", "1"},
		// pictures
		{Int(1234567890), "0,0.00", "en-US", "1,234,567,890.00"}, {Int(1234567890), "#,##0.00", "en-US", "1,234,567,890.00"},
		{Float(-5.5), "0.00;(0.00);zero", "en-US", "(5.50)"}, {Int(0), "0.00;(0.00);zero", "en-US", "zero"}, {Float(0.001), "0.00;(0.00);zero", "en-US", "zero"},
		{Float(0.5), "#.##", "en-US", ".5"}, {Int(12), "000", "en-US", "012"}, {Float(0.75), "0%", "en-US", "75%"}, {Float(0.0075), "0.0‰", "en-US", "7.5‰"},
		{Float(12345.678), "0.00E+00", "en-US", "1.23E+04"}, {Float(12345.678), "0.00e0", "en-US", "1.23e4"}, {Float(0.00123), "0.0E+0", "en-US", "1.2E-3"}, {Int(0), "0.0E+0", "en-US", "0.0E+0"}, {Int(999), "0.0E+0", "en-US", "1.0E+3"}, {Int(12345), "##.#E0", "en-US", "12.3E3"},
		{Int(1234567), "0,,", "en-US", "1"}, {Int(1500000), "0,,.0", "en-US", "1.5"}, {Int(15), "0.0,,", "en-US", "15.0"}, {Int(1234567), "#,##0,", "en-US", "1,235"}, {Float(2.5), "0", "en-US", "3"}, {Float(1.005), "0.00", "en-US", "1.01"},
		{Int(5551234567), "(###) ###-####", "en-US", "(555) 123-4567"}, {Int(5), "'n='0", "en-US", "n=5"}, {Int(5), `0\%`, "en-US", "5%"}, {Int(5), `"a;b"0;x`, "en-US", "a;b5"},
		{Int(-5), "0", "en-US", "-5"}, {Int(-5), "0;", "en-US", "-5"}, {Float(-0.001), "0.00", "en-US", "-0.00"}, {decimal("-0.001"), "0.00", "en-US", "0.00"}, {Int(0), "#", "en-US", ""}, {Int(0), "#.##", "en-US", ""},
		{Float(1234.5), "#,##0.00", "de-DE", "1.234,50"}, {Int(1), "00.00.0", "en-US", "01.000"}, {Float(999.96), "#,##0.0", "en-US", "1,000.0"}, {Int(12), "#-#-#", "en-US", "-1-2"},
		{Int(7), "abc", "en-US", "abc"}, {Int(-7), "abc", "en-US", "-abc"}, {Int(5), "0E", "en-US", "5E"}, {Float(1e20), "0", "en-US", "100000000000000000000"}, {Float(0.1 + 0.2), "0.####################", "en-US", "0.3"},
		{Int(1234567), "##,##0#(###", "en-US", "1,234,(567"}, {Int(5), "##0E0", "en-US", "500E-2"}, {Int(0), "##0E0", "en-US", "000E0"}, {Int(999), "e-00", "en-US", "e04"}, {Int(-5), "'", "en-US", "-"}, {Float(-0.4), "#", "en-US", ""}, {Int(12), "0;;", "en-US", "12"},
		{decimal("-0.00"), "E3", "en-US", "0.000E+000"}, {decimal("12.50"), "G0", "en-US", "12.5"}, {decimal("0.00001"), "G0", "en-US", "1E-05"}, {decimal("0.00001"), "G", "en-US", "0.00001"},
		// cultures
		{Float(-1234.5), "C", "de-AT", "-€ 1.234,50"}, {Float(1234.5), "N2", "de-AT", "1\u00a0234,50"}, {Float(1234.5), "C", "fr-FR", "1\u00a0234,50 €"}, {Float(1234.5), "C", "en-GB", "£1,234.50"}, {Float(1234567.5), "C", "hi-IN", "₹12,34,567.50"}, {Float(0.5), "P0", "tr-TR", "%50"}, {Float(0.5), "0%", "ar-EG", "50٪\u061c"},
		{Float(-1), "C", "sv-SE", "−1,00 kr"}, {Float(1234.5), "C", "pt-BR", "R$ 1.234,50"}, {Float(1234.5), "C", "pl-PL", "1\u00a0234,50 zł"}, {Float(1234.5), "C0", "ko-KR", "₩1,234"}, {Float(-1.5), "C", "nl-NL", "€ -1,50"}, {Float(1e21), "G", "de-DE", "1E+21"}, {Int(1), "F0000000000002", "en-US", "1.00"},
	} {
		got, ok := formatNumber(test.value, test.format, findCulture(test.culture))
		if !ok || got != test.want {
			t.Errorf("%s %s %q: %q %v, want %q", test.value.JSON(), test.culture, test.format, got, ok, test.want)
		}
	}
	for _, test := range []struct {
		value  Value
		format string
	}{
		{Float(1.5), "D"}, {Float(1.5), "X"}, {Int(1), "R"}, {Int(1), "Z"}, {Int(1), "q2"}, {Int(1), "F99999"}, {Int(1), "F12345678901"}, {String("1"), "F2"}, {decimal("1"), "X"},
	} {
		if got, ok := formatNumber(test.value, test.format, defaultCulture()); ok {
			t.Errorf("%s %q prints %q", test.value.JSON(), test.format, got)
		}
	}
}

// The general format of a float is its text form.
func TestGeneralFormatIsTheTextForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := Float(rapid.Float64Range(-1e300, 1e300).Draw(t, "x"))
		if got, _ := formatNumber(v, "G", invariantCulture()); got != v.Text() {
			t.Fatalf("G prints %s, the text form is %s", got, v.Text())
		}
	})
}

// A fixed format and a picture of the same shape agree on integers and decimals,
// which both round alike.
func TestFixedFormatAndPictureAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := Decimal(apd.New(rapid.Int64().Draw(t, "digits"), int32(rapid.IntRange(-20, 2).Draw(t, "exponent"))))
		standard, _ := formatNumber(v, "N3", defaultCulture())
		custom, _ := formatNumber(v, "#,##0.000", defaultCulture())
		if standard != custom {
			t.Fatalf("%s: N3 prints %s, the picture %s", v.Text(), standard, custom)
		}
	})
}

func FuzzNumberFormats(f *testing.F) {
	for _, seed := range []string{"C", "N3", "#,##0.00;(0.00);'zero'", "0.00E+00", `\`, "'", ";;", "0,,%‰", "E5"} {
		f.Add(seed, 1234.5, int64(-7))
	}
	f.Fuzz(func(t *testing.T, format string, x float64, i int64) {
		for _, name := range []string{"en-US", "de-CH", "en-IN", ""} {
			formatNumber(Float(x), format, findCulture(name))
			formatNumber(Int(i), format, findCulture(name))
			formatNumber(Decimal(apd.New(i, -9)), format, findCulture(name))
		}
	})
}

// everyCulture returns the cultures by their own names.
func everyCulture() map[string]*culture {
	all := map[string]*culture{}
	for _, read := range cultureBlocks() {
		c := read()
		all[c.name] = c
	}
	return all
}

func TestCulturesAreWhole(t *testing.T) {
	for name, c := range everyCulture() {
		for _, list := range [][]string{c.months[:], c.shortMonths[:], c.days[:], c.shortDays[:], {
			c.dateSeparator, c.timeSeparator, c.decimalSeparator, c.groupSeparator, c.currencyDecimal, c.currencyGroup, c.negativeSign,
			c.currencySymbol, c.percent, c.perMille, c.infinity, c.nan, c.era, c.longTime,
		}} {
			for _, s := range list {
				if s == "" {
					t.Errorf("%s lacks a name or sign", name)
				}
			}
		}
		for _, format := range []string{"d", "D", "f", "F", "g", "G", "m", "t", "T", "y"} {
			if _, ok := today.format(format, c); !ok {
				t.Errorf("%s: %s does not print", name, format)
			}
		}
		for _, order := range []string{dateOrder(c.shortDate), dateOrder(c.monthDay) + dateOrder(c.yearMonth)} {
			if len(order) < 3 {
				t.Errorf("%s: dates in the order %s", name, order)
			}
		}
		for _, positive := range []string{c.currencyPositive, c.percentPositive} {
			if strings.Count(positive, "n") != 1 || len(positive) < 2 {
				t.Errorf("%s: pattern %q", name, positive)
			}
		}
		if len(c.groupSizes) == 0 || c.groupSizes[0] == 0 {
			t.Errorf("%s: groups of %d", name, c.groupSizes)
		}
	}
}

// What a culture prints it reads again.
func TestCulturesReadTheirOwnDates(t *testing.T) {
	for name := range strings.FieldsSeq("en-US en-GB en-CA en-AU en-ZA en-IN de-DE de-AT de-CH fr-FR fr-BE fr-CH es-ES es-MX pt-BR pt-PT it-IT nl-NL nl-BE " +
		"sv-SE da-DK nb-NO fi-FI is-IS pl-PL cs-CZ sk-SK hu-HU ro-RO hr-HR sl-SI ru-RU uk-UA el-GR tr-TR ja-JP zh-CN ko-KR vi-VN id-ID et-EE lt-LT lv-LV ca-ES") {
		c := findCulture(name)
		for _, format := range []string{"d", "D", "f", "F", "g", "G"} {
			text, _ := today.format(format, c)
			if d, ok := parseDate(text, c, today); !ok || d.ticks/ticksPerDay != today.ticks/ticksPerDay {
				t.Errorf("%s: %s prints %s, which reads as %s", name, format, text, d.appendRoundTrip(nil))
			}
		}
	}
	if findCulture("xx-XX") != nil {
		t.Error("xx-XX is no culture")
	}
}
