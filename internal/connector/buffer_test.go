package connector_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"isle/internal/connector"
)

func TestABufferIsSharedByItsRooms(t *testing.T) {
	b := connector.NewBuffer(100)
	one, other := b.Room(), b.Room()
	if err := one.Take(60); err != nil {
		t.Fatal(err)
	}
	var full *connector.FullError
	if err := other.Take(50); !errors.As(err, &full) || !full.Passing() || !strings.Contains(full.Error(), "no room for a message of 50 bytes") {
		t.Errorf("beside the first: %v", err)
	}
	if err := other.Take(101); !errors.As(err, &full) || full.Passing() || !strings.Contains(full.Error(), "larger than all messages that may be in memory together, which have 100") {
		t.Errorf("by itself: %v", err)
	}
	if out := full.Outcome(); out.Code != "BufferedSizeLimitExceeded" || out.Error.Code != out.Code || out.Retryable {
		t.Errorf("%+v", out)
	}
	if err := other.Take(40); err != nil || b.Held() != 100 {
		t.Errorf("the rest: %v, %d bytes", err, b.Held())
	}
	if err := one.Take(-10); err != nil || b.Held() != 90 {
		t.Errorf("given back: %v, %d bytes", err, b.Held())
	}
	one.Release()
	one.Release()
	other.Release()
	if b.Held() != 0 {
		t.Errorf("%d bytes are held at the end", b.Held())
	}
	var none *connector.Buffer
	if room := none.Room(); room.Take(1<<40) != nil {
		t.Error("no buffer bounds something")
	} else {
		room.Release()
	}
}

func TestReadAll(t *testing.T) {
	const most = 300_000
	for _, c := range []struct {
		name         string
		size, length int64
		buffer       int64
		err          string
	}{
		{"small", 10, 10, 0, ""},
		{"empty", 0, -1, 0, ""},
		{"not worth counting", connector.FreeMessage, connector.FreeMessage, 0, ""},
		{"known", 250_000, 250_000, 250_000, ""},
		{"not known", 200_000, -1, 250_000, ""},
		{"less than it says", 100_000, 250_000, 250_000, ""},
		{"more than it says", 100_000, 10, 150_000, ""},
		{"the largest", most, most, most, ""},
		{"the largest, not known", most, -1, most, ""},
		{"too long", most + 1, -1, most, "larger than the limit"},
		{"too long by what it says", most + 1, most + 1, most, "larger than the limit"},
		{"no room", 250_000, 250_000, 249_999, "larger than all messages"},
		{"no room, not known", 250_000, -1, 200_000, "larger than all messages"},
	} {
		for _, slow := range []bool{false, true} {
			b := connector.NewBuffer(c.buffer)
			room := b.Room()
			var r io.Reader = strings.NewReader(strings.Repeat("x", int(c.size)))
			if slow {
				r = iotest.HalfReader(r)
			}
			body, err := connector.ReadAll(r, c.length, most, room)
			switch {
			case c.err == "" && (err != nil || int64(len(body)) != c.size):
				t.Errorf("%s: %d bytes, %v", c.name, len(body), err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("%s: %v", c.name, err)
			case c.err == "" && c.size > connector.FreeMessage && b.Held() != c.size:
				t.Errorf("%s: %d bytes are counted", c.name, b.Held())
			}
			if room.Release(); b.Held() != 0 {
				t.Errorf("%s: %d bytes are held at the end", c.name, b.Held())
			}
		}
	}
	if _, err := connector.ReadAll(iotest.ErrReader(io.ErrUnexpectedEOF), -1, most, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

// What is announced is not allocated before anything of it has come.
func TestAnnouncedLengthsTakeNoMemory(t *testing.T) {
	b := connector.NewBuffer(1 << 30)
	room := b.Room()
	blocked := iotest.ErrReader(io.ErrNoProgress)
	if _, err := connector.ReadAll(blocked, 1<<29, 1<<30, room); !errors.Is(err, io.ErrNoProgress) || b.Held() != 0 {
		t.Errorf("%v, %d bytes", err, b.Held())
	}
}
