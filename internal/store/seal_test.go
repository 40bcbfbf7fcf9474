package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/klauspost/compress/s2"
)

func testSealer(t testing.TB) *sealer {
	key, err := newDataKey(7, bytes.Repeat([]byte{1}, keySize))
	if err != nil {
		t.Fatal(err)
	}
	return &sealer{keys: map[uint32]dataKey{7: key}, current: key}
}

func TestSealedPayloadsOpen(t *testing.T) {
	s := testSealer(t)
	place := appendPlace(nil, "table", "key")
	seen := map[string]bool{}
	for _, size := range []int{0, 1, packFrom - 1, packFrom, 100_000} {
		plain := bytes.Repeat([]byte("x"), size)
		sealed := s.seal(nil, place, plain)
		if size > packFrom && len(sealed) > size/4 {
			t.Errorf("%d bytes became %d", size, len(sealed))
		}
		if again := s.seal(nil, place, plain); seen[string(again)] || bytes.Equal(again, sealed) {
			t.Error("two payloads are sealed alike")
		}
		got, err := s.open(place, sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestPlacesDiffer(t *testing.T) {
	places := map[string]bool{}
	for _, parts := range [][]string{{"a", "b"}, {"ab"}, {"a", "b", ""}, {"", "ab"}, {"a\x00\x01b"}, {}} {
		places[string(appendPlace(nil, "t", parts...))] = true
	}
	if len(places) != 6 {
		t.Errorf("%d places of 6 differ", len(places))
	}
}

// TestSealAllocates pins that sealing into a buffer allocates nothing.
func TestSealAllocates(t *testing.T) {
	s := testSealer(t)
	place, plain, buf := appendPlace(make([]byte, 0, 64), "runs", "name"), make([]byte, 1500), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { s.seal(buf, place, plain) }); n > 1 { // the nonce
		t.Errorf("%v allocations", n)
	}
}

func FuzzOpen(f *testing.F) {
	s := testSealer(f)
	place := appendPlace(nil, "table", "key")
	f.Add(s.seal(nil, place, []byte("short")))
	f.Add(s.seal(nil, place, bytes.Repeat([]byte("long"), 1000)))
	f.Add([]byte{sealFormat, codecS2, 0, 0, 0, 7})
	known := map[string]bool{}
	for _, p := range []string{"short", string(bytes.Repeat([]byte("long"), 1000))} {
		known[p] = true
	}
	f.Fuzz(func(t *testing.T, sealed []byte) {
		plain, err := s.open(place, bytes.Clone(sealed))
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("error %v", err)
		}
		if err == nil && !known[string(plain)] {
			t.Errorf("a payload was forged: %q", plain)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add(byte(codecNone), []byte("text"))
	f.Add(byte(codecS2), s2.Encode(nil, bytes.Repeat([]byte("text"), 100)))
	f.Add(byte(9), []byte{})
	f.Fuzz(func(t *testing.T, codec byte, packed []byte) {
		if n, err := s2.DecodedLen(packed); err == nil && n > 1<<20 {
			return // allowed, but it only makes the fuzzer slow
		}
		if _, err := unpack(codec, packed); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("error %v", err)
		}
	})
}

func FuzzOpenContent(f *testing.F) {
	s := testSealer(f)
	place := appendPlace(nil, "contents", "r", "c")
	f.Add([]byte{})
	f.Add(make([]byte, contentHeader+100))
	f.Add(append([]byte{contentFormat, codecNone, 0, 0, 0, 7}, make([]byte, 200)...))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := s.openContent(bytes.NewReader(file), place)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("error %v", err)
		}
	})
}

// FuzzChunks seals and opens texts of any length.
func FuzzChunks(f *testing.F) {
	s := testSealer(f)
	f.Add([]byte("text"), 1)
	f.Add([]byte("0123456789abcdef"), 4096)
	f.Fuzz(func(t *testing.T, text []byte, times int) {
		if times < 0 || times > 1<<20 || len(text)*times > 1<<20 {
			return
		}
		text = bytes.Repeat(text, times)
		aead, err := s.current.fileCipher(make([]byte, 32), []byte("place"))
		if err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		size, err := sealChunks(context.Background(), &file, aead, bytes.NewReader(text))
		if err != nil || size != int64(len(text)) {
			t.Fatalf("sealed %d bytes, %v", size, err)
		}
		got, err := io.ReadAll(&contentReader{r: &file, aead: aead, size: size})
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("opened %d bytes of %d, %v", len(got), len(text), err)
		}
	})
}
