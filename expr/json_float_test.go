package expr

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestFloatsAreReadAsStrconvReadsThem compares the fast way with the slow one, most
// of all where rounding is close: halfway between doubles, and one digit off.
func TestFloatsAreReadAsStrconvReadsThem(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	check := func(token string) {
		t.Helper()
		want, _ := strconv.ParseFloat(token, 64)
		d, _ := decimalAt(token, 0)
		if got := d.float(token); math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s is read as %v, not %v", token, got, want)
		}
	}
	for _, token := range []string{"0.0", "-0.0", "0e5", "9007199254740993.0", "9007199254740992.5", "1.7976931348623157E+308", "1e400", "-1e400", "5e-324", "1e-400", "123456789012345678901234567890.5", "9999999999999999999e-19", "18446744073709551615.0", "0.1e1", "1e22", "1e23", "1e39", "1e+40", "1e-60", "8.5e-61"} {
		check(token)
	}
	for range 30_000 {
		f := math.Float64frombits(random.Uint64())
		if !finite(f) {
			continue
		}
		check(strconv.FormatFloat(f, 'e', -1, 64))
		check(strconv.FormatFloat(random.NormFloat64()*1000, 'f', 17, 64))
		check(strconv.FormatUint(random.Uint64(), 10) + "e" + strconv.Itoa(random.IntN(100)-60))
		odd := random.Uint64()>>11 | 1<<52
		check(strconv.FormatUint(odd, 10) + ".5")
		check(strconv.FormatUint(odd>>20, 10) + "." + strconv.FormatUint(random.Uint64N(1e9), 10))
		check(strconv.FormatUint(odd<<1|1, 10) + ".0")
	}
}

// TestSpellingsThatStay: a number that spells vouches for is spelled as strconv
// spells it, and of those that are, most are recognised.
func TestSpellingsThatStay(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	vouched, all := 0, 0
	for range 60_000 {
		f := random.Float64() * math.Pow10(random.IntN(12)-3)
		token := strconv.FormatFloat(f, 'f', -1, 64)
		d, _ := decimalAt(token, 0)
		m, q := d.m, d.q
		if !d.exact || len(token) < 18 {
			continue
		}
		all++
		if d.spells(f) {
			vouched++
		}
		for _, near := range []uint64{m - 2, m - 1, m + 1, m + 2, m*10 + 1} {
			g, ok := scale(near, q)
			if !ok || !(decimal{m: near, q: q, exact: true}).spells(g) {
				continue
			}
			if d, _ := decimalAt(strconv.FormatFloat(g, 'f', -1, 64), 0); d.m != near || d.q != q {
				t.Fatalf("%de%d is vouched for, but is %v", near, q, g)
			}
		}
	}
	if all == 0 || vouched < all*99/100 {
		t.Errorf("%d of %d shortest spellings are recognised", vouched, all)
	}
}

// TestSpareDigitsAreDropped compares the short way of spelling with the long one.
func TestSpareDigitsAreDropped(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 60_000 {
		f := math.Round(random.NormFloat64()*1e6) / math.Pow10(random.IntN(16))
		for _, token := range []string{strconv.FormatFloat(f, 'e', 16, 64), strconv.FormatFloat(f, 'e', 14+random.IntN(5), 64), strconv.FormatFloat(f, 'f', 15, 64), strconv.FormatFloat(random.Float64(), 'f', 16, 64)} {
			d, end := decimalAt(token, 0)
			g := d.float(token[:end])
			if got, want := string(d.appendFloatOf(nil, g)), string(appendFloatJSON(nil, g)); got != want {
				t.Fatalf("%s is spelled %s, not %s", token, got, want)
			}
		}
	}
}
